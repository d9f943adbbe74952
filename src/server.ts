/**
 * HTTP listeners, and what components of the engine answer on its own server.
 *
 * `Listener` is what `ReceiveHttp.layerNoDeps` needs; `PprofApi` answers `/debug/pprof` on a server of the application's.
 */
export * as ComponentApi from "./server/ComponentApi.ts"
export * as Listener from "./server/Listener.ts"
export * as OwnServer from "./server/OwnServer.ts"
export * as PprofApi from "./server/PprofApi.ts"

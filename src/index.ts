/**
 * pyroduct as a library.
 *
 * Forwarding: `Write.layer` gives a `Receiver` to push a `Profile` to; it needs a `Transport`. The engine:
 * `Engine.start` runs a configuration with the components of a `Registry`.
 */

// Profiles and where they go
export * as Receiver from "./delivery/Receiver.ts"
export * as Labels from "./profile/Labels.ts"
export * as Profile from "./profile/Profile.ts"

// Delivery
export * as Drain from "./delivery/Drain.ts"
export * as Identity from "./delivery/Identity.ts"
export * as PushError from "./delivery/PushError.ts"
export * as Receipt from "./delivery/Receipt.ts"
export * as RetrySchedule from "./delivery/RetrySchedule.ts"

// Transport and servers
export * as ComponentApi from "./server/ComponentApi.ts"
export * as Listener from "./server/Listener.ts"
export * as ProfileApi from "./server/ProfileApi.ts"
export * as Server from "./server/Server.ts"
export * as Authentication from "./transport/Authentication.ts"
export * as Material from "./transport/Material.ts"
export * as Proxy from "./transport/Proxy.ts"
export * as Tls from "./transport/Tls.ts"
export * as Transport from "./transport/Transport.ts"
export * as TransportError from "./transport/TransportError.ts"

// Components
export * as HttpClient from "./components/HttpClient.ts"
export * as SelfProfile from "./components/pyroduct/SelfProfile.ts"
export * as Sink from "./components/pyroduct/Sink.ts"
export * as ReceiveHttp from "./components/pyroscope/ReceiveHttp.ts"
export * as Write from "./components/pyroscope/Write.ts"
export * as Receivers from "./components/Receivers.ts"

// The engine and its language, for components of your own
export * as Block from "./engine/Block.ts"
export * as Component from "./engine/Component.ts"
export * as Engine from "./engine/Engine.ts"
export * as Registry from "./engine/Registry.ts"
export * as Decode from "./evaluation/Decode.ts"
export * as Stdlib from "./evaluation/Stdlib.ts"
export * as Value from "./evaluation/Value.ts"
export * as Diagnostic from "./syntax/Diagnostic.ts"
export * as Source from "./syntax/Source.ts"
export * as Health from "./telemetry/Health.ts"

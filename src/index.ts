/**
 * pyroduct as a library: profiles, and what forwards them.
 *
 * `Forward.layer` gives a `Receiver` to push a `Profile` to, or to run a Stream of them into; it needs a `Transport`.
 * `ReceiveHttp`, `Scrape` and `SelfProfile` are sources for one, `Relabelling` and `Enrichment` go in front of one. Nothing
 * here knows the configuration language: that is `pyroduct/engine`.
 */

// Profiles
export * as Labels from "./profile/Labels.ts"
export * as Profile from "./profile/Profile.ts"
export * as Relabel from "./profile/Relabel.ts"

// Sources of profiles
export * as Delta from "./pprof/Delta.ts"
export * as SelfProfile from "./pprof/SelfProfile.ts"
export * as Loops from "./scrape/Loops.ts"
export * as ProfileType from "./scrape/ProfileType.ts"
export * as Scrape from "./scrape/Scrape.ts"
export * as ReceiveHttp from "./server/ReceiveHttp.ts"

// Delivery
export * as Breaker from "./delivery/Breaker.ts"
export * as Drain from "./delivery/Drain.ts"
export * as Enrichment from "./delivery/Enrichment.ts"
export * as Forward from "./delivery/Forward.ts"
export * as Identity from "./delivery/Identity.ts"
export * as Lanes from "./delivery/Lanes.ts"
export { InvalidOptions } from "./delivery/Options.ts"
export * as PushError from "./delivery/PushError.ts"
export * as Receipt from "./delivery/Receipt.ts"
export * as Receiver from "./delivery/Receiver.ts"
export * as Relabelling from "./delivery/Relabelling.ts"
export * as RetrySchedule from "./delivery/RetrySchedule.ts"

// Transport
export * as Authentication from "./transport/Authentication.ts"
export * as Budget from "./transport/Budget.ts"
export * as Material from "./transport/Material.ts"
export * as Proxy from "./transport/Proxy.ts"
export * as Tls from "./transport/Tls.ts"
export * as Transport from "./transport/Transport.ts"
export * as TransportError from "./transport/TransportError.ts"

// Servers
export * as ComponentApi from "./server/ComponentApi.ts"
export * as Listener from "./server/Listener.ts"
export * as OwnServer from "./server/OwnServer.ts"
export * as PprofApi from "./server/PprofApi.ts"
export * as ProfileApi from "./server/ProfileApi.ts"
export * as Server from "./server/Server.ts"

// Telemetry
export * as DebugInfo from "./telemetry/DebugInfo.ts"
export * as Edges from "./telemetry/Edges.ts"
export * as Health from "./telemetry/Health.ts"

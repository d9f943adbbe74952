/**
 * pyroduct as a library: profiles, and what forwards them.
 *
 * `Forward.layer` gives a `Receiver` to push a `Profile` to, or to run a Stream of them into. `ReceiveHttp`, `Scrape` and
 * `SelfProfile` are sources for one; `Relabelling` and `Enrichment` go in front of one. Nothing here knows the
 * configuration language: that is `pyroduct/engine`.
 */

// Profiles
export * as Labels from "./profile/Labels.ts"
export * as Profile from "./profile/Profile.ts"

// Sources of profiles
export * as SelfProfile from "./pprof/SelfProfile.ts"
export * as ProfileType from "./scrape/ProfileType.ts"
export * as Scrape from "./scrape/Scrape.ts"
export * as ReceiveHttp from "./server/ReceiveHttp.ts"

// What is done on their way
export * as Enrichment from "./delivery/Enrichment.ts"
export * as Relabelling from "./delivery/Relabelling.ts"
export * as Relabel from "./profile/Relabel.ts"

// Delivery
export * as Drain from "./delivery/Drain.ts"
export * as Forward from "./delivery/Forward.ts"
export * as PushError from "./delivery/PushError.ts"
export * as Receipt from "./delivery/Receipt.ts"
export * as Receiver from "./delivery/Receiver.ts"
export * as RetrySchedule from "./delivery/RetrySchedule.ts"

// What is wrong with options
export { InvalidOptions, type Problem } from "./delivery/Options.ts"
export { UnusableSettings } from "./transport/Network.ts"

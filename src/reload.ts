/**
 * What outlives a Layer that is built anew with other options, as the engine does when its configuration changes: the
 * queues of `Forward` and the targets of `Scrape` that have the same `id`, and a receiver for sources to hold.
 */
export * as Lanes from "./delivery/Lanes.ts"
export * as StableReceiver from "./delivery/StableReceiver.ts"
export * as Loops from "./scrape/Loops.ts"

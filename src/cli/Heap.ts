/**
 * Keeps the process of a run small and its pauses short: imported for its effect, once all modules are loaded.
 *
 * Most of what passes through is buffers, whose bytes lie outside V8's heap and are freed when the young generation is
 * collected. V8 collects it when it is full of objects, of which a buffer is a small one, so that tens of megabytes of
 * buffers that are done with pile up. Here they are collected when there are some megabytes of them. (A young
 * generation kept small has the same effect on buffers, but makes a large parse take time that grows with the square of
 * its input: each collection goes through all that has been read so far.)
 *
 * Buffers that wait in a queue, behind an endpoint that is down, grow old. V8 takes them for growth of the heap and
 * collects all of it again each time it has grown by a few megabytes, several times a second. Here it may double before
 * that. (By half, which was tried, it is collected more often than by V8's own measure where all is well and much passes
 * through.) But large buffers that have grown old and are done with, such as bodies that take long to inflate, would be
 * there until the next such collection, beside the next ones: when there are many megabytes more than after the last, it
 * comes at once.
 *
 * A start makes the young generation as large as it may be, for all that modules make as they are loaded lives on, and it
 * does not become smaller by itself. Once the engine is ready it is made small again, which gives back some megabytes.
 */
import { Effect } from "effect"
import { getHeapStatistics, setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--heap-growing-percent=100")

// The collector is only handed to contexts that are made while this is on.
setFlagsFromString("--expose-gc")
const collect: NodeJS.GCFunction = runInNewContext("gc")
setFlagsFromString("--no-expose-gc")

/** Gives back what a start has needed: some tens of milliseconds in which nothing else is done. */
export const shrink: Effect.Effect<void> = Effect.sync(() => collect({ type: "major", flavor: "last-resort" }))

/** In bytes, outside the heap. */
const external = (): number => getHeapStatistics().external_memory
const young = 4 * 1024 * 1024
const old = 64 * 1024 * 1024

/** Milliseconds. Some megabytes may come meanwhile; looked at more often, they were not fewer, and an idle process works. */
const interval = 200

/** After the last collection of young buffers, and of all. */
let kept = external()
let keptOld = kept
setInterval(() => {
  const now = external()
  kept = Math.min(kept, now)
  keptOld = Math.min(keptOld, now)
  if (now - keptOld >= old) {
    collect({ type: "major" })
    keptOld = kept = external()
  } else if (now - kept >= young) {
    collect({ type: "minor" })
    kept = external()
  }
}, interval).unref()

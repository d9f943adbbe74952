/**
 * Keeps the process small and its pauses short: imported for its effect, once all modules are loaded.
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
 * through.)
 */
import { getHeapStatistics, setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--heap-growing-percent=100")

// The collector is only handed to contexts that are made while this is on.
setFlagsFromString("--expose-gc")
const collect: NodeJS.GCFunction = runInNewContext("gc")
setFlagsFromString("--no-expose-gc")

/** In bytes, outside the heap. */
const piledUp = 4 * 1024 * 1024
const external = (): number => getHeapStatistics().external_memory

let kept = external()
setInterval(() => {
  kept = Math.min(kept, external())
  if (external() - kept < piledUp) return
  collect({ type: "minor" })
  kept = external()
}, 50).unref()

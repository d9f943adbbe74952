/**
 * Keeps the process small and its pauses short: imported for its effect, once all modules are loaded and before anything
 * is allocated.
 *
 * Most of what passes through is buffers outside the heap, which are freed only when they are collected. A young generation
 * that does not grow is collected often, and so those that are soon done with do not pile up.
 *
 * Those that wait in a queue, behind an endpoint that is down, grow old. V8 takes them for growth of the heap and collects
 * all of it again each time it has grown by a few megabytes, several times a second. Here it may double before that. (By
 * half, which was tried, it is collected more often than by V8's own measure where all is well and much passes through.)
 */
import { setFlagsFromString } from "node:v8"

setFlagsFromString("--semi-space-growth-factor=1")
setFlagsFromString("--heap-growing-percent=100")

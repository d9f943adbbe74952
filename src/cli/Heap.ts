/**
 * Keeps the process small: imported for its effect, before anything is allocated.
 *
 * Most of what passes through is buffers outside the heap, which are freed only when the young generation is collected.
 * A young generation that does not grow is collected often, and so the buffers do not pile up.
 */
import { setFlagsFromString } from "node:v8"

setFlagsFromString("--semi-space-growth-factor=1")

/**
 * Gzip for profiles that are made or kept here.
 */
import { Effect } from "effect"
import * as Zlib from "node:zlib"

/** Compresses off the main thread. Of all bytes there is a gzip: a failure is a defect. */
export const gzip = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) =>
    Zlib.gzip(bytes, (error, output) => resume(error === null ? Effect.succeed(output) : Effect.die(error)))
  )

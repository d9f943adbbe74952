/**
 * Gzip, with a limit to what comes out of it when it is decompressed.
 */
import { Effect, Schema } from "effect"
import * as Zlib from "node:zlib"

/** More would come out than `maxBytes`. */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", { maxBytes: Schema.Natural }) {
  override get message(): string {
    return `larger than ${this.maxBytes} bytes when decompressed`
  }
}

/** Not gzip, or damaged or cut off. */
export class Malformed extends Schema.TaggedError<Malformed>()("Malformed", { detail: Schema.String }) {
  override get message(): string {
    return `malformed gzip: ${this.detail}`
  }
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/** In bytes. So few take less time than to hand them to another thread, and to be told that it is done. */
const few = 16_384

/** As Go's profiles are: what is saved by more effort is not worth the time. */
const level = Zlib.constants.Z_BEST_SPEED

/** Compresses; what is large, off the main thread. There is a gzip of all bytes: a failure is a defect. */
export const gzip = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  bytes.byteLength <= few
    ? Effect.sync(() => Zlib.gzipSync(bytes, { level }))
    : Effect.callback((resume) =>
      Zlib.gzip(
        bytes,
        { level },
        (error, output) => resume(error === null ? Effect.succeed(output) : Effect.die(error))
      )
    )

/** Deflate makes no byte out of less than this. */
const maxRatio = 1032

/**
 * The size that gzip says, in its last four bytes, it has when decompressed; `undefined` if that cannot be true, as when
 * the end is missing. Only the last of several members says its own.
 */
export const claimedSize = (bytes: Uint8Array): number | undefined => {
  if (bytes.length < 18) return undefined
  const size = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true)
  return size <= bytes.length * maxRatio ? size : undefined
}

/**
 * Decompresses, off the main thread where it is much, to at most `maxBytes` (at least 1). What says itself that it is
 * larger is refused before it is looked into, and what says less than the truth as soon as it has passed the limit.
 */
export const gunzip = (bytes: Uint8Array, maxBytes: number): Effect.Effect<Uint8Array, TooLarge | Malformed> =>
  Effect.callback((resume) => {
    const size = claimedSize(bytes)
    if (size !== undefined && size > maxBytes) return resume(new TooLarge({ maxBytes }))
    if (size !== undefined && size <= few && bytes.byteLength <= few) {
      const output = gunzipFew(bytes, Math.min(few, maxBytes))
      if (output !== undefined) return resume(Effect.succeed(output))
    }
    // Room for all of it at once, and a byte to see that it is all, saves a turn of the event loop per 16 KiB.
    const chunkSize = Math.max(Zlib.constants.Z_DEFAULT_CHUNK, (size ?? 0) + 1)
    Zlib.gunzip(bytes, { chunkSize, maxOutputLength: maxBytes }, (error, output) => {
      if (error === null) return resume(Effect.succeed(output))
      resume(
        (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
          ? new TooLarge({ maxBytes })
          : new Malformed({ detail: error.message })
      )
    })
  })

/** Nothing where it is damaged, or more than it says: what is wrong is found in the other way. */
const gunzipFew = (bytes: Uint8Array, maxOutputLength: number): Uint8Array | undefined => {
  try {
    return Zlib.gunzipSync(bytes, { maxOutputLength })
  } catch {
    return undefined
  }
}

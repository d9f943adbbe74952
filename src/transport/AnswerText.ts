/**
 * The text of an answer: so much of its body as is read, for so long as there is patience, and what it says.
 */
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync, type ZlibOptions } from "node:zlib"
import { defaultMaxText } from "./Network.ts"

/** For the rest of an answer whose head has come, in milliseconds. */
export const patience = 500

/** So much more is read and forgotten, so that the connection can be used again. In bytes. */
const maxRest = 1_048_576

/** Of a text that was compressed, in bytes. */
const maxInflated = 65_536

export class Reader {
  private readonly max: number
  private bytes: Uint8Array = new Uint8Array(0)
  private received = 0

  /** How much of the body to keep, in bytes, and of its text when it was compressed. */
  constructor(max = defaultMaxText) {
    this.max = max
  }

  /** Whether to go on. */
  add(chunk: Uint8Array): boolean {
    this.received += chunk.byteLength
    const room = this.max - this.bytes.byteLength
    if (room > 0) this.bytes = concat(this.bytes, chunk.subarray(0, room))
    return this.received <= this.max + maxRest
  }

  /** `encoding` is the answer's Content-Encoding. What cannot be read as text is none. */
  decode(encoding: string | undefined): string {
    if (this.bytes.byteLength === 0) return ""
    const bytes = encoding === undefined ? this.bytes : inflate(this.bytes, encoding).subarray(0, this.max)
    // As a stream, so that a character that was cut in two is not there, rather than another in its place.
    return new TextDecoder().decode(bytes, { stream: true })
  }
}

const none = new Uint8Array(0)

/** Its end may be missing. */
const inflate = (bytes: Uint8Array, encoding: string): Uint8Array => {
  const options: ZlibOptions = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxInflated }
  switch (encoding.trim().toLowerCase()) {
    case "":
    case "identity":
      return bytes
    case "gzip":
    case "x-gzip":
      return attempt(() => gunzipSync(bytes, options))
    case "deflate":
      // With zlib's frame, as it should be, or without.
      return attempt(() => (bytes[0]! & 15) === 8 ? inflateSync(bytes, options) : inflateRawSync(bytes, options))
    case "br":
      return attempt(() =>
        brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: maxInflated })
      )
    default:
      return none
  }
}

const attempt = (f: () => Uint8Array): Uint8Array => {
  try {
    return f()
  } catch {
    return none
  }
}

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.byteLength + b.byteLength)
  both.set(a)
  both.set(b, a.byteLength)
  return both
}

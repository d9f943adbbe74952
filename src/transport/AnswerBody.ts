/**
 * The body of an answer that was asked for: all of it, up to a limit that holds before it is decoded and after.
 */
import { Effect } from "effect"
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from "node:zlib"
import { BadAnswer } from "./TransportError.ts"

export class Reader {
  private readonly max: number
  private readonly status: number
  private readonly chunks: Array<Uint8Array> = []
  private received = 0

  /** How much there may be of it, in bytes. */
  constructor(max: number, status: number) {
    this.max = max
    this.status = status
  }

  /** Whether it is not too large yet. */
  add(chunk: Uint8Array): boolean {
    this.received += chunk.byteLength
    this.chunks.push(chunk)
    return this.received <= this.max
  }

  get tooLarge(): BadAnswer {
    return tooLarge(this.status, this.max)
  }

  /** `encoding` is the answer's Content-Encoding. */
  decode(encoding: string | undefined): Effect.Effect<Uint8Array, BadAnswer> {
    return decode(Buffer.concat(this.chunks, this.received), encoding, this.max, this.status)
  }
}

export const tooLarge = (status: number, max: number): BadAnswer =>
  new BadAnswer({ status, reason: "TooLarge", detail: `the answer is larger than ${max} bytes` })

/** Off the main thread. A server may encode what nobody has asked it to. */
export const decode = (
  bytes: Uint8Array,
  encoding: string | undefined,
  max: number,
  status: number
): Effect.Effect<Uint8Array, BadAnswer> => {
  const name = encoding?.trim().toLowerCase() ?? ""
  if (name === "" || name === "identity" || bytes.byteLength === 0) return Effect.succeed(bytes)
  const undecodable = (detail: string) => new BadAnswer({ status, reason: "Undecodable", detail })
  const decompress = decoders.get(name)
  if (decompress === undefined) {
    return Effect.fail(undecodable("the answer has a Content-Encoding that is not known"))
  }
  return Effect.callback((resume) =>
    decompress(bytes, { maxOutputLength: max }, (error: NodeJS.ErrnoException | null, output) => {
      if (error === null) return resume(Effect.succeed(output))
      resume(Effect.fail(
        error.code === "ERR_BUFFER_TOO_LARGE"
          ? tooLarge(status, max)
          : undecodable(`the answer is not ${name}, as its Content-Encoding says: ${error.message}`)
      ))
    })
  )
}

type Decompress = (
  bytes: Uint8Array,
  options: ZlibOptions,
  done: (error: Error | null, output: Uint8Array) => void
) => void

const decoders: ReadonlyMap<string, Decompress> = new Map([
  ["gzip", gunzip],
  ["x-gzip", gunzip],
  ["deflate", inflate],
  ["br", brotliDecompress]
])

/**
 * The body of an answer that was asked for: all of it, up to limits that hold before it is decoded and after.
 */
import { Effect } from "effect"
import { createBrotliDecompress, createGunzip, createInflate, type ZlibOptions } from "node:zlib"
import type { Budget } from "./Budget.ts"
import { BadAnswer } from "./TransportError.ts"

export interface Limits {
  /** In bytes. */
  readonly max: number
  /** With others. */
  readonly budget: Budget | undefined
}

export class Reader {
  private readonly limits: Limits
  private readonly status: number
  private readonly chunks: Array<Uint8Array> = []
  private received = 0
  /** Of the budget. */
  private claimed = 0
  /** Where small chunks are gathered, and how much of it is taken: by chunks that have gone on to the others, and in all. */
  private block: Uint8Array = none
  private passed = 0
  private filled = 0

  constructor(limits: Limits, status: number) {
    this.limits = limits
    this.status = status
  }

  /** Why it cannot be had, if that is so. */
  add(chunk: Uint8Array): BadAnswer | undefined {
    const { budget, max } = this.limits
    const bytes = chunk.byteLength
    this.received += bytes
    if (this.received > max) return tooLarge(this.status, max)
    if (budget !== undefined) {
      if (!budget.claim(bytes)) return noRoom(this.status, budget)
      this.claimed += bytes
    }
    this.keep(chunk)
    return undefined
  }

  /** All of it, in memory of its own. */
  take(): Uint8Array {
    this.pass()
    const whole = Buffer.allocUnsafeSlow(this.received)
    let at = 0
    for (const chunk of this.chunks) {
      whole.set(chunk, at)
      at += chunk.byteLength
    }
    return whole
  }

  /** It is read, or given up: what it has claimed is free again. */
  end(): void {
    this.limits.budget?.release(this.claimed)
    this.claimed = 0
  }

  /** A chunk takes some hundred bytes beside its own: of a body that comes a byte at a time, a hundred times its size. */
  private keep(chunk: Uint8Array): void {
    if (chunk.byteLength >= small) {
      this.pass()
      this.chunks.push(chunk)
      return
    }
    if (this.filled + chunk.byteLength > this.block.byteLength) {
      this.pass()
      this.block = new Uint8Array(Math.min(largestBlock, Math.max(small, 2 * this.block.byteLength)))
      this.passed = this.filled = 0
    }
    this.block.set(chunk, this.filled)
    this.filled += chunk.byteLength
  }

  private pass(): void {
    if (this.filled > this.passed) this.chunks.push(this.block.subarray(this.passed, this.filled))
    this.passed = this.filled
  }
}

const none = new Uint8Array(0)

/** In bytes. */
const small = 1024
const largestBlock = 16_384

export const tooLarge = (status: number, max: number): BadAnswer =>
  new BadAnswer({ status, reason: "TooLarge", detail: `the answer is larger than ${max} bytes` })

const noRoom = (status: number, { refusal }: Budget): BadAnswer =>
  new BadAnswer({ status, reason: "NoRoom", detail: refusal })

/** Off the main thread. A server may encode what nobody has asked it to; `encoding` is its Content-Encoding. */
export const decode = (
  bytes: Uint8Array,
  encoding: string | undefined,
  limits: Limits,
  status: number
): Effect.Effect<Uint8Array, BadAnswer> => {
  const name = encoding?.trim().toLowerCase() ?? ""
  if (name === "" || name === "identity" || bytes.byteLength === 0) return Effect.succeed(bytes)
  const undecodable = (detail: string) => new BadAnswer({ status, reason: "Undecodable", detail })
  const create = decoders.get(name)
  if (create === undefined) {
    return Effect.fail(undecodable("the answer has a Content-Encoding that is not known"))
  }
  return Effect.callback((resume) => {
    const decoded = new Reader(limits, status)
    const stream = create(options)
    const end = (): void => {
      decoded.end()
      stream.destroy()
    }
    const settle = (result: Effect.Effect<Uint8Array, BadAnswer>): void => {
      end()
      resume(result)
    }
    stream.on("data", (chunk: Uint8Array) => {
      const refusal = decoded.add(chunk)
      if (refusal !== undefined) settle(Effect.fail(refusal))
    })
    stream.on("error", ({ message }) => {
      settle(Effect.fail(undecodable(`the answer is not ${name}, as its Content-Encoding says: ${message}`)))
    })
    stream.on("end", () => settle(Effect.succeed(decoded.take())))
    stream.end(bytes)
    return Effect.sync(end)
  })
}

const options: ZlibOptions = { chunkSize: 65_536 }

const decoders = new Map([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress]
])

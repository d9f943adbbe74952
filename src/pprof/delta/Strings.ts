/** The strings of a profile, none of which is made one, and which of them are in use. */
import { Digest } from "./Digest.ts"
import type { Fields } from "./Fields.ts"

export class Strings {
  /** 1 for each that is referred to. */
  readonly used: Uint8Array
  private readonly bytes: Uint8Array
  private readonly from: Int32Array
  private readonly to: Int32Array
  private count = 0
  /** As far as they have been asked for. */
  private readonly digests: Int32Array
  private readonly hasDigest: Uint8Array
  private readonly own = new Digest()

  constructor(bytes: Uint8Array, capacity: number) {
    this.bytes = bytes
    this.used = new Uint8Array(capacity)
    this.from = new Int32Array(capacity)
    this.to = new Int32Array(capacity)
    this.digests = new Int32Array(4 * capacity)
    this.hasDigest = new Uint8Array(capacity)
  }

  add(from: number, to: number): void {
    this.from[this.count] = from
    this.to[this.count] = to
    this.count += 1
  }

  /** The index that was read last. There may be strings to come. */
  index(fields: Fields): number {
    const { hi, lo } = fields
    if (hi !== 0 || lo < 0 || lo >= this.used.length) throw new Error(`it has no string ${fields.signed()}`)
    return lo
  }

  /** Marks the string whose index was read last. */
  use(fields: Fields): void {
    this.used[this.index(fields)] = 1
  }

  /** What it says, if it is short: what has a meaning is. */
  text(index: number): string {
    const from = this.from[index]!
    return new TextDecoder().decode(this.bytes.subarray(from, Math.min(this.to[index]!, from + 100)))
  }

  /** Adds what a string says to a digest; each is looked through only once, however long it is. */
  digest(digest: Digest, index: number): void {
    if (this.hasDigest[index] === 0) {
      this.own.start()
      this.own.bytes(this.bytes, this.from[index]!, this.to[index]!)
      this.own.end()
      this.own.put(this.digests, index)
      this.hasDigest[index] = 1
    }
    digest.words(this.digests, index)
  }
}

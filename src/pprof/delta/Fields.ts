/**
 * A protobuf message read in place: nothing is copied, and no object is made of a field or a number.
 *
 * The format: https://protobuf.dev/programming-guides/encoding/
 */

/** A field's tag on the wire, for a number. */
export const varint = (field: number): number => field << 3

/** A field's tag on the wire, for bytes: a string, a message, or packed numbers. */
export const delimited = (field: number): number => field << 3 | 2

/**
 * A cursor over fields. A number of 64 bits is two halves, low and high, each as a signed number of 32 bits: for those
 * V8 needs no heap.
 */
export class Fields {
  readonly bytes: Uint8Array
  pos = 0
  /** The number that was read last. */
  lo = 0
  hi = 0
  /** Where the bytes of the field are that was read last. */
  from = 0
  to = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /**
   * Reads the next field of a message that goes to `end`: its number, or where its bytes are, which are passed over. To
   * read these, go back to `from`. Returns its tag, and 0 when there are no more.
   */
  next(end: number): number {
    if (this.pos >= end) return 0
    this.number(end)
    if (this.hi !== 0 || this.lo >>> 3 === 0) throw new Error("it has an impossible field")
    const tag = this.lo
    switch (tag & 7) {
      case 0:
        this.number(end)
        return tag
      case 1:
        this.pass(8, end)
        return tag
      case 2:
        this.number(end)
        if (this.hi !== 0) throw new Error(cutOff)
        this.from = this.pos
        this.pass(this.lo >>> 0, end)
        this.to = this.pos
        return tag
      case 5:
        this.pass(4, end)
        return tag
      default:
        throw new Error("it has a group")
    }
  }

  /** Reads a number, of a tag or packed with others, into `lo` and `hi`. */
  number(end: number): void {
    const { bytes } = this
    let pos = this.pos
    if (pos >= end) throw new Error(cutOff)
    let byte = bytes[pos++]!
    let lo = byte
    let hi = 0
    if (byte > 0x7f) {
      lo = byte & 0x7f
      let shift = 7
      do {
        if (pos >= end) throw new Error(cutOff)
        if (shift === 70) throw new Error("it has a number of more than ten bytes")
        byte = bytes[pos++]!
        const bits = byte & 0x7f
        if (shift < 32) lo |= bits << shift
        if (shift === 28) hi = bits >>> 4
        else if (shift > 28) hi |= bits << shift - 32
        shift += 7
      } while (byte > 0x7f)
    }
    this.pos = pos
    this.lo = lo
    this.hi = hi
  }

  /** The number that was read last. Not for what there are many of. */
  signed(): bigint {
    return BigInt(this.hi) << 32n | BigInt(this.lo >>> 0)
  }

  unsigned(): bigint {
    return BigInt.asUintN(64, this.signed())
  }

  private pass(count: number, end: number): void {
    if (count > end - this.pos) throw new Error(cutOff)
    this.pos += count
  }
}

const cutOff = "it is cut off"

import { Digest } from "./Digest.ts"

/**
 * Which entry of a table has an id: any number of 64 bits, though most profilers count from one, and then nothing has
 * to be looked for.
 */
export class Ids {
  private readonly lo: Int32Array
  private readonly hi: Int32Array
  /** Indexes plus one by a hash of the id, once an id is not the next one. */
  private slots: Int32Array | undefined
  private count = 0

  constructor(capacity: number) {
    this.lo = new Int32Array(capacity)
    this.hi = new Int32Array(capacity)
  }

  add(lo: number, hi: number): void {
    this.lo[this.count] = lo
    this.hi[this.count] = hi
    this.count += 1
  }

  /** Call it when all have been added. */
  seal(what: string): void {
    let index = 0
    while (index < this.count && this.lo[index] === index + 1 && this.hi[index] === 0) index++
    if (index === this.count) return
    this.slots = new Int32Array(slotsFor(this.count))
    for (index = 0; index < this.count; index++) {
      const slot = this.slotOf(this.slots, this.lo[index]!, this.hi[index]!)
      if (this.slots[slot] !== 0) throw new Error(`it has two ${what}s with the same id`)
      this.slots[slot] = index + 1
    }
  }

  /** -1 if there is none. */
  indexOf(lo: number, hi: number): number {
    if (this.slots !== undefined) return this.slots[this.slotOf(this.slots, lo, hi)]! - 1
    return hi === 0 && lo > 0 && lo <= this.count ? lo - 1 : -1
  }

  /** Where it is, or where it would be. */
  private slotOf(slots: Int32Array, lo: number, hi: number): number {
    const mask = slots.length - 1
    let slot = hash(lo, hi) & mask
    for (;;) {
      const index = slots[slot]! - 1
      if (index < 0 || (this.lo[index] === lo && this.hi[index] === hi)) return slot
      slot = slot + 1 & mask
    }
  }
}

/** A power of two, so that at least half of the slots stay free. */
export const slotsFor = (count: number): number => 1 << 33 - Math.clz32(Math.max(count - 1, 1))

const digest = new Digest()

/** Nobody can choose ids that fall together. */
const hash = (lo: number, hi: number): number => {
  digest.start()
  digest.word(lo)
  digest.word(hi)
  digest.end()
  return digest.a
}

/**
 * Fingerprints of texts in 64 bits, for what there are many thousands of: of a hundred thousand texts two have the same
 * with a probability of one in a billion. No defence against whoever looks for two such texts.
 *
 * Two FNV-1a hashes of 32 bits, side by side, each with MurmurHash3's finaliser, so that every bit counts.
 */

const offset = 0x811c9dc5
const prime = 0x01000193
/** Of the second hash: any odd number of many bits that is not the first's. */
const otherPrime = 0x9e3779b1

export class Fingerprint {
  private a: number
  private b: number

  constructor(a = offset, b = ~offset) {
    this.a = a
    this.b = b
  }

  /** A text of its own: "ab", "c" is something else than "a", "bc". */
  add(text: string): this {
    let { a, b } = this
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      a = Math.imul(a ^ code, prime)
      b = Math.imul(b ^ code, otherPrime)
    }
    this.a = Math.imul(a ^ text.length, prime)
    this.b = Math.imul(b ^ ~text.length, otherPrime)
    return this
  }

  /** What goes on from here by itself. */
  fork(): Fingerprint {
    return new Fingerprint(this.a, this.b)
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return hex(finish(this.a)) + hex(finish(this.b))
  }

  /** Anywhere from 0 to 1, which it never is. */
  toFraction(): number {
    return finish(this.a ^ finish(this.b)) / 2 ** 32
  }
}

const finish = (hash: number): number => {
  let h = hash ^ hash >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h = Math.imul(h ^ h >>> 13, 0xc2b2ae35)
  return (h ^ h >>> 16) >>> 0
}

const hex = (hash: number): string => hash.toString(16).padStart(8, "0")

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
    const a = finish(this.a)
    const b = finish(this.b)
    // One text in one go: there are many.
    return String.fromCharCode(
      digit(a, 28),
      digit(a, 24),
      digit(a, 20),
      digit(a, 16),
      digit(a, 12),
      digit(a, 8),
      digit(a, 4),
      digit(a, 0),
      digit(b, 28),
      digit(b, 24),
      digit(b, 20),
      digit(b, 16),
      digit(b, 12),
      digit(b, 8),
      digit(b, 4),
      digit(b, 0)
    )
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

/** The code of a hexadecimal digit. */
const digit = (hash: number, shift: number): number => {
  const value = hash >>> shift & 15
  return value < 10 ? 48 + value : 87 + value
}

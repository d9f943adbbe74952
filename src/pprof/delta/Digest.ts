/**
 * 128 bits that stand for some content: no two contents in the life of a process have the same.
 *
 * It is HalfSipHash, by one round for each word and four at the end, with all of its state for the result, and with a
 * key of the process's own: nobody can choose contents so that their digests come near to each other in a table.
 *
 * The function: https://github.com/veorq/SipHash (halfsiphash.c)
 */
const key = crypto.getRandomValues(new Int32Array(4))

export class Digest {
  /** The result, after `end`. */
  a = 0
  b = 0
  c = 0
  d = 0

  start(): void {
    this.a = key[0]!
    this.b = key[1]!
    this.c = key[2]!
    this.d = key[3]!
  }

  word(word: number): void {
    this.d ^= word
    this.round()
    this.a ^= word
  }

  /** Two words, which are most of what there is: the address of a location. The same as one after the other. */
  pair(first: number, second: number): void {
    let { a, b, c, d } = this
    d ^= first
    a = a + b | 0
    b = (b << 5 | b >>> 27) ^ a
    a = a << 16 | a >>> 16
    c = c + d | 0
    d = (d << 8 | d >>> 24) ^ c
    a = a + d | 0
    d = (d << 7 | d >>> 25) ^ a
    c = c + b | 0
    b = (b << 13 | b >>> 19) ^ c
    c = c << 16 | c >>> 16
    a ^= first
    d ^= second
    a = a + b | 0
    b = (b << 5 | b >>> 27) ^ a
    a = a << 16 | a >>> 16
    c = c + d | 0
    d = (d << 8 | d >>> 24) ^ c
    a = a + d | 0
    d = (d << 7 | d >>> 25) ^ a
    c = c + b | 0
    b = (b << 13 | b >>> 19) ^ c
    c = c << 16 | c >>> 16
    a ^= second
    this.a = a
    this.b = b
    this.c = c
    this.d = d
  }

  /** Four words: another digest. */
  words(from: Int32Array, index: number): void {
    this.pair(from[4 * index]!, from[4 * index + 1]!)
    this.pair(from[4 * index + 2]!, from[4 * index + 3]!)
  }

  bytes(bytes: Uint8Array, from: number, to: number): void {
    let pos = from
    for (; pos + 4 <= to; pos += 4) {
      this.word(bytes[pos]! | bytes[pos + 1]! << 8 | bytes[pos + 2]! << 16 | bytes[pos + 3]! << 24)
    }
    let rest = to - from << 24
    for (let shift = 0; pos < to; pos++, shift += 8) rest |= bytes[pos]! << shift
    this.word(rest)
    this.word(to - from)
  }

  end(): void {
    this.c ^= 0xff
    this.round()
    this.round()
    this.round()
    this.round()
  }

  put(into: Int32Array, index: number): void {
    into[4 * index] = this.a
    into[4 * index + 1] = this.b
    into[4 * index + 2] = this.c
    into[4 * index + 3] = this.d
  }

  private round(): void {
    let { a, b, c, d } = this
    a = a + b | 0
    b = (b << 5 | b >>> 27) ^ a
    a = a << 16 | a >>> 16
    c = c + d | 0
    d = (d << 8 | d >>> 24) ^ c
    a = a + d | 0
    d = (d << 7 | d >>> 25) ^ a
    c = c + b | 0
    b = (b << 13 | b >>> 19) ^ c
    c = c << 16 | c >>> 16
    this.a = a
    this.b = b
    this.c = c
    this.d = d
  }
}

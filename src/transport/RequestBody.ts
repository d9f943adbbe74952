/**
 * A request's body in pieces, for HTTP/2: none is handed over before the one before has been sent.
 *
 * Of what an HTTP/2 session has still to send, Node counts every byte, and above 10 MB (its `maxSessionMemory`) it refuses
 * the headers of answers: whole bodies of a few large pushes would be enough, and what a server does not read to its end
 * is counted as long as the session lives. undici opens 100 streams at a time at most: with a piece for each, or a few
 * larger bodies and pieces for the others, it stays below that.
 */
import { Blob } from "node:buffer"

/** In bytes. */
const piece = 65_536

/** So many bodies of up to four pieces are sent whole, which costs less. */
const few = 16

/** A `Blob`, so that undici knows its length and may send it once more when a server has refused the stream. */
export class RequestBody extends Blob {
  override readonly size: number
  private readonly content: Uint8Array
  private readonly isOver: () => boolean
  /** Whether all of it was handed over. */
  isSent = false

  /** Whether a body has to be sent in pieces, while so many requests are on the connection. */
  static isLong(bytes: Uint8Array, inFlight: number): boolean {
    return bytes.byteLength > (inFlight < few ? 4 * piece : piece)
  }

  /** Once `isOver`, nothing more of it is sent. */
  constructor(content: Uint8Array, isOver: () => boolean) {
    super([])
    this.size = content.byteLength
    this.content = content
    this.isOver = isOver
  }

  /** undici iterates over it, and needs no more of a stream. */
  override stream(): ReturnType<Blob["stream"]> {
    return this.pieces() as unknown as ReturnType<Blob["stream"]>
  }

  private async *pieces(): AsyncGenerator<Uint8Array> {
    this.isSent = false
    for (let at = 0; at < this.size; at += piece) {
      // To end it would make it a whole body to the server, and to fail would have undici destroy the stream: see
      // `Exchange.giveUp`.
      if (this.isOver()) await new Promise(() => {})
      yield this.content.subarray(at, at + piece)
    }
    this.isSent = true
  }
}

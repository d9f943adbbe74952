/**
 * A request's body in pieces, for HTTP/2: none is handed over before the one before has been sent.
 *
 * Of what an HTTP/2 session has still to send, Node counts every byte, and above 10 MB (its `maxSessionMemory`) it refuses
 * the headers of answers: whole bodies of a few large pushes would be enough, and what a server does not read to its end
 * is counted as long as the session lives. 100 pieces, one for each stream that undici opens at a time, stay below that.
 */
import { Blob } from "node:buffer"

/** In bytes. */
const piece = 65_536

/** A `Blob`, so that undici knows its length and may send it once more when a server has refused the stream. */
export class RequestBody extends Blob {
  override readonly size: number
  private readonly content: Uint8Array
  private readonly isOver: () => boolean
  /** Whether all of it was handed over. */
  isSent = false

  static isLong(bytes: Uint8Array): boolean {
    return bytes.byteLength > piece
  }

  /** Once `isOver`, nothing more of it is sent. */
  constructor(content: Uint8Array, isOver: () => boolean) {
    super([])
    this.size = content.byteLength
    this.content = content
    this.isOver = isOver
  }

  override stream(): ReturnType<Blob["stream"]> {
    return ReadableStream.from(this.pieces()) as ReturnType<Blob["stream"]>
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

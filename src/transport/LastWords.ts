/**
 * What a server said before it closed a connection is read, though it would not read on.
 *
 * A server may answer while a request is on its way to it, and close: the next write fails. Node destroys a socket then,
 * with the answer that has come and is still to be read. So the failure of a write is told when there is nothing more to
 * read, which is soon: the connection is at its end.
 */
import type { Socket } from "node:net"

/** For a socket that its next user writes to and reads. */
export const hear = (socket: Socket): void => {
  const writable = socket as unknown as Writes
  const { _write, _writev } = writable
  writable._write = (chunk, encoding, done) => _write.call(socket, chunk, encoding, heard(socket, done))
  if (_writev) writable._writev = (chunks, done) => _writev.call(socket, chunks, heard(socket, done))
}

type Done = (error?: Error | null) => void

/** As `Writable` has them, but for the kind of the chunks. */
interface Writes {
  _write: (chunk: unknown, encoding: unknown, done: Done) => void
  _writev?: (chunks: unknown, done: Done) => void
}

/** The other side is gone, but what it has sent is there. */
const isClosed = (error: NodeJS.ErrnoException): boolean => error.code === "EPIPE" || error.code === "ECONNRESET"

const heard = (socket: Socket, done: Done): Done => (error) => {
  if (error && isClosed(error) && !socket.readableEnded) socket.once("end", () => done(error))
  else done(error)
}

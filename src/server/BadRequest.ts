/**
 * What Node's parser or its clock ends: what is no HTTP, requests that take too long, and what comes behind an answer that
 * closes the connection.
 *
 * Answers keep their order. A request of which the head was fine is answered by whoever handles it, and told that there
 * will be no more of its body. What is no request at all is answered here, once all requests before it have been; none of
 * them loses its own answer to what came behind it.
 *
 * A connection is closed so that its other side can read the answer, which a reset would take from it: what it still
 * sends is read and dropped for a while.
 */
import { Duration } from "effect"
import type * as Http from "node:http"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as Connect from "../wire/Connect.ts"
import * as Body from "./Body.ts"
import type { Refused } from "./Refusal.ts"

/**
 * Answers everything that `server` calls a client's error. A connection is gone `patience` after its last answer. What was
 * no request is told, with the address that it came from.
 */
export const handle = (
  server: Http.Server,
  patience: () => Duration.Duration,
  turnedAway: (refusal: Refused, remote: string | undefined) => void
): void => {
  const newest = new WeakMap<Duplex, Http.ServerResponse>()
  const ending = new WeakSet<Duplex>()

  const note = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
    const { socket } = request
    const before = newest.get(socket)
    newest.set(socket, response)
    // Nobody would get its answer, so nothing of it may be taken.
    if (!socket.writable || (before !== undefined && internalsOf(before)._last)) Body.cutOff(request, "aborted")
  }

  const leave = (socket: Duplex, answer = ""): void => {
    const timer = setTimeout(() => socket.destroy(), Duration.toMillis(patience()))
    socket.once("close", () => clearTimeout(timer)).end(answer)
  }

  const refuse = (error: ClientError, socket: Duplex): void => {
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy()
    // Node's parser says it again with every further byte.
    if (ending.has(socket)) return
    ending.add(socket)
    discard(socket)
    const response = newest.get(socket)
    const remote = (socket as Net.Socket).remoteAddress
    const answer = (): string => {
      turnedAway(answerOf(error).refusal, remote)
      return answerTo(error)
    }
    if (response === undefined || response.writableFinished) return leave(socket, answer())
    const isWhole = response.req.complete
    if (!isWhole) response.shouldKeepAlive = false
    response.prependListener("finish", () => {
      // Node would close the connection at once.
      internalsOf(response)._last = false
      leave(socket, isWhole && response.shouldKeepAlive ? answer() : "")
    })
    if (!isWhole) Body.cutOff(response.req, whyOf(error))
  }

  server.on("request", note).on("checkContinue", note).on("clientError", refuse)
}

/** Whether Node closes the connection after an answer. */
const internalsOf = (response: Http.ServerResponse) => response as unknown as { _last: boolean }

/** Instead of parsing it. */
const discard = (socket: Duplex): void => {
  let left = Body.maxDiscarded
  socket.removeAllListeners("data").on("data", (chunk: Uint8Array) => {
    left -= chunk.byteLength
    if (left < 0) socket.destroy()
  }).resume()
}

const whyOf = ({ code }: NodeJS.ErrnoException): Body.Incomplete["why"] => {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return "timeout"
    case "HPE_INVALID_EOF_STATE":
      return "aborted"
    default:
      return "malformed"
  }
}

/** With what could not be read, if it is that. */
interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Uint8Array
}

interface Answer {
  readonly status: string
  readonly refusal: Refused
}

const answerTo = (error: ClientError): string => {
  const { refusal, status } = answerOf(error)
  const body = Connect.errorBody("invalid_argument", refusal.detail)
  return `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`
}

const answers: Record<string, Answer> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: "408 Request Timeout",
    refusal: { reason: "timeout", detail: "the request took too long" }
  },
  HPE_HEADER_OVERFLOW: {
    status: "431 Request Header Fields Too Large",
    refusal: { reason: "malformed", detail: "the headers are too large" }
  }
}

const malformed: Answer = { status: "400 Bad Request", refusal: { reason: "malformed", detail: "malformed request" } }

const tls: Answer = {
  ...malformed,
  refusal: { reason: "malformed", detail: "malformed request: it begins as TLS does, plain HTTP is spoken here" }
}

/** With a handshake, as RFC 8446, 5.1, has it. */
const isTls = (packet: Uint8Array | undefined): boolean => packet?.[0] === 22 && packet[1] === 3

const answerOf = ({ code, rawPacket }: ClientError): Answer => isTls(rawPacket) ? tls : answers[code ?? ""] ?? malformed

/**
 * A tunnel through an HTTP proxy, by CONNECT (RFC 9110, section 9.3.6). Node's client takes an interim answer, such as 100,
 * for the answer itself.
 */
import { type Duration, Effect } from "effect"
import type { Socket } from "node:net"
import * as Timer from "../telemetry/Timer.ts"
import { fromCause, noAnswer, NoConnection, ProxyRefused, type TransportError } from "./TransportError.ts"

export interface Settings {
  /** Host and port of the server. */
  readonly authority: string
  /** Without `host`. Values are byte strings. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly timeout: Duration.Duration
}

/** `socket` leads to the proxy, and to the server when it is given back. It is closed if there is no tunnel. */
export const open = (settings: Settings, socket: Socket): Effect.Effect<Socket, TransportError> =>
  Effect.callback<Socket, TransportError>((resume) => {
    const { authority, headers, timeout } = settings
    const timer = setTimeout(() => fail(noAnswer(timeout)), Timer.millis(timeout))
    let received = ""

    const stop = (): void => {
      clearTimeout(timer)
      socket.off("readable", read).off("error", onError).off("close", onClose).off("end", onClose)
    }
    const fail = (error: TransportError): void => {
      stop()
      socket.on("error", () => {}).destroy()
      resume(Effect.fail(error))
    }
    const onError = (error: Error): void => fail(fromCause(error))
    const onClose = (): void => fail(new NoConnection({ code: "ECONNRESET", detail: "closed before it answered" }))
    const read = (): void => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) received += chunk.toString("latin1")
      const answer = parse(received)
      if (answer === undefined) return
      if (answer === "invalid") {
        return fail(new NoConnection({ code: "HPE_INVALID_CONSTANT", detail: "Expected HTTP/" }))
      }
      const { rest, retryAfter, status } = answer
      if (status < 200 || status > 299) {
        return fail(new ProxyRefused({ status, retryAfter, detail: `answered ${status} to CONNECT ${authority}` }))
      }
      stop()
      if (rest !== "") socket.unshift(Buffer.from(rest, "latin1"))
      resume(Effect.succeed(socket))
    }

    socket.on("readable", read).on("error", onError).on("close", onClose).on("end", onClose)
    const lines = [`CONNECT ${authority} HTTP/1.1`, `host: ${authority}`, ...headers.map((field) => field.join(": "))]
    socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1")
    return Effect.sync(() => {
      stop()
      socket.on("error", () => {}).destroy()
    })
  })

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  /** What of the tunnel has come with it. */
  readonly rest: string
}

/** In bytes. */
const maxHead = 16_384

/** What follows interim answers; `undefined` while it is not there yet. */
export const parse = (text: string): Answer | "invalid" | undefined => {
  if (!start.startsWith(text.slice(0, start.length))) return "invalid"
  const [head] = /^[^]*?\r?\n\r?\n/.exec(text) ?? []
  if (head === undefined) return text.length < maxHead ? undefined : "invalid"
  const [, code] = /^HTTP\/1\.\d (\d{3})(?=[ \r\n])/.exec(head) ?? []
  if (code === undefined) return "invalid"
  const status = Number(code)
  const rest = text.slice(head.length)
  if (status < 200 && status !== 101) return parse(rest)
  const [, retryAfter] = /^retry-after:[\t ]*(.*?)[\t ]*\r?$/im.exec(head) ?? []
  return { status, retryAfter, rest }
}

const start = "HTTP/1."

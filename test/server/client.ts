/**
 * HTTP as senders speak it, the bad ones too, and the engine's own server for it.
 */
import { Effect, type Scope } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Server from "../../src/server/Server.ts"

export interface Answer {
  readonly status: number
  /** Our own, and so which connection it was. */
  readonly port: number | undefined
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

export interface Options {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** As one with its length, or as several chunks without. */
  readonly body?: string | Uint8Array | ReadonlyArray<Uint8Array>
  readonly agent?: Http.Agent
}

/** A POST, unless it is said otherwise, on a connection of its own, unless there is an agent. */
export const send = (url: string, { agent, body = "", headers = {}, method = "POST" }: Options = {}) =>
  Effect.callback<Answer, NodeJS.ErrnoException>((resume) => {
    const request = Http.request(url, { method, headers, agent: agent ?? false }, (response) => {
      const chunks: Array<Uint8Array> = []
      const port = response.socket.localPort
      response.on("data", (chunk: Uint8Array) => chunks.push(chunk)).on("end", () =>
        resume(Effect.succeed({
          status: response.statusCode!,
          port,
          headers: response.headers,
          body: Buffer.concat(chunks).toString()
        })))
    })
    request.on("error", (error) => resume(Effect.fail(error)))
    if (typeof body === "string" || body instanceof Uint8Array) request.end(body)
    else {
      for (const chunk of body) request.write(chunk)
      request.end()
    }
    return Effect.sync(() => request.destroy())
  })

/** A connection to write to byte by byte. */
export interface Conversation {
  readonly write: (text: string | Uint8Array) => void
  /** Ends our side. */
  readonly end: () => void
  /** Everything that has come, as soon as `pattern` is in it. */
  readonly heard: (pattern: RegExp) => Effect.Effect<string>
  /** Everything that has come, once the other side has closed the connection. */
  readonly closed: Effect.Effect<string>
  readonly destroy: () => void
}

/** Open until the scope closes; with `allowHalfOpen` it stays open on our side when the other side closes. */
export const converse = (
  port: number,
  options: { readonly allowHalfOpen?: boolean } = {}
): Effect.Effect<Conversation, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Net.Socket>((resume) => {
      const socket = Net.connect({ ...options, port, host: "127.0.0.1" }, () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(Effect.map((socket) => {
    let text = ""
    // A server that has answered may reset what is still being sent.
    socket.setEncoding("latin1").on("error", () => {}).on("data", (chunk) => {
      text += chunk
    })
    const heard = (pattern: RegExp): Effect.Effect<string> =>
      Effect.callback((resume) => {
        const look = (): void => {
          if (!pattern.test(text)) return
          socket.off("data", look)
          resume(Effect.succeed(text))
        }
        socket.on("data", look)
        look()
      })
    const closed = Effect.callback<string>((resume) => {
      const done = (): void => resume(Effect.succeed(text))
      if (socket.closed) done()
      else socket.once("close", done)
    })
    return {
      write: (text) => socket.write(text),
      end: () => socket.end(),
      heard,
      closed,
      destroy: () => socket.destroy()
    }
  }))

/** Sends everything before it reads, and waits until the other side has closed the connection. */
export const sendThenRead = (
  port: number,
  head: string | Uint8Array,
  body: ReadonlyArray<Uint8Array>
): Effect.Effect<string, NodeJS.ErrnoException> =>
  Effect.callback((resume) => {
    const socket = Net.connect({ port, host: "127.0.0.1" })
    let answer = ""
    socket.setEncoding("latin1")
    socket.once("error", (error) => resume(Effect.fail(error)))
    socket.once("close", () => resume(Effect.succeed(answer)))
    // Nothing is read before there is somewhere to read it to.
    const read = () =>
      socket.on("data", (text) => {
        answer += text
      })
    socket.write(head)
    for (const part of body) socket.write(part)
    socket.write("", read)
    return Effect.sync(() => socket.destroy())
  })

/** The engine's own server, open to everybody. Gives where it listens. */
export const opened = (settings: Server.Settings) => Effect.flatMap(Server.make(settings), ({ open }) => open)

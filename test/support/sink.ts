/**
 * A server that records what it is sent, and is as well or as broken as a test wants it to be at the moment.
 */
import { Effect, type Scope } from "effect"
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"
import { type Journal, makeJournal } from "./journal.ts"
import { closeAll, listen } from "./ports.ts"

export interface Received {
  /** When, in milliseconds, on a clock that never goes back. */
  readonly at: number
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type Behaviour =
  | { readonly _tag: "Answer"; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "Reset" }

export const answer = (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour => ({
  _tag: "Answer",
  status,
  headers
})
export const ok = answer(200)
/** No answer until the behaviour is another one. */
export const hang: Behaviour = { _tag: "Hang" }
/** The connection is reset once the request is there. */
export const reset: Behaviour = { _tag: "Reset" }

export interface Sink {
  readonly url: string
  /** All requests that came, whole, whatever became of them. */
  readonly requests: Journal<Received>
  /** Those that were answered with 200. */
  readonly taken: Journal<Received>
  /** Towards all requests from now on, and those that hang. */
  readonly behave: (behaviour: Behaviour) => Effect.Effect<void>
  /** Closes all connections and the port. */
  readonly refuse: Effect.Effect<void>
  /** Opens the same port again. */
  readonly reopen: Effect.Effect<void>
}

/** Answers 200 until it is told otherwise, and listens until the scope closes. */
export const makeSink: Effect.Effect<Sink, never, Scope.Scope> = Effect.gen(function*() {
  const requests = makeJournal<Received>(({ method, path, query }) => `${method} ${path}?${query}`)
  const taken = makeJournal<Received>(({ method, path, query }) => `${method} ${path}?${query}`)
  const hanging = new Set<() => void>()
  let behaviour = ok

  const react = (received: Received, response: ServerResponse): void => {
    switch (behaviour._tag) {
      case "Answer":
        if (behaviour.status === 200) taken.add(received)
        response.writeHead(behaviour.status, behaviour.headers).end()
        return
      case "Reset":
        response.socket?.resetAndDestroy()
        return
      case "Hang": {
        const again = (): void => react(received, response)
        hanging.add(again)
        response.once("close", () => hanging.delete(again))
      }
    }
  }
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request)
    const { headers, method = "", url = "" } = request
    const { pathname, searchParams } = new URL(url, "http://sink")
    const received = { at: performance.now(), method, path: pathname, query: searchParams, headers, body }
    requests.add(received)
    react(received, response)
  }
  // What is cut off before it is whole is no request.
  const server = createServer((request, response) => void receive(request, response).catch(() => response.destroy()))

  const close = () => closeAll(server)
  const port = yield* Effect.acquireRelease(Effect.promise(() => listen(server)), () => Effect.promise(close))
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    taken,
    behave: (next) =>
      Effect.sync(() => {
        behaviour = next
        const waiting = Array.from(hanging)
        hanging.clear()
        for (const again of waiting) again()
      }),
    refuse: Effect.promise(close),
    reopen: Effect.promise(async () => {
      server.listen(port, "127.0.0.1")
      await once(server, "listening")
    })
  }
})

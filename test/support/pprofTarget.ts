/**
 * A process that is asked for profiles, and answers as a test says: each path for itself, one request after the other.
 */
import { Effect, type Scope } from "effect"
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import { type Journal, makeJournal } from "./journal.ts"
import { closeAll, listen } from "./ports.ts"

export interface Asked {
  readonly path: string
  readonly query: string
  readonly headers: IncomingHttpHeaders
}

/** What a request gets. */
export type Answer = (response: ServerResponse, asked: Asked) => void

const binary = { "content-type": "application/octet-stream" }

export const answer =
  (status: number, body: string | Uint8Array = "", headers: Readonly<Record<string, string>> = binary): Answer =>
  (response) => void response.writeHead(status, headers).end(body)

/** What `take` gives at the moment of each request. */
export const profile = (take: () => Uint8Array): Answer => (response) =>
  void response.writeHead(200, binary).end(take())

/** Says nothing. */
export const hang: Answer = () => {}

/** A byte at a time, without an end. */
export const drip: Answer = (response) => {
  response.writeHead(200, binary).write("\n")
  const dripping = setInterval(() => response.write("\n"), 5)
  response.once("close", () => clearInterval(dripping))
}

/** Breaks off in the middle of its answer. */
export const cut: Answer = (response) => {
  response.writeHead(200, { ...binary, "content-length": "1000" }).write("half of it")
  setImmediate(() => response.destroy())
}

export interface PprofTarget {
  /** For `__address__`. */
  readonly address: string
  readonly asked: Journal<Asked>
  /**
   * From now on requests for a path get these answers in turn, and the last one ever after. A path for which nothing is
   * said gets 404.
   */
  readonly answers: (path: string, ...answers: readonly [Answer, ...ReadonlyArray<Answer>]) => void
  /** Waits until a path has been asked for so often, since the beginning. */
  readonly askedFor: (path: string, count: number) => Effect.Effect<unknown>
  /** Breaks all connections, and refuses others. */
  readonly stop: Effect.Effect<void>
}

/** Listens until the scope closes. */
export const makePprofTarget: Effect.Effect<PprofTarget, never, Scope.Scope> = Effect.gen(function*() {
  const asked = makeJournal<Asked>(({ path, query }) => path + query)
  const answers = new Map<string, ReadonlyArray<Answer>>()
  const server = createServer(({ headers, url = "" }, response) => {
    const { pathname: path, search: query } = new URL(url, "http://target")
    const [next = answer(404, "404 page not found\n", { "content-type": "text/plain" }), ...later] =
      answers.get(path) ?? []
    if (later.length > 0) answers.set(path, later)
    const request = { path, query, headers }
    next(response, request)
    // Whoever waits for it may change what is answered there and then.
    asked.add(request)
  })
  const stop = Effect.promise(() => closeAll(server))
  const port = yield* Effect.acquireRelease(Effect.promise(() => listen(server)), () => stop)
  return {
    address: `127.0.0.1:${port}`,
    asked,
    answers: (path, ...next) => void answers.set(path, next),
    askedFor: (path, count) => asked.until((all) => all.filter((one) => one.path === path).length >= count),
    stop
  }
})

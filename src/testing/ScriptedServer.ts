/**
 * A server that does what a script says: no socket, and all its times are the `Clock`'s, so that a test can hold an hour of
 * failures and recovery. Every host and path is this server. It is a `Transport` for `Forward.layerNoDeps` and
 * `Scrape.layerNoDeps`, and an `HttpClient` for whatever else sends requests.
 *
 * ```ts
 * const Profiles = Forward.layerNoDeps({ endpoints: [{ url: "http://pyroscope.example" }] }).pipe(
 *   Layer.provideMerge(ScriptedServer.layer([ScriptedServer.answer(503), ScriptedServer.answer(200)]))
 * )
 * ```
 */
import { Clock, Context, Effect, Latch, Layer } from "effect"
import { type Headers, HttpClient, HttpClientError, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { Transport } from "../transport/Transport.ts"
import { NoConnection } from "../transport/TransportError.ts"

/** A request as it came. */
export interface Received {
  /** When, in milliseconds since the epoch. */
  readonly at: number
  /** `POST` for a push. */
  readonly method: string
  /** All of it, query included. */
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Headers.Headers
  /** As it was sent; empty where there is none. */
  readonly body: Uint8Array
}

/** An answer of HTTP. */
export interface Answer {
  /** Of HTTP: 503. */
  readonly status: number
  /** Such as `retry-after`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** A text. Default: empty. */
  readonly body?: string
}

/**
 * What the server does with a request. `Effect.delay` makes it slow, `Effect.never` leaves the client waiting, and a
 * `NoConnection` is a connection that fails.
 */
export type Reaction = Effect.Effect<Answer, NoConnection>

/** One reaction for each request in the order they come, or a function that chooses. */
export type Script = ReadonlyArray<Reaction> | ((request: Received) => Reaction)

/** An answer at once. */
export const answer = (status: number, options: Omit<Answer, "status"> = {}): Reaction =>
  Effect.succeed({ status, ...options })

/** A connection that fails with the system's, TLS's or undici's code for it, such as `ECONNREFUSED`. */
export const failure = (code: string): Reaction => Effect.fail(new NoConnection({ code, detail: "no connection" }))

/** Never an answer. */
export const silence: Reaction = Effect.never

/** What the server has seen. */
export class ScriptedServer extends Context.Service<ScriptedServer, {
  /** All requests so far, in the order they came. Grows. */
  readonly requests: ReadonlyArray<Received>
  /** Waits until that many requests have come, and gives all there are. */
  readonly received: (count: number) => Effect.Effect<ReadonlyArray<Received>>
}>()("pyroduct/testing/ScriptedServer") {}

/** Where a list of reactions ends, everything is answered with 200. */
export const layer = (script: Script = []): Layer.Layer<ScriptedServer | HttpClient.HttpClient | Transport> =>
  Layer.provideMerge(Transport.layerHttpClient, client(script))

const client = (script: Script): Layer.Layer<ScriptedServer | HttpClient.HttpClient> =>
  Layer.effectContext(Effect.sync(() => {
    const requests: Array<Received> = []
    const arrival = Latch.makeUnsafe(false)
    const reactionTo = (request: Received): Reaction =>
      typeof script === "function" ? script(request) : script[requests.length - 1] ?? answer(200)

    const client = HttpClient.make((request, url) =>
      Effect.gen(function*() {
        const { headers, method } = request
        const body = request.body._tag === "Uint8Array" ? request.body.body : new Uint8Array(0)
        const received: Received = { at: yield* Clock.currentTimeMillis, method, url, headers, body }
        requests.push(received)
        const reaction = reactionTo(received)
        yield* arrival.release
        return responseTo(request, yield* reaction)
      }).pipe(Effect.mapError((error) => brokenConnection(request, error)))
    )
    const received = (count: number): Effect.Effect<ReadonlyArray<Received>> =>
      Effect.suspend(() =>
        requests.length >= count ? Effect.succeed(requests) : Effect.andThen(arrival.await, received(count))
      )
    return Context.make(HttpClient.HttpClient, client).pipe(
      Context.add(ScriptedServer, ScriptedServer.of({ requests, received }))
    )
  }))

/** The text is there at once: a promise for it would be kept outside of a `TestClock`'s time. */
const responseTo = (
  request: HttpClientRequest.HttpClientRequest,
  { body = "", headers = {}, status }: Answer
): HttpClientResponse.HttpClientResponse =>
  Object.create(HttpClientResponse.fromWeb(request, new Response(null, { status, headers })), {
    text: { value: Effect.succeed(body) },
    arrayBuffer: { value: Effect.sync(() => new TextEncoder().encode(body).buffer) }
  })

const brokenConnection = (request: HttpClientRequest.HttpClientRequest, { code, detail }: NoConnection) =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.TransportError({ request, cause: Object.assign(new Error(detail), { code }) })
  })

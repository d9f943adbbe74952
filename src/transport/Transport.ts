/**
 * How requests reach a server: one connection pool per endpoint, behind an interface small enough to fake.
 *
 * A request goes straight to undici's dispatcher and an answer is read up to `maxText` bytes: no stream and no URL is
 * built per request. What a caller decides, such as a timeout, is the caller's: interrupting `send` aborts the request.
 */
import { type Dispatcher, Pool } from "@effect/platform-node/Undici"
import { Context, Data, Effect, Layer, type Scope } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"

export interface Request {
  readonly method: "GET" | "POST"
  /** Path and query, from the root. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface Response {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The beginning of the body. */
  readonly text: string
}

/** No answer: `code` is the system's, TLS's or undici's word for it, such as `ECONNREFUSED`. */
export class TransportError extends Data.TaggedError("TransportError")<{
  readonly code: string
  readonly detail: string
}> {
  override get message(): string {
    return `${this.detail} (${this.code})`
  }
}

export interface Connection {
  readonly send: (request: Request) => Effect.Effect<Response, TransportError>
}

export interface Settings {
  /** Scheme, host and port: `https://profiles.example:4040`. */
  readonly origin: string
  /** How many connections to keep at most. */
  readonly connections: number
}

/** Makes connections. Each is closed with the scope it was made in. */
export class Transport extends Context.Service<Transport, {
  readonly connect: (settings: Settings) => Effect.Effect<Connection, never, Scope.Scope>
}>()("pyroduct/transport/Transport") {
  /** Over undici, with keep-alive. */
  static readonly layer: Layer.Layer<Transport> = Layer.sync(Transport, () => ({
    connect: Effect.fnUntraced(function*(settings) {
      const pool = yield* Effect.acquireRelease(
        Effect.sync(() =>
          new Pool(settings.origin, {
            connections: settings.connections,
            // How long an attempt may take is the caller's business.
            connect: { timeout: 0 },
            headersTimeout: 0,
            bodyTimeout: 0,
            keepAliveTimeout: 55_000
          })
        ),
        (pool) => Effect.promise(() => pool.destroy())
      )
      return { send: (request: Request) => dispatch(pool, request) }
    })
  }))

  /** Over any `HttpClient`: an application's own, or a fake. */
  static readonly layerHttpClient: Layer.Layer<Transport, never, HttpClient.HttpClient> = Layer.effect(
    Transport,
    Effect.map(HttpClient.HttpClient, (client) => ({
      connect: (settings) => Effect.succeed({ send: (request) => execute(client, settings.origin, request) })
    }))
  )
}

/** An error's text says what went wrong in its beginning. */
const maxText = 2048

const dispatch = (pool: Pool, request: Request): Effect.Effect<Response, TransportError> =>
  Effect.callback((resume) => {
    const exchange = new Exchange(resume)
    pool.dispatch(request, exchange)
    return Effect.sync(() => exchange.abort())
  })

class Exchange implements Dispatcher.DispatchHandler {
  private readonly resume: (result: Effect.Effect<Response, TransportError>) => void
  private readonly headers: Record<string, string> = {}
  private status = 0
  private text: Uint8Array = new Uint8Array(0)
  private controller: Dispatcher.DispatchController | undefined
  private aborted = false

  constructor(resume: (result: Effect.Effect<Response, TransportError>) => void) {
    this.resume = resume
  }

  abort(): void {
    this.aborted = true
    this.controller?.abort(new Error("interrupted"))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.aborted) controller.abort(new Error("interrupted"))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | Array<string> | undefined>
  ): void {
    this.status = status
    for (const name in headers) {
      const value = headers[name]
      if (value !== undefined) this.headers[name] = typeof value === "string" ? value : value.join(", ")
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const room = maxText - this.text.byteLength
    if (room <= 0) return
    this.text = concat(this.text, chunk.subarray(0, room))
  }

  onResponseEnd(): void {
    const text = this.text.byteLength === 0 ? "" : decoder.decode(this.text)
    this.resume(Effect.succeed({ status: this.status, headers: this.headers, text }))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.resume(Effect.fail(transportError(error)))
  }
}

const decoder = new TextDecoder()

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.byteLength + b.byteLength)
  both.set(a)
  both.set(b, a.byteLength)
  return both
}

const execute = (client: HttpClient.HttpClient, origin: string, request: Request) =>
  HttpClientRequest.make(request.method)(origin + request.path).pipe(
    HttpClientRequest.setHeaders(request.headers),
    HttpClientRequest.setBody(HttpBody.uint8Array(request.body, request.headers["content-type"])),
    client.execute,
    Effect.flatMap((response) =>
      Effect.map(response.text, (text): Response => ({
        status: response.status,
        headers: response.headers,
        text: text.slice(0, maxText)
      }))
    ),
    Effect.mapError((error) => transportError("cause" in error.reason ? error.reason.cause : error)),
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
  )

/** The first error with a code, from the outside in, says what happened: a `fetch failed` only wraps it. */
const transportError = (error: unknown): TransportError => {
  let current = error
  for (let depth = 0; depth < 5 && typeof current === "object" && current !== null; depth++) {
    if ("code" in current && typeof current.code === "string") {
      const detail = "message" in current && current.message !== "" ? String(current.message) : "connection failed"
      return new TransportError({ code: current.code, detail })
    }
    if ("errors" in current && Array.isArray(current.errors)) current = current.errors[0]
    else if ("cause" in current) current = current.cause
    else break
  }
  return new TransportError({ code: "UNKNOWN", detail: error instanceof Error ? error.message : "connection failed" })
}

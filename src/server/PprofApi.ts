/**
 * `/debug/pprof`: profiles of the engine itself, as tools for Go's ask for them.
 */
import { toIncomingMessage } from "@effect/platform-node/NodeHttpServerRequest"
import { Duration, Effect, type Scope } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { InspectorError } from "../pprof/Inspector.ts"
import * as OnDemand from "../pprof/OnDemand.ts"
import * as Timer from "../telemetry/Timer.ts"

/** An answer of HTTP. */
export interface Answer {
  /** 200, 400, 404 or 503. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** A gzipped pprof, or a text. */
  readonly body: Uint8Array
}

/** Answers `/debug/pprof` and what is below. */
export interface PprofApi {
  /** For anybody in the process: what is at a path with its query. `undefined` is "not found". */
  readonly get: (url: string) => Effect.Effect<Answer | undefined>
  /** For the request that is there, whose connection may end before a profile is taken. */
  readonly handle: Effect.Effect<
    HttpServerResponse.HttpServerResponse | undefined,
    never,
    HttpServerRequest.HttpServerRequest
  >
}

const prefix = "/debug/pprof"

/** @internal */
export const isPath = (path: string): boolean => path === prefix || path.startsWith(`${prefix}/`)

/** A path below the prefix, and its query. */
interface Asked {
  readonly path: string
  readonly query: URLSearchParams
}

const read = (url: string): Asked | undefined => {
  const path = url.split("?", 1)[0]!
  return isPath(path)
    ? { path: path.slice(prefix.length), query: new URLSearchParams(url.slice(path.length)) }
    : undefined
}

const text = (body: string, status = 200): Answer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: new TextEncoder().encode(`${body}\n`)
})

const index = text(
  "profile?seconds=30\nheap\nallocs\n\nprofile: what the main thread does, for 1 to 300 seconds\nheap: what is alive\n" +
    "allocs: the same, as nobody knows what is not alive any more"
)

/** Of what the main thread does for so many seconds. */
type Cpu = (seconds: number) => Effect.Effect<Answer>

const defaultSeconds = 30
const maxSeconds = 300

/** `undefined` for what nobody can be profiled for. */
const secondsOf = (query: URLSearchParams): number | undefined => {
  const seconds = Number(query.get("seconds") ?? defaultSeconds)
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= maxSeconds ? seconds : undefined
}

/** One CPU profile at a time for requests, and one in memory. */
export const make: Effect.Effect<PprofApi, never, Scope.Scope> = Effect.gen(function*() {
  const profiles = yield* OnDemand.make

  const answer = (name: string, profile: Effect.Effect<Uint8Array, InspectorError>): Effect.Effect<Answer> =>
    Effect.match(profile, {
      onFailure: ({ message }) => text(message, 503),
      onSuccess: (body): Answer => ({
        status: 200,
        headers: {
          "content-type": "application/octet-stream",
          "content-disposition": `attachment; filename="${name}"`
        },
        body
      })
    })

  const oneAtATime = (): Cpu => {
    let isProfiling = false
    return (seconds) =>
      Effect.suspend(() => {
        if (isProfiling) return Effect.succeed(text("another CPU profile is being taken", 503))
        isProfiling = true
        return Effect.ensuring(
          answer("profile", profiles.cpu(Duration.seconds(seconds))),
          Effect.sync(() => {
            isProfiling = false
          })
        )
      })
  }

  const take = ({ path, query }: Asked, cpu: Cpu): Effect.Effect<Answer | undefined> => {
    if (path === "" || path === "/") return Effect.succeed(index)
    const isMemory = path === "/heap" || path === "/allocs"
    if (path !== "/profile" && !isMemory) return Effect.undefined
    if (Number(query.get("debug") ?? 0) !== 0) {
      return Effect.succeed(text("there is no other form than pprof, gzipped: leave out debug", 400))
    }
    if (isMemory) return answer(path.slice(1), profiles.heap)
    const seconds = secondsOf(query)
    return seconds === undefined
      ? Effect.succeed(text(`seconds must be a whole number from 1 to ${maxSeconds}`, 400))
      : cpu(seconds)
  }

  const inMemory = oneAtATime()
  const forRequests = oneAtATime()
  return {
    get: (url) => {
      const asked = read(url)
      return asked === undefined ? Effect.undefined : take(asked, inMemory)
    },
    handle: Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const asked = read(request.url)
      if (asked === undefined) return Effect.undefined
      const seconds = asked.path === "/profile" ? secondsOf(asked.query) : undefined
      const taken = take(asked, forRequests)
      const answer = seconds === undefined ? taken : whileConnected(request, taken, seconds)
      return Effect.map(answer, (found) => found && responseOf(found))
    })
  }
})

// ---- For a request ----

const responseOf = ({ body, headers, status }: Answer): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.uint8Array(body, { status, headers })

/** For a request that says nothing for as long as it is profiled, besides what it may take otherwise. */
const patience = Duration.seconds(30)

const whileConnected = <A>(
  request: HttpServerRequest.HttpServerRequest,
  profile: Effect.Effect<A>,
  seconds: number
) => {
  const { socket } = toIncomingMessage(request) as IncomingMessage
  // Node would end a connection on which nothing moves.
  socket.setTimeout(Timer.millis(Duration.sum(Duration.seconds(seconds), patience)))
  return Effect.raceFirst(profile, leaving(socket))
}

/** Whoever ends his side may only have nothing more to ask, but most have gone, and others wait for their profile. */
const leaving = (socket: Socket) =>
  Effect.callback<Answer>((resume) => {
    const left = (): void => resume(Effect.succeed(text("the connection was ended before the profile was there", 503)))
    if (socket.readableEnded) return left()
    socket.once("end", left)
    return Effect.sync(() => socket.off("end", left))
  })

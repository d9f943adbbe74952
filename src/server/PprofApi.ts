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

/** `undefined` is "not found". The path is what is below `/debug/pprof`. */
export type Handler = (
  path: string,
  query: URLSearchParams
) => Effect.Effect<HttpServerResponse.HttpServerResponse | undefined, never, HttpServerRequest.HttpServerRequest>

const text = (body: string, status = 200) => HttpServerResponse.text(`${body}\n`, { status })

const index = text(
  "profile?seconds=30\nheap\n\nprofile: what the main thread does, for 1 to 300 seconds\nheap: what is alive"
)

const defaultSeconds = 30
const maxSeconds = 300

/** For a request that says nothing for as long as it is profiled, besides what it may take otherwise. */
const patience = Duration.seconds(30)

/** Whoever ends his side may only have nothing more to ask, but most have gone, and others wait for their profile. */
const leaving = (socket: Socket) =>
  Effect.callback<HttpServerResponse.HttpServerResponse>((resume) => {
    const left = (): void => resume(Effect.succeed(text("the connection was ended before the profile was there", 503)))
    if (socket.readableEnded) return left()
    socket.once("end", left)
    return Effect.sync(() => socket.off("end", left))
  })

/** One CPU profile at a time. */
export const make: Effect.Effect<Handler, never, Scope.Scope> = Effect.gen(function*() {
  const profiles = yield* OnDemand.make
  let isProfiling = false

  const answer = (name: string, profile: Effect.Effect<Uint8Array, InspectorError>) =>
    Effect.match(profile, {
      onFailure: ({ message }) => text(message, 503),
      onSuccess: (pprof) =>
        HttpServerResponse.uint8Array(pprof, {
          contentType: "application/octet-stream",
          headers: { "content-disposition": `attachment; filename="${name}"` }
        })
    })

  const cpu = (seconds: number) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      if (isProfiling) return Effect.succeed(text("another CPU profile is being taken", 503))
      isProfiling = true
      const duration = Duration.seconds(seconds)
      const { socket } = toIncomingMessage(request) as IncomingMessage
      // Node would end a connection on which nothing moves.
      socket.setTimeout(Timer.millis(Duration.sum(duration, patience)))
      return Effect.ensuring(
        Effect.raceFirst(answer("profile", profiles.cpu(duration)), leaving(socket)),
        Effect.sync(() => {
          isProfiling = false
        })
      )
    })

  return (path, query) => {
    if (path === "" || path === "/") return Effect.succeed(index)
    if (path !== "/profile" && path !== "/heap") return Effect.undefined
    if (Number(query.get("debug") ?? 0) !== 0) {
      return Effect.succeed(text("there is no other form than pprof, gzipped: leave out debug", 400))
    }
    if (path === "/heap") return answer("heap", profiles.heap)
    const seconds = Number(query.get("seconds") ?? defaultSeconds)
    return Number.isInteger(seconds) && seconds >= 1 && seconds <= maxSeconds
      ? cpu(seconds)
      : Effect.succeed(text(`seconds must be a whole number from 1 to ${maxSeconds}`, 400))
  }
})

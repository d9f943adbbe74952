/**
 * Targets that do what a test says, and a receiver that keeps what it takes. All times are those of the `TestClock`.
 */
import { Clock, Effect, Exit, Layer, Metric, Queue, Scope, SubscriptionRef } from "effect"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import type * as Profile from "../../src/profile/Profile.ts"
import * as Loops from "../../src/scrape/Loops.ts"
import type * as ProfileType from "../../src/scrape/ProfileType.ts"
import * as Scrape from "../../src/scrape/Scrape.ts"
import type { TargetState } from "../../src/scrape/TargetState.ts"
import type * as Problems from "../../src/transport/Problems.ts"
import { type Request, type Response, Transport, type TransportError } from "../../src/transport/Transport.ts"
import { makePprof } from "../support/pprof.ts"

/** A request as it came. */
export interface Received {
  /** In milliseconds. */
  readonly at: number
  readonly host: string
  readonly path: string
}

/** What becomes of the n-th request to a path of a host, from 0. */
export type Script = (received: Received, n: number) => Effect.Effect<Response, TransportError>

export const answer = (body: Uint8Array, status = 200): Effect.Effect<Response> =>
  Effect.succeed({
    status,
    headers: { "content-type": "application/octet-stream" },
    text: "",
    ...(status < 300 && { body }),
    leave: () => {}
  })

export const failure = (status: number, text = ""): Effect.Effect<Response> =>
  Effect.succeed({ status, headers: {}, text, leave: () => {} })

const pprof = makePprof({ samples: 1 })

/** A profile of which nothing is subtracted. */
export const goroutine: ProfileType.ProfileType = { name: "goroutine", path: "/goroutine", isTimed: false }
export const memory: ProfileType.ProfileType = { name: "memory", path: "/allocs", isTimed: false }
export const cpu: ProfileType.ProfileType = { name: "process_cpu", path: "/profile", isTimed: true }

export interface World {
  readonly requests: ReadonlyArray<Received>
  /** Those that were given up while they were on their way. */
  readonly interrupted: ReadonlyArray<Received>
  /** What is taken, in order. */
  readonly taken: Queue.Queue<Profile.Profile>
  /** Whether the receiver refuses what it is offered. */
  refuses: boolean
  readonly receiver: Receiver.Receiver
  /** Scrapes until it is closed, or in its place something else. */
  readonly scrape: (options: Scrape.Options, receiver?: Receiver.Receiver) => Effect.Effect<Running>
  /** How many targets there are by the metrics. */
  readonly counted: Effect.Effect<number>
}

export interface Running {
  readonly states: () => ReadonlyArray<TargetState>
  readonly close: Effect.Effect<void>
}

export const makeReceiver = (
  taken: Queue.Queue<Profile.Profile>,
  refuses: () => boolean = () => false
): Receiver.Receiver =>
  Receiver.make((profile) =>
    refuses()
      ? Effect.fail(new Receiver.Refused({ reason: new Receiver.Stopped() }))
      : Effect.as(Queue.offer(taken, profile), Receipt.make(Effect.succeed([])))
  )

export const make = Effect.fnUntraced(function*(script: Script = () => answer(pprof)) {
  const requests: Array<Received> = []
  const interrupted: Array<Received> = []
  const counts = new Map<string, number>()
  const taken = yield* Queue.unbounded<Profile.Profile>()
  const problems = yield* SubscriptionRef.make<Problems.All>(new Map())
  const start = yield* Clock.currentTimeMillis
  const send = Effect.fnUntraced(function*({ origin, path }: Request) {
    const received = { at: (yield* Clock.currentTimeMillis) - start, host: new URL(origin).host, path }
    const key = received.host + path
    const n = counts.get(key) ?? 0
    counts.set(key, n + 1)
    requests.push(received)
    return yield* Effect.onInterrupt(script(received, n), () => Effect.sync(() => interrupted.push(received)))
  })
  const withMetrics = Effect.provideService(Metric.MetricRegistry, new Map())
  const loops = yield* Layer.build(Loops.layer)
  const transport = Transport.of({ connect: () => Effect.succeed({ send, problems }) })
  const world: World = {
    requests,
    interrupted,
    taken,
    refuses: false,
    receiver: makeReceiver(taken, () => world.refuses),
    counted: Effect.map(
      Metric.snapshot,
      (all) =>
        all.reduce((sum, metric) =>
          metric.type === "Gauge" && metric.id === "pyroscope_scrape_targets"
            ? sum + Number(metric.state.value)
            : sum, 0)
    ).pipe(withMetrics),
    scrape: Effect.fnUntraced(function*(options, receiver = world.receiver) {
      const scope = yield* Scope.make()
      const { states } = yield* Scrape.make({ id: "pyroscope.scrape.default", ...options }).pipe(
        Effect.provideContext(loops),
        Effect.provideService(Transport, transport),
        Effect.provideService(Receiver.Receiver, receiver),
        withMetrics,
        Scope.provide(scope),
        Effect.orDie
      )
      return { states: () => Array.from(states()), close: Scope.close(scope, Exit.void) }
    })
  }
  return world
})

/** The processes at these addresses. */
export const at = (...addresses: ReadonlyArray<string>) =>
  addresses.map((address) => Labels.make({ __address__: address, service_name: "app" }))

/**
 * The queues and lanes of one receiver, which outlive a change of its endpoints.
 *
 * Whoever is made anew with other endpoints takes its lanes from the same `Lanes` as the one whose place it takes, while
 * that is still there. A lane belongs to its settings: one that both have is the same, with its queue, connection, back-off
 * and counts. An endpoint that is set differently gets a new lane, over the queue that it has (see `Succession`). One that
 * is gone is drained when the last that used it closes; where it comes back meanwhile, its queue goes on.
 *
 * The new lanes take charge of their queues together, once all of them could be made.
 */
import { Clock, Context, Effect, Layer, RcMap, Scope } from "effect"
import * as Health from "../telemetry/Health.ts"
import type * as Transport from "../transport/Transport.ts"
import * as Backlog from "./Backlog.ts"
import * as Endpoint from "./Endpoint.ts"
import * as Services from "./Services.ts"
import * as Succession from "./Succession.ts"

/** @internal */
export interface Lanes {
  /** What is known of the services whose profiles came. */
  readonly services: Services.Services
  /** A lane for each endpoint, in charge of its queue, for as long as the scope is open. */
  readonly take: (
    endpoints: ReadonlyArray<Endpoint.Settings>
  ) => Effect.Effect<ReadonlyArray<Endpoint.Endpoint>, Transport.UnusableSettings, Transport.Transport | Scope.Scope>
}

interface Running {
  readonly endpoint: Endpoint.Endpoint
  /** What it says of its health to all that use it. */
  readonly health: Health.Relay
}

/** @internal */
export const make: Effect.Effect<Lanes, never, Scope.Scope> = Effect.gen(function*() {
  /** What the lane in charge of a queue was made for, by the queue's number, in the order of the endpoints. */
  const known = new Map<number, Endpoint.Settings>()
  let numbers = 0

  const queues = yield* RcMap.make({
    lookup: Effect.fnUntraced(function*(number: number) {
      const backlog = yield* Backlog.make
      const lanes = yield* RcMap.make({ lookup: (settings: Endpoint.Settings) => run(settings, backlog) })
      yield* Effect.addFinalizer(() => Effect.sync(() => known.delete(number)))
      return lanes
    })
  })

  const take = Effect.fnUntraced(function*(number: number, settings: Endpoint.Settings) {
    // What it has told stands until its lane is drained.
    const reporter = yield* Health.reporter
    const { endpoint, health } = yield* RcMap.get(yield* RcMap.get(queues, number), settings)
    yield* health.follow(reporter)
    return endpoint
  })

  return {
    services: Services.make(yield* Clock.Clock),
    take: Effect.fnUntraced(function*(endpoints) {
      const numberOf = Succession.match(endpoints, known).map((number) => number ?? numbers++)
      // None waits for the files of another, nor, at the end, for its queue.
      const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
      const taken = yield* Effect.forEach(
        named(endpoints),
        (settings, index) =>
          Effect.flatMap(Scope.fork(scope), (own) => Scope.provide(take(numberOf[index]!, settings), own)),
        { concurrency: "unbounded" }
      )
      yield* Effect.uninterruptible(Effect.forEach(taken, ({ lane }) => lane.takeCharge, { discard: true }))
      numberOf.forEach((number, index) => {
        known.delete(number)
        known.set(number, endpoints[index]!)
      })
      return taken
    })
  }
})

const run = (
  settings: Endpoint.Settings,
  backlog: Backlog.Backlog
): Effect.Effect<Running, Transport.UnusableSettings, Scope.Scope> =>
  Effect.gen(function*() {
    const health = Health.relay()
    // It runs in the context of who asked for it first, which has a Transport.
    const context = (yield* Effect.context<never>()) as Context.Context<Transport.Transport>
    const endpoint = yield* Endpoint.make(settings, backlog).pipe(
      Effect.provideService(Health.Reporter, health),
      Effect.provideContext(context)
    )
    return { endpoint, health }
  })

/** Each with a name where its URL, and the name it was given, do not tell it from the others. */
const named = (endpoints: ReadonlyArray<Endpoint.Settings>): ReadonlyArray<Endpoint.Settings> => {
  const key = ({ name, url }: Endpoint.Settings): string => `${Endpoint.nameOf(url)} ${name}`
  const all = endpoints.map(key)
  return endpoints.map((endpoint, index) => {
    const isAlone = all.indexOf(all[index]!) === all.lastIndexOf(all[index]!)
    return isAlone ? endpoint : { ...endpoint, name: `${endpoint.name} ${index + 1}`.trim() }
  })
}

// ---- By id ----

/**
 * Where whoever has an id finds the `Lanes` of the one with that id before it. Without it, each has its own.
 *
 * @internal
 */
export const Lanes = Context.Reference<RcMap.RcMap<string, Lanes> | undefined>("pyroduct/delivery/Lanes", {
  defaultValue: () => undefined
})

/** For everything that runs in it: each id is to be of one receiver at a time, and of the one that takes its place. */
export const layer: Layer.Layer<never> = Layer.effect(Lanes, RcMap.make({ lookup: (_id: string) => make }))

/**
 * Those of that id, while they are in use; else new ones.
 *
 * @internal
 */
export const of = (id: string | undefined): Effect.Effect<Lanes, never, Scope.Scope> =>
  Effect.flatMap(Lanes, (all) => all === undefined || id === undefined ? make : RcMap.get(all, id))

/**
 * The loops of the targets of one owner, which outlive a change of what is scraped and how.
 *
 * Whoever is made anew takes its targets from the same `Loops` as the one whose place it takes, while that is still there:
 * a target that both have goes on being scraped, at its moments and with what is known of its profiles, by the newer one's
 * settings. A target that is gone ends when the last that had it closes, in the middle of a scrape if need be.
 */
import { Context, Effect, Equal, Fiber, Layer, PartitionedSemaphore, RcMap, Scope } from "effect"
import type * as Labels from "../profile/Labels.ts"
import * as Loop from "./Loop.ts"
import * as Target from "./Target.ts"
import type { TargetState } from "./TargetState.ts"

/** @internal */
export interface Loops {
  /**
   * The targets of processes, as they were made before as far as nothing has changed. Which problems are `news` it knows as
   * well: those that were not there the last time.
   */
  readonly targetsOf: (
    settings: Target.Settings,
    processes: Iterable<Labels.Labels>
  ) => Target.Many & { readonly news: ReadonlyArray<Target.Problem> }
  /** Has these targets scraped for as long as the scope is open. */
  readonly take: (
    targets: ReadonlyArray<Target.Target>,
    scraper: Loop.Scraper
  ) => Effect.Effect<void, never, Scope.Scope>
  /** How all targets are doing, or those that are scraped by this one, in no order. Each target is scraped by one. */
  readonly states: (by?: Loop.Scraper) => Iterable<TargetState>
  /** The permits are for all that share the `layer`. */
  readonly permits: Loop.Permits
}

/**
 * Far more requests than there are slow targets, so that nobody waits for those, and fewer than a process may have sockets:
 * for a timed profile a connection is open most of the time. Work on as many profiles as Node has threads for that.
 */
// Not `Semaphore`, which looks at all that wait at each release: thousands may.
const makePermits = (): Loop.Permits => ({
  requests: PartitionedSemaphore.makeUnsafe({ permits: 10_000 }),
  work: PartitionedSemaphore.makeUnsafe({ permits: 4 })
})

/** So many are begun, and ended, before something else has its turn. */
const slice = 500

/** What somebody wants to be scraped, and how. */
interface Claim {
  readonly targets: ReadonlyMap<string, Target.Target>
  readonly scraper: Loop.Scraper
}

interface Entry {
  readonly loop: Loop.Loop
  /** The newest one counts. */
  readonly claims: Array<Claim>
  /** Once the loop has begun. */
  fiber: Fiber.Fiber<void> | undefined
}

const makeWith = (permits: Loop.Permits, run: Run): Loops => {
  const entries = new Map<string, Entry>()
  let made: { readonly settings: Target.Settings; readonly make: ReturnType<typeof Target.maker> } | undefined

  let problems: ReadonlySet<string> = new Set()

  const hold = (id: string, claim: Claim): void => {
    const entry = entries.get(id)
    if (entry === undefined) {
      const loop = new Loop.Loop(claim.targets.get(id)!, claim.scraper)
      entries.set(id, { loop, claims: [claim], fiber: undefined })
    } else {
      entry.claims.push(claim)
      follow(id, entry)
    }
  }

  const begin = (id: string): void => {
    const entry = entries.get(id)
    if (entry !== undefined) entry.fiber ??= run(entry.loop.run)
  }

  const follow = (id: string, entry: Entry): void => {
    const { scraper, targets } = entry.claims.at(-1)!
    if (!entry.loop.follow(targets.get(id)!, scraper) || entry.fiber === undefined) return
    entry.fiber.interruptUnsafe()
    entry.fiber = run(entry.loop.run)
  }

  /** Gives the fiber that has been told to end, if there is one. */
  const release = (id: string, claim: Claim): Fiber.Fiber<void> | undefined => {
    const entry = entries.get(id)!
    const { claims, fiber } = entry
    const isNewest = claims.at(-1) === claim
    claims.splice(claims.indexOf(claim), 1)
    if (claims.length > 0) {
      if (isNewest) follow(id, entry)
      return undefined
    }
    entries.delete(id)
    fiber?.interruptUnsafe()
    return fiber
  }

  return {
    permits,
    targetsOf: (settings, processes) => {
      if (made === undefined || !Equal.equals(made.settings, settings)) {
        made = { settings, make: Target.maker(settings) }
      }
      const many = made.make(processes)
      const before = problems
      problems = new Set(many.problems.map(textOf))
      return { ...many, news: many.problems.filter((problem) => !before.has(textOf(problem))) }
    },
    states: function*(by) {
      for (const { claims, loop } of entries.values()) {
        if (by === undefined || claims.at(-1)!.scraper === by) yield loop.state
      }
    },
    take: Effect.fnUntraced(function*(targets, scraper) {
      const claim: Claim = { targets: new Map(targets.map((target) => [target.id, target])), scraper }
      const held: Array<string> = []
      yield* Effect.addFinalizer(() =>
        Effect.gen(function*() {
          const ending: Array<Fiber.Fiber<void>> = []
          yield* inSlices(held, (id) => {
            const fiber = release(id, claim)
            if (fiber !== undefined) ending.push(fiber)
          })
          yield* Fiber.awaitAll(ending)
        })
      )
      yield* inSlices(claim.targets.keys(), (id) => {
        held.push(id)
        hold(id, claim)
      })
      // Nobody waits for that: those that have begun already are in its way, and many that fail take much of the time.
      yield* Effect.forkScoped(inSlices(held, begin), { startImmediately: true })
    })
  }
}

const textOf = ({ address, error }: Target.Problem): string => `${address} ${error.message}`

/** Begins a loop. It goes on when whoever began it is gone, so nothing of that one's is in its context. */
type Run = (loop: Effect.Effect<void>) => Fiber.Fiber<void>

const runner: Effect.Effect<Run> = Effect.contextWith((context: Context.Context<never>) =>
  Effect.succeed(Effect.runForkWith(Context.omit(Scope.Scope)(context)))
)

const inSlices = Effect.fnUntraced(function*<A>(all: Iterable<A>, f: (one: A) => void) {
  let count = 0
  for (const one of all) {
    f(one)
    if (++count % slice === 0) yield* Effect.yieldNow
  }
})

// ---- By id ----

/**
 * Where whoever has an id finds the `Loops` of the one with that id before it. Without it, each has its own.
 *
 * @internal
 */
export const Loops = Context.Reference<RcMap.RcMap<string, Loops> | undefined>("pyroduct/scrape/Loops", {
  defaultValue: () => undefined
})

/** For everything that runs in it: each id is to be of one owner at a time, and of the one that takes its place. */
export const layer: Layer.Layer<never> = Layer.effect(
  Loops,
  Effect.flatMap(runner, (run) => {
    const permits = makePermits()
    return RcMap.make({ lookup: (_id: string) => Effect.sync(() => makeWith(permits, run)) })
  })
)

/**
 * Those of that id, while they are in use; else new ones.
 *
 * @internal
 */
export const of = (id: string | undefined): Effect.Effect<Loops, never, Scope.Scope> =>
  Effect.flatMap(
    Loops,
    (all) =>
      all === undefined || id === undefined
        ? Effect.map(runner, (run) => makeWith(makePermits(), run))
        : RcMap.get(all, id)
  )

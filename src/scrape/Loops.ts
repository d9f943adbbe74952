/**
 * The loops of the targets of one owner, which outlive a change of what is scraped and how.
 *
 * Whoever is made anew takes its targets from the same `Loops` as the one whose place it takes, while that is still there:
 * a target that both have goes on being scraped, at its moments and with what is known of its profiles, by the newer one's
 * settings. A target that is gone ends when the last that had it closes, in the middle of a scrape if need be.
 */
import { Context, Duration, Effect, FiberMap, Layer, RcMap, Scope, Semaphore } from "effect"
import * as Loop from "./Loop.ts"
import * as Target from "./Target.ts"
import type { TargetState } from "./TargetState.ts"

export interface Loops {
  /** Has these targets scraped for as long as the scope is open. */
  readonly take: (
    targets: ReadonlyArray<Target.Target>,
    scraper: Loop.Scraper
  ) => Effect.Effect<void, never, Scope.Scope>
  /** How they are doing, in no order. */
  readonly states: () => Iterable<TargetState>
  /** The permits are for all that share the `layer`. */
  readonly work: Semaphore.Semaphore
}

/** Whole profiles in memory at a time, for what is done with them. Node has as many threads for that. */
const atOnce = 4

/** So many are begun, and ended, before something else has its turn. */
const slice = 500

/** What somebody wants of a target. The newest one's word counts. */
interface Holder {
  readonly target: Target.Target
  readonly scraper: Loop.Scraper
}

interface Entry {
  readonly loop: Loop.Loop
  readonly holders: Array<Holder>
}

const makeWith = Effect.fnUntraced(function*(work: Semaphore.Semaphore): Effect.fn.Return<Loops, never, Scope.Scope> {
  const fibers = yield* FiberMap.make<string, void>()
  const entries = new Map<string, Entry>()

  /** In a context of its own: the scope of whoever begins it closes before it ends. */
  const run = (id: string, loop: Loop.Loop) =>
    FiberMap.run(
      fibers,
      id,
      Effect.updateContext(loop.run, (context: Context.Context<never>) => Context.omit(Scope.Scope)(context))
    )

  const follow = (id: string, { holders, loop }: Entry, before: Holder): Effect.Effect<unknown> => {
    const { scraper, target } = holders.at(-1)!
    loop.follow(target, scraper)
    const isSame = Duration.equals(scraper.settings.interval, before.scraper.settings.interval)
    return isSame || !loop.isWaiting() ? Effect.void : run(id, loop)
  }

  const hold = (holder: Holder): Effect.Effect<unknown> => {
    const { scraper, target } = holder
    const known = entries.get(target.id)
    if (known !== undefined) {
      const before = known.holders.at(-1)!
      known.holders.push(holder)
      return follow(target.id, known, before)
    }
    const loop = Loop.make(target, scraper, Target.phase(target.id))
    entries.set(target.id, { loop, holders: [holder] })
    return run(target.id, loop)
  }

  const release = (holder: Holder): Effect.Effect<unknown> => {
    const { id } = holder.target
    const entry = entries.get(id)!
    const place = entry.holders.indexOf(holder)
    const isNewest = place === entry.holders.length - 1
    entry.holders.splice(place, 1)
    if (entry.holders.length > 0) return isNewest ? follow(id, entry, holder) : Effect.void
    entries.delete(id)
    return FiberMap.remove(fibers, id)
  }

  return {
    work,
    states: function*() {
      for (const { loop } of entries.values()) yield loop.state
    },
    take: Effect.fnUntraced(function*(targets, scraper) {
      const held: Array<Holder> = []
      yield* Effect.addFinalizer(() => inSlices(held, release))
      yield* inSlices(targets, (target) =>
        Effect.uninterruptible(Effect.suspend(() => {
          const holder = { target, scraper }
          held.push(holder)
          return hold(holder)
        })))
    })
  }
})

const inSlices = Effect.fnUntraced(function*<A>(all: ReadonlyArray<A>, f: (one: A) => Effect.Effect<unknown>) {
  let count = 0
  for (const one of all) {
    yield* f(one)
    if (++count % slice === 0) yield* Effect.yieldNow
  }
})

// ---- By id ----

/** Where whoever has an id finds the `Loops` of the one with that id before it. Without it, each has its own. */
export const Loops = Context.Reference<RcMap.RcMap<string, Loops> | undefined>("pyroduct/scrape/Loops", {
  defaultValue: () => undefined
})

/** For everything that runs in it: each id is to be of one owner at a time, and of the one that takes its place. */
export const layer: Layer.Layer<never> = Layer.effect(
  Loops,
  Effect.suspend(() => {
    const work = Semaphore.makeUnsafe(atOnce)
    return RcMap.make({ lookup: (_id: string) => makeWith(work) })
  })
)

/** Those of that id, while they are in use; else new ones. */
export const of = (id: string | undefined): Effect.Effect<Loops, never, Scope.Scope> =>
  Effect.flatMap(
    Loops,
    (all) => all === undefined || id === undefined ? makeWith(Semaphore.makeUnsafe(atOnce)) : RcMap.get(all, id)
  )

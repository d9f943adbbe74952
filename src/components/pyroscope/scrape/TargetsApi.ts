/**
 * `/api/v0/component/<id>/targets`: how the targets of a component are, a page at a time.
 */
import { Clock, Effect, Layer, Result, type Scope } from "effect"
import { HttpServerResponse } from "effect/http"
import { ComponentId } from "../../../engine/Component.ts"
import { Scrape } from "../../../scrape/Scrape.ts"
import * as TargetReport from "../../../scrape/TargetReport.ts"
import type { TargetState } from "../../../scrape/TargetState.ts"
import * as TargetText from "../../../scrape/TargetText.ts"
import { ComponentApi } from "../../../server/ComponentApi.ts"
import * as Turns from "../../../server/Turns.ts"

/** Of which targets one wants to know. */
interface Query {
  readonly health: TargetReport.Health | undefined
  readonly type: string | undefined
  /** Part of where the target is or of the value of one of its labels. */
  readonly text: string | undefined
  readonly offset: number
  readonly limit: number
}

/** The most that are told of at once, and how many are where nobody says how many. */
const most = 1000

const mount = Effect.gen(function*(): Effect.fn.Return<void, never, ComponentApi | Scrape | Scope.Scope> {
  const { states } = yield* Scrape
  const api = yield* ComponentApi
  const clock = yield* Clock.Clock
  // One answer for each, so that nobody waits for those of many.
  const turns = Turns.make(1)
  yield* api.mount(yield* ComponentId, (path, parameters) => {
    if (path !== "/targets") return Effect.undefined
    const query = parse(parameters)
    if (Result.isFailure(query)) {
      return Effect.succeed(HttpServerResponse.text(`${query.failure}\n`, { status: 400 }))
    }
    return Effect.map(
      turns(1),
      () => HttpServerResponse.jsonUnsafe(answer(states(), query.success, clock.currentTimeMillisUnsafe()))
    )
  })
})

/** For as long as they are scraped. */
export const layer: Layer.Layer<never, never, ComponentApi | Scrape> = Layer.effectDiscard(mount)

const parse = (parameters: URLSearchParams): Result.Result<Query, string> => {
  const given = (name: string): string | undefined => parameters.get(name) || undefined
  const asked = given("health")
  const health = TargetReport.healths.find((health) => health === asked)
  if (health !== asked) return Result.fail("health must be up, down or unknown")
  const offset = whole(given("offset") ?? "0")
  if (offset === undefined) return Result.fail("offset must be a whole number")
  const limit = whole(given("limit") ?? String(most))
  if (limit === undefined || limit > most) return Result.fail(`limit must be a whole number up to ${most}`)
  return Result.succeed({ health, type: given("type"), text: given("q"), offset, limit })
}

const whole = (text: string): number | undefined => /^\d{1,9}$/.test(text) ? Number(text) : undefined

/** Health is counted of all that the rest of the query asks for. */
const answer = (states: Iterable<TargetState>, query: Query, now: number) => {
  const counts = TargetReport.counts()
  const targets: Array<TargetReport.Row> = []
  let total = 0
  for (const state of states) {
    if (query.type !== undefined && state.target.type !== query.type) continue
    if (query.text !== undefined && !has(state, query.text)) continue
    counts[state.health]++
    if (query.health !== undefined && state.health !== query.health) continue
    const index = total++
    if (index >= query.offset && targets.length < query.limit) targets.push(TargetReport.row(state, now))
  }
  return { total, ...counts, offset: query.offset, targets }
}

/** What is not shown cannot be guessed by looking for it either. */
const has = ({ target }: TargetState, text: string): boolean => {
  if (TargetText.origin(target).includes(text)) return true
  for (const [name, value] of target.common) if (!name.startsWith("__") && value.includes(text)) return true
  return false
}

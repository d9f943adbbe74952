import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as TargetsApi from "../../../../src/components/pyroscope/scrape/TargetsApi.ts"
import { ComponentId } from "../../../../src/engine/Component.ts"
import * as Labels from "../../../../src/profile/Labels.ts"
import { Scrape } from "../../../../src/scrape/Scrape.ts"
import type { TargetState } from "../../../../src/scrape/TargetState.ts"
import { ComponentApi } from "../../../../src/server/ComponentApi.ts"
import { state } from "../../../scrape/targets.ts"

/** So many of each health, in turn, on hosts that are numbered. */
const many = (count: number): ReadonlyArray<TargetState> =>
  Array.from({ length: count }, (_, index) =>
    state({ health: (["up", "down", "unknown"] as const)[index % 3]! }, {
      type: index % 2 === 0 ? "memory" : "mutex",
      origin: `http://me:s3cret@app-${index}.example`,
      path: "/p?token=s3cret",
      labels: Labels.make({ __param_token: "s3cret", service_name: index < 10 ? "shop" : "app" })
    }))

interface Answer {
  readonly total: number
  readonly up: number
  readonly down: number
  readonly unknown: number
  readonly offset: number
  readonly targets: ReadonlyArray<{ readonly url: string; readonly health: string }>
}

/** Answers as the status and the text. */
const serving = Effect.fnUntraced(function*(states: ReadonlyArray<TargetState>) {
  const api = yield* ComponentApi
  yield* Layer.build(TargetsApi.layer).pipe(
    Effect.provideService(Scrape, { states: () => states }),
    Effect.provideService(ComponentId, "pyroscope.scrape.default")
  )
  const ask = Effect.fnUntraced(function*(query: string, path = "targets") {
    const response = yield* api.handle(`pyroscope.scrape.default/${path}`, new URLSearchParams(query))
    if (response === undefined) return undefined
    assert(response.body._tag === "Uint8Array")
    return { status: response.status, text: new TextDecoder().decode(response.body.body) }
  })
  const json = (query: string) => Effect.map(ask(query), (answer) => JSON.parse(answer!.text) as Answer)
  return { ask, json }
})

const withApi = Effect.provide(ComponentApi.layer)

describe("/targets of a component", () => {
  it.live("has them all, where they are few", () =>
    Effect.gen(function*() {
      const { ask, json } = yield* serving(many(4))
      const { targets, ...numbers } = yield* json("")
      assert.deepStrictEqual(numbers, { total: 4, up: 2, down: 1, unknown: 1, offset: 0 })
      assert.deepStrictEqual(targets.map(({ health, url }) => `${url} ${health}`), [
        "http://app-0.example/p?token=*** up",
        "http://app-1.example/p?token=*** down",
        "http://app-2.example/p?token=*** unknown",
        "http://app-3.example/p?token=*** up"
      ])
      assert.isUndefined(yield* ask("", "other"))
      assert.isUndefined(yield* ask("", "targets/1"))
    }).pipe(Effect.scoped, withApi))

  it.live("has those that are asked for, and a page of many, with how many there are", () =>
    Effect.gen(function*() {
      const { json } = yield* serving(many(3000))
      const asked = Effect.fnUntraced(function*(query: string) {
        const { down, offset, targets, total, unknown, up } = yield* json(query)
        return [total, up, down, unknown, offset, targets.length, targets[0]?.url.match(/app-\d+/)?.[0]]
      })
      assert.deepStrictEqual(yield* asked(""), [3000, 1000, 1000, 1000, 0, 1000, "app-0"])
      assert.deepStrictEqual(yield* asked("offset=2990"), [3000, 1000, 1000, 1000, 2990, 10, "app-2990"])
      assert.deepStrictEqual(yield* asked("health=down&limit=5&offset=1"), [1000, 1000, 1000, 1000, 1, 5, "app-4"])
      assert.deepStrictEqual(yield* asked("type=mutex&limit=0"), [1500, 500, 500, 500, 0, 0, undefined])
      assert.deepStrictEqual(yield* asked("q=shop&health=up"), [4, 4, 3, 3, 0, 4, "app-0"])
      assert.deepStrictEqual(yield* asked("q=app-2999.example"), [1, 0, 0, 1, 0, 1, "app-2999"])
      assert.deepStrictEqual((yield* asked("q=s3cret"))[0], 0)
    }).pipe(Effect.scoped, withApi))

  it.live("says what cannot be asked", () =>
    Effect.gen(function*() {
      const { ask } = yield* serving([])
      assert.deepStrictEqual(yield* ask("health=ill"), { status: 400, text: "health must be up, down or unknown\n" })
      for (const limit of ["1001", "-1", "1.5", "x"]) {
        assert.deepStrictEqual(yield* ask(`limit=${limit}`), {
          status: 400,
          text: "limit must be a whole number up to 1000\n"
        })
      }
      assert.deepStrictEqual(yield* ask("offset=-1"), { status: 400, text: "offset must be a whole number\n" })
    }).pipe(Effect.scoped, withApi))
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as PyroscopeScrape from "../../../../src/components/pyroscope/Scrape.ts"
import * as TargetsApi from "../../../../src/components/pyroscope/scrape/TargetsApi.ts"
import { ComponentId } from "../../../../src/engine/Component.ts"
import * as Labels from "../../../../src/profile/Labels.ts"
import * as Scrape from "../../../../src/scrape/Scrape.ts"
import type { TargetState } from "../../../../src/scrape/TargetState.ts"
import { ComponentApi } from "../../../../src/server/ComponentApi.ts"
import * as ScriptedServer from "../../../../src/testing/ScriptedServer.ts"
import { Transport } from "../../../../src/transport/Transport.ts"
import { state } from "../../../scrape/targets.ts"

/** So many of each health, in turn, on hosts that are numbered. */
const many = (count: number): ReadonlyArray<TargetState> =>
  Array.from({ length: count }, (_, index) =>
    state({ health: (["up", "down", "unknown"] as const)[index % 3]! }, {
      type: index % 2 === 0 ? "memory" : "mutex",
      origin: `http://me:s3cret@app-${index}.example`,
      path: "/p?token=s3cret",
      common: Labels.make({ __param_token: "s3cret", service_name: index < 10 ? "shop" : "app" })
    }))

interface Answer {
  readonly total: number
  readonly up: number
  readonly down: number
  readonly unknown: number
  readonly offset: number
  readonly targets: ReadonlyArray<{ readonly url: string; readonly health: string; readonly last_error: string | null }>
}

const id = "pyroscope.scrape.default"

/** Answers as the status and the text. */
const asking = Effect.gen(function*() {
  const api = yield* ComponentApi
  const ask = Effect.fnUntraced(function*(query: string, path = "targets") {
    const response = yield* api.handle(`${id}/${path}`, new URLSearchParams(query))
    if (response === undefined) return undefined
    assert(response.body._tag === "Uint8Array")
    return { status: response.status, text: new TextDecoder().decode(response.body.body) }
  })
  const json = (query: string) => Effect.map(ask(query), (answer) => JSON.parse(answer!.text) as Answer)
  return { ask, json }
})

const serving = Effect.fnUntraced(function*(states: ReadonlyArray<TargetState>) {
  yield* Layer.build(TargetsApi.layer).pipe(
    Effect.provideService(Scrape.Scrape, { states: () => states }),
    Effect.provideService(ComponentId, id)
  )
  return yield* asking
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

  it.effect("has those of a pyroscope.scrape, after each scrape as it was", () =>
    Effect.gen(function*() {
      const { json } = yield* asking
      const options = { targets: [Labels.make({ __address__: "app.example:6060" })], forward_to: [] }
      yield* Layer.build(PyroscopeScrape.component.layer(PyroscopeScrape.Arguments.make(options))).pipe(
        Effect.provideService(ComponentId, id),
        Effect.provide(Layer.provide(Transport.layerHttpClient, ScriptedServer.layer(() => ScriptedServer.answer(404))))
      )
      const seen = Effect.map(
        json("type=mutex"),
        ({ targets }) => targets.map(({ health, last_error, url }) => [url, health, last_error])
      )
      const url = "http://app.example:6060/debug/pprof/mutex"
      assert.deepStrictEqual(yield* seen, [[url, "unknown", null]])
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(yield* seen, [[url, "down", "server returned HTTP status (404)"]])
    }).pipe(Effect.scoped, withApi, Effect.provide(Logger.layer([]))))

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

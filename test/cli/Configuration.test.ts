import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as Configuration from "../../src/cli/Configuration.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Source from "../../src/syntax/Source.ts"
import { withLog } from "../delivery/observations.ts"
import * as components from "../engine/components.ts"

describe("Configuration.reload", () => {
  it.effect("costs no more than itself where it meets a defect", () =>
    withLog(Effect.fnUntraced(function*(log) {
      const events: Array<string> = []
      const well = components.noting("store", events)
      const ill: typeof well = {
        ...well,
        name: "ill",
        exports: {
          out: {
            ...well.exports["out"]!,
            make: () => {
              throw new TypeError("no such thing")
            }
          }
        }
      }
      let text = "store \"a\" { }"
      const sources = () => [Source.make("a.alloy", text)]
      const plan = Plan.check({ sources: sources(), registry: Registry.make(well, ill), stdlib: new Map() })
      const { engine, reload } = yield* Configuration.start(Result.getOrThrow(plan), Effect.sync(sources))
      text = "ill \"b\" { }"
      assert.strictEqual(
        Configuration.problemsIn(yield* Effect.flip(reload)),
        "reload failed, nothing has changed: an unexpected error, which the log has"
      )
      assert.deepStrictEqual(log.map(({ message }) => message), ["defect", "reload failed, nothing has changed"])
      text = "store \"a\" { }\nstore \"c\" { }"
      yield* reload
      assert.deepStrictEqual((yield* engine.components).map(({ id }) => id), ["store.a", "store.c"])
      assert.deepStrictEqual(events, ["+store.a", "+store.c"])
    })))
})

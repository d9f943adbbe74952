import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { hostname } from "node:os"
import * as SystemResolver from "../../src/transport/SystemResolver.ts"

/** Threads that look a name up. */
const threads = () => process.getActiveResourcesInfo().filter((name) => name === "GetAddrInfoReqWrap").length

describe("The C library", () => {
  it.live("is asked for one name at a time", () =>
    Effect.gen(function*() {
      const names = ["localhost", hostname(), "localhost", "127.0.0.1", "::1"]
      const all = yield* Effect.forEach(
        names,
        (name) => Effect.forkChild(Effect.result(SystemResolver.lookup(name)), { startImmediately: true })
      )
      let most = 0
      while (all.some((fiber) => fiber.pollUnsafe() === undefined)) {
        most = Math.max(most, threads())
        yield* Effect.yieldNow
      }
      assert.strictEqual(most, 1)
      const last = yield* Fiber.join(all[3]!)
      assert.deepNestedInclude(last, { success: ["127.0.0.1"] })
    }))

  it.live("says that there is no such name", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Effect.flip(SystemResolver.lookup("a".repeat(64))), "ENOTFOUND")
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as OwnProfiles from "../../src/scrape/OwnProfiles.ts"

describe("OwnProfiles", () => {
  it("are those of the names that Alloy and the Agent have for themselves, by either scheme", () => {
    for (const host of ["alloy.internal:12345", "agent.internal:12345"]) {
      assert.isTrue(OwnProfiles.isOwn(`http://${host}`))
      assert.isTrue(OwnProfiles.isOwn(`https://${host}`))
    }
    for (const other of ["alloy.internal", "alloy.internal:12346", "alloy:12345", "x.alloy.internal:12345"]) {
      assert.isFalse(OwnProfiles.isOwn(`http://${other}`), other)
    }
  })

  it.effect("are not there where there is no engine", () =>
    Effect.gen(function*() {
      const { get } = yield* OwnProfiles.OwnProfiles
      assert.strictEqual((yield* get("/debug/pprof/heap")).status, 404)
    }))
})

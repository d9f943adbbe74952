import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Connect from "../../src/wire/Connect.ts"

describe("Connect", () => {
  it("gives each code its HTTP status", () => {
    assert.strictEqual(Connect.statusOf("canceled"), 499)
    assert.strictEqual(Connect.statusOf("invalid_argument"), 400)
    assert.strictEqual(Connect.statusOf("resource_exhausted"), 429)
    assert.strictEqual(Connect.statusOf("unimplemented"), 501)
    assert.strictEqual(Connect.statusOf("unavailable"), 503)
    assert.strictEqual(Connect.statusOf("deadline_exceeded"), 504)
  })

  it("guesses a code from the status of an answer that is not Connect's", () => {
    assert.deepStrictEqual([400, 401, 403, 404, 429, 502, 503, 504, 500, 413].map(Connect.codeOf), [
      "internal",
      "unauthenticated",
      "permission_denied",
      "unimplemented",
      "unavailable",
      "unavailable",
      "unavailable",
      "unavailable",
      "unknown",
      "unknown"
    ])
  })

  it.prop("reads back the errors it writes", {
    code: Schema.Literals(["unknown", "resource_exhausted", "invalid_argument"]),
    message: Schema.String
  }, ({ code, message }) => {
    assert.deepStrictEqual(Connect.parseError(Connect.errorBody(code, message)), { code, message })
  })

  it("reads an error without a message or with details", () => {
    assert.deepStrictEqual(Connect.parseError(`{"code":"internal"}`), { code: "internal", message: "" })
    assert.deepStrictEqual(
      Connect.parseError(`{"code":"internal","message":"m","details":[{"type":"t","value":"dg"}]}`),
      { code: "internal", message: "m" }
    )
  })

  it("takes nothing else for an error", () => {
    for (const text of ["", "<html>", "null", "[]", "7", `"code"`, "{}", `{"code":7}`, `{"code":"toString"}`]) {
      assert.isUndefined(Connect.parseError(text), text)
    }
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Connect from "../../src/wire/Connect.ts"

describe("Connect", () => {
  it.prop("reads back the errors it writes", {
    code: Schema.Literals(["unknown", "resource_exhausted", "invalid_argument"]),
    message: Schema.String
  }, ({ code, message }) => {
    assert.deepStrictEqual(Connect.parseError(Connect.errorBody(code, message)), { code, message })
  })

  it("knows a timeout", () => {
    for (const text of ["0", "1", "0000000005", "9999999999"]) assert.isTrue(Connect.isTimeout(text), text)
    for (const text of ["", "-1", "+1", "1.5", "1e3", "1 ", "10000000000", "1s", "١"]) {
      assert.isFalse(Connect.isTimeout(text), text)
    }
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

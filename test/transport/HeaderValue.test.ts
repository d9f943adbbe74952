import { assert, describe, it } from "@effect/vitest"
import * as HeaderValue from "../../src/transport/HeaderValue.ts"

describe("The value of a header", () => {
  it("is any text but for control characters and halves of characters", () => {
    for (const text of ["", "a b\tc", "~!\u00e9\u00ff", "\u20ac", "\u{1f525}"]) {
      assert.isTrue(HeaderValue.isValid(text), JSON.stringify(text))
    }
    for (const text of ["a\n", "a\r", "\u0000", "\u001f", "\u007f", "\ud83d", "\udd25a"]) {
      assert.isFalse(HeaderValue.isValid(text), JSON.stringify(text))
    }
  })

  it("is sent as UTF-8", () => {
    for (const text of ["", "a b\tc", "~!\u00e9\u00ff", "\u20ac", "\u{1f525}"]) {
      assert.strictEqual(Buffer.from(HeaderValue.encode(text), "latin1").toString("utf8"), text)
    }
  })
})

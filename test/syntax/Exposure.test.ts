import { assert, describe, it } from "@effect/vitest"
import * as Exposure from "../../src/syntax/Exposure.ts"

const show = (exposure: Exposure.Exposure, written: string, isWhole = true): string =>
  Exposure.hide(written, exposure(written, isWhole))

describe("Exposure", () => {
  it.each([
    ["\"http://host:4040/path\"", "\"http://host:4040/path\""],
    ["`htp://host`", "`htp://host`"],
    ["\"http://user:pass@host/a?b=c#d\"", "\"http://***@host/a?***\""],
    ["\"http://user:p@ss@host\"", "\"http://***@host\""],
    ["\"http://host#d\"", "\"http://host#***\""],
    ["\"http://user:12/cd@host\"", "\"***\""],
    ["\"http://user:\\\\@host\"", "\"***\""],
    ["\"http://user:pa ss:@:host\"", "\"***\""],
    ["\"user:pass@host\"", "\"***\""],
    ["\"host\"", "\"***\""],
    ["\"http://user:1234", "\"***"],
    ["host", "***"],
    ["\"\"", "\"\""]
  ])("of the URL %s shows %s", (written, shown) => {
    assert.strictEqual(show(Exposure.url, written), shown)
    if (shown !== "\"\"") assert.match(show(Exposure.url, written, false), /^["`]?\*\*\*["`]?$/)
  })

  it("shows a text, but for user info and keys in it", () => {
    for (const written of ["\"me\"", "\"me@host\"", "`http://host/a`", "me", "12"]) {
      assert.strictEqual(show(Exposure.text, written), written)
    }
    assert.strictEqual(show(Exposure.text, "\"http://u:p@host/?q\""), "\"http://***@host/?***\"")
    assert.strictEqual(show(Exposure.text, "\"see http://u:p@host\""), "\"***\"")
    assert.strictEqual(show(Exposure.text, "\"-----BEGIN PRIVATE KEY-----\\nabcd\""), "\"***\"")
  })

  it("looks for user info once", () => {
    const text = `"x ${"://".repeat(300_000)}`
    assert.deepStrictEqual(Exposure.text(`${text}"`, true), [])
    assert.deepStrictEqual(Exposure.text(`${text}@"`, true), [[1, text.length + 1]])
  })

  it("shows a text that is accepted, a short one, and numbers", () => {
    const exposure = Exposure.accepted((text) => text === "reject")
    for (const written of ["\"reject\"", "`reject`", "\"5\"", "\"abc\"", "12345", "1.5e3"]) {
      assert.strictEqual(show(exposure, written), written)
    }
    assert.strictEqual(show(exposure, "\"abcd\""), "\"***\"")
    assert.strictEqual(show(exposure, "abcd"), "***")
  })

  it("shows nothing of a secret, not even its length", () => {
    for (const inside of ["", "a", "abcdefgh"]) {
      assert.strictEqual(show(Exposure.nothing, `"${inside}"`), inside === "" ? "\"\"" : "\"***\"")
    }
    assert.strictEqual(show(Exposure.nothing, "12345"), "***")
  })

  it("shows references where they are meant, and no texts", () => {
    assert.strictEqual(show(Exposure.reference, "abcd"), "abcd")
    assert.strictEqual(show(Exposure.reference, "\"abcd\""), "\"***\"")
  })

  it("hides what any of several hides", () => {
    const exposure = Exposure.all([Exposure.text, Exposure.nothing])
    assert.strictEqual(show(exposure, "\"abcd\""), "\"***\"")
    assert.strictEqual(show(Exposure.all([Exposure.text]), "\"abcd\""), "\"abcd\"")
  })
})

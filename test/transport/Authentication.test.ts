import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { inspect } from "node:util"
import * as Authentication from "../../src/transport/Authentication.ts"

const fromUrl = (url: string): string | undefined => {
  const credentials = Authentication.fromUrl(new URL(url))
  return credentials && Authentication.header(credentials)
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`

describe("Authentication", () => {
  it("makes the header of a bearer token and of basic auth, in UTF-8", () => {
    assert.strictEqual(Authentication.header(Authentication.bearer(Redacted.make("t"))), "Bearer t")
    assert.strictEqual(
      Authentication.header(Authentication.basic("\u00fcser", Redacted.make("p\u20ac:"))),
      basic("\u00fcser:p\u20ac:")
    )
    assert.strictEqual(Authentication.header(Authentication.basic("user", undefined)), basic("user:"))
  })

  it("takes the user info of a URL, unescaped", () => {
    assert.strictEqual(fromUrl("http://a%3Ab:c%40d%25@host"), basic("a:b:c@d%"))
    assert.strictEqual(fromUrl("http://a@host"), basic("a:"))
    assert.strictEqual(fromUrl("http://:p@host"), basic(":p"))
    assert.isUndefined(fromUrl("http://host/user:password@"))
  })

  it("tells whether escapes mean something", () => {
    assert.isTrue(Authentication.isUserInfo("a%20b"))
    for (const escaped of ["%", "%zz", "%ff", "a%e2%82"]) assert.isFalse(Authentication.isUserInfo(escaped), escaped)
  })

  it("does not show a secret", () => {
    const shown = [
      Authentication.bearer(Redacted.make("secret")),
      Authentication.basic("user", Redacted.make("secret")),
      Authentication.fromUrl(new URL("http://user:secret@host"))
    ]
    assert.notInclude(inspect(shown, { depth: 10, showHidden: true }) + JSON.stringify(shown), "secret")
  })
})

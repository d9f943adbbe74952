import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import { inspect } from "node:util"
import * as UserInfo from "../../src/transport/UserInfo.ts"

const parse = (url: string) =>
  Result.map(
    UserInfo.parse(new URL(url)),
    (userInfo) => userInfo && [userInfo.username, Redacted.value(userInfo.password)]
  )

describe("UserInfo.parse", () => {
  it.each([
    { url: "http://user:pass@host", expected: ["user", "pass"] },
    { url: "http://a%3Ab:c%40d%25@host", expected: ["a:b", "c@d%"] },
    { url: "http://%E2%82%AC:p+q%20r@host", expected: ["\u20ac", "p+q r"] },
    { url: "socks5://\u20ac:\u00fc@host", expected: ["\u20ac", "\u00fc"] },
    { url: "http://a@host", expected: ["a", ""] },
    { url: "http://a:@host", expected: ["a", ""] },
    { url: "http://:p@host", expected: ["", "p"] }
  ])("takes the user and the password of $url, unescaped", ({ expected, url }) => {
    assert.deepStrictEqual(parse(url), Result.succeed(expected))
  })

  it("finds none where there is none", () => {
    for (const url of ["http://host", "http://@host", "http://:@host", "http://host/user:password%40"]) {
      assert.deepStrictEqual(parse(url), Result.succeed(undefined), url)
    }
  })

  it("does not take an escape that means nothing, and does not repeat it", () => {
    for (const escaped of ["%", "%zz", "%ff", "a%e2%82"]) {
      for (const url of [`http://${escaped}:p@host`, `http://u:${escaped}@host`, `http://${escaped}@host`]) {
        assert.deepStrictEqual(parse(url), Result.fail("the user info of the URL holds an invalid escape"), url)
      }
    }
  })

  it("does not take what may be a user info with a /, ?, # or \\ in it", () => {
    for (
      const url of [
        "http://user:12/cd@host",
        "http://ab?cd@host",
        "http://user:#@host",
        "http://u:1\\p@host",
        "http://h/@"
      ]
    ) {
      const result = parse(url)
      assert(Result.isFailure(result), url)
      assert.match(result.failure, /^the URL has an @ behind its host/)
    }
  })

  it("does not show the password", () => {
    const userInfo = Result.getOrThrow(UserInfo.parse(new URL("http://user:secret@host")))
    assert.notInclude(inspect(userInfo, { depth: 10, showHidden: true }) + JSON.stringify(userInfo), "secret")
  })
})

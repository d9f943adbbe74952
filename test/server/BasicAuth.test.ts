import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as BasicAuth from "../../src/server/BasicAuth.ts"

const credentials = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`

const right = credentials("admin", "pass:wörd")

const auth = (paths: ReadonlyArray<string> = [], areProtected = true) =>
  BasicAuth.make({ username: "admin", password: Redacted.make("pass:wörd"), paths, areProtected })

describe("BasicAuth", () => {
  it("knows who has the name and the password, and nobody else", () => {
    const verdict = (authorization: string | undefined) => auth()("/", authorization)
    assert.strictEqual(verdict(right), "known")
    assert.strictEqual(verdict(right.replace("Basic", "bASIC ")), "known")
    for (
      const wrong of [
        undefined,
        "",
        "Basic",
        "Basic !",
        right.replace("Basic", "Bearer"),
        credentials("admin", "pass"),
        credentials("admin", ""),
        credentials("", "pass:wörd"),
        credentials("Admin", "pass:wörd"),
        `${right}, ${right}`
      ]
    ) assert.strictEqual(verdict(wrong), "refused", wrong)
  })

  it("protects everything where no paths are named, whatever was to become of them", () => {
    for (const areProtected of [true, false]) {
      for (const path of ["/", "/metrics", "//", ""]) {
        assert.strictEqual(auth([], areProtected)(path, undefined), "refused")
      }
    }
  })

  it("protects what begins with a path, or all but that, whichever way the path is written", () => {
    const protect = auth(["/api", "/debug/"])
    const except = auth(["/api", "/debug/"], false)
    for (const path of ["/api", "/api/v0", "/apis", "/debug/pprof", "/debug/"]) {
      assert.deepStrictEqual([protect(path, undefined), except(path, undefined)], ["refused", "open"], path)
    }
    for (const path of ["/", "/metrics", "/debug", "/API", "/x/api"]) {
      assert.deepStrictEqual([protect(path, undefined), except(path, undefined)], ["open", "refused"], path)
    }
    // One reading is of the one kind, another of the other: then it is protected.
    for (
      const path of [
        "//api",
        "/./api",
        "/x/../api",
        "/%61pi",
        "/x%2f..%2fapi",
        "/x/%2e%2e/api",
        "\\api",
        "/api/../metrics",
        "/api/%2E%2e/metrics",
        "/debug/../x"
      ]
    ) assert.deepStrictEqual([protect(path, undefined), except(path, undefined)], ["refused", "refused"], path)
    assert.strictEqual(protect("/api", right), "known")
  })
})

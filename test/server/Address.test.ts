import { assert, describe, it } from "@effect/vitest"
import * as Address from "../../src/server/Address.ts"

describe("Address.format", () => {
  it("is what can be parsed", () => {
    for (const text of ["127.0.0.1:12345", "localhost:0", ":8080", "[::1]:80"]) {
      assert.strictEqual(Address.format(Address.parse(text)!), text)
    }
  })
})

describe("Address.parse", () => {
  it("takes a host or none, and a port", () => {
    assert.deepStrictEqual(Address.parse("127.0.0.1:12345"), { host: "127.0.0.1", port: 12345 })
    assert.deepStrictEqual(Address.parse("localhost:0"), { host: "localhost", port: 0 })
    assert.deepStrictEqual(Address.parse(":65535"), { host: "", port: 65535 })
    assert.deepStrictEqual(Address.parse("[::1]:80"), { host: "::1", port: 80 })
    assert.deepStrictEqual(Address.parse("[]:80"), { host: "", port: 80 })
  })

  it("takes nothing else", () => {
    for (const text of ["", "localhost", "80", "localhost:", "localhost:65536", "localhost:-1", "::1:80", "a:http"]) {
      assert.strictEqual(Address.parse(text), undefined, text)
    }
  })
})

import { assert, describe, it } from "@effect/vitest"
import * as Confidential from "../../src/syntax/Confidential.ts"

const mask = (text: string): string => new TextDecoder().decode(Confidential.mask(new TextEncoder().encode(text)))

describe("Confidential", () => {
  it.each([
    [`password = "hunter2"`, `password = "*******"`],
    [`  bearer_token="a b" // token`, `  bearer_token="***" // token`],
    [`client_secret = "say \\"x\\""`, `client_secret = "*********"`],
    ["key_pem = `-----BEGIN\r\nabc\n`", "key_pem = `**********\r\n***\n`"],
    [`credentials = "p\u20ac"`, `credentials = "****"`],
    [`password = "not ended`, `password = "*********`],
    [
      `http_headers = {\n  "X-Key" = ["one", "two"],\n  Y = ["three"],\n}`,
      `http_headers = {\n  "X-Key" = ["***", "***"],\n  Y = ["*****"],\n}`
    ],
    [`headers = { "X-Scope-OrgID" = "shop" }`, `headers = { "X-Scope-OrgID" = "****" }`],
    [`url = "https://me:hunter2@host/path"`, `url = "https://**********@host/path"`],
    [`url = "https://me:hun/ter@2@host"`, `url = "https://************@host"`]
  ])("%s", (text, masked) => {
    assert.strictEqual(mask(text), masked)
  })

  it.each([
    `password_file = "/etc/password"`,
    `username = "me"`,
    `url = "https://host/path"`,
    `password = sys.env("PASSWORD")`,
    `external_labels = { a = "b" }`,
    `// a comment about "bearer_token"`
  ])("leaves %s as it is", (text) => {
    assert.strictEqual(mask(text), text)
  })

  it("masks each byte by one, and no line break", () => {
    const bytes = new TextEncoder().encode("a = 1\npassword = `p\u20ac\n\u{1f600}`\nurl = \"http://\u00fc@h\"\n")
    const masked = Confidential.mask(bytes)
    assert.strictEqual(masked.length, bytes.length)
    for (const [index, byte] of bytes.entries()) assert.strictEqual(masked[index] === 10, byte === 10)
  })
})

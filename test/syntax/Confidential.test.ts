import { assert, describe, it } from "@effect/vitest"
import * as Confidential from "../../src/syntax/Confidential.ts"

const mask = (text: string): string => new TextDecoder().decode(Confidential.mask(new TextEncoder().encode(text)))

describe("Confidential", () => {
  it.each([
    [`password = "hunter2"`, `password = "*******"`],
    [`  bearer_token="a b" // token`, `  bearer_token="***" //******`],
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
    [`url = "https://me:hun/ter@2@host"`, `url = "https://************@host"`],
    [`proxy_url = "me:hunter2@proxy:3128"`, `proxy_url = "**********@proxy:3128"`],
    [`name = "http://me:p@host/a@b"`, `name = "http://****@host/a@b"`],
    [`password = "a" + "bc"`, `password = "*" + "**"`],
    [`password = "a" +\n  "bc"\nname = "d"`, `password = "*" +\n  "**"\nname = "d"`],
    [`bearer_token = coalesce("", "abc")`, `bearer_token = coalesce("", "***")`],
    [`password = (\n"abc")\nname = "d"`, `password = (\n"***")\nname = "d"`],
    [`password = /* "x" */ "abc" // "y"\nname = "d"`, `password = /******** "***" //****\nname = "d"`],
    [`// password = "abc"\nname = "d"`, `// password = "***"\nname = "d"`],
    [`/* url = "http://u:p@h" */`, `/* url = "http://***@h" */`],
    [`key_pem = "abc\ndef\n"\nname = 1`, `key_pem = "***\n***\n*\n********`],
    [`password = 'abc'`, `password = '***'`],
    [`password = "ab"cd"`, `password = "**"**"`],
    [`password "abc"`, `password "***"`],
    [`password : "abc"`, `password : "***"`],
    [`"password" = "abc"`, `"password" = "***"`],
    [`url = http://u:pw@h`, `url = http://****@h`],
    [`password =\n\n"abc"\nname = "d"`, `password =\n\n"***"\nname = "d"`],
    [`password\n= "abc"\nname = "d"`, `password\n= "***"\nname = "d"`],
    [`password = "x" +\n // c\n "abc"\nname = "d"`, `password = "*" +\n //**\n "***"\nname = "d"`],
    [`endpoint_params = { assertion = "abc" }`, `endpoint_params = { assertion = "***" }`],
    [`headers = { "A" = "x}y", "B" = "z" }`, `headers = { "A" = "***", "B" = "*" }`],
    [`basic_auth { password = "abc" }\nname = "d"`, `basic_auth { password = "***" }\nname = "d"`],
    [`a = { password = "abc", name = "d" }`, `a = { password = "***", name = "d" }`]
  ])("%s", (text, masked) => {
    assert.strictEqual(mask(text), masked)
  })

  it.each([
    `password_file = "/etc/password"`,
    `username = "me"`,
    `url = "https://host/path"`,
    `password = sys.env("PASSWORD")`,
    `external_labels = { a = "b" }`,
    `// a comment about "bearer_token"`,
    `url = "http://h"\npyroscope.write "a@b" { }`
  ])("leaves %s as it is", (text) => {
    assert.strictEqual(mask(text), text)
  })

  it.each([
    ["password", `["hunter2"]`, `["***"]`],
    ["http_headers", `"hunter2"`, `"***"`],
    ["headers", `{"A" = "x"}`, `{"A" = "***"}`],
    ["proxy_url", `"me:p@host"`, `"***@host"`],
    ["url", `"http://me:p/w@host"`, `"http://***@host"`],
    ["name", `"me@host"`, `"me@host"`],
    ["count", `"http://me:p@host/a@b" + f("c")`, `"http://***@host/a@b" + f("c")`]
  ])("in the value of %s %s is %s", (attribute, text, masked) => {
    assert.strictEqual(Confidential.maskExpression(attribute, text), masked)
  })

  it("masks each byte by one, and no line break", () => {
    const bytes = new TextEncoder().encode("a = 1\npassword = `p\u20ac\n\u{1f600}`\nurl = \"http://\u00fc@h\"\n")
    const masked = Confidential.mask(bytes)
    assert.strictEqual(masked.length, bytes.length)
    for (const [index, byte] of bytes.entries()) assert.strictEqual(masked[index] === 10, byte === 10)
  })
})

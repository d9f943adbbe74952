import { assert, describe, it } from "@effect/vitest"
import * as Confidential from "../../src/syntax/Confidential.ts"
import * as Exposure from "../../src/syntax/Exposure.ts"

const names: Confidential.Names = {
  exposures: new Map([
    ["name", Exposure.text],
    ["username", Exposure.text],
    ["url", Exposure.url],
    ["proxy_url", Exposure.url],
    ["retries", Exposure.accepted((text) => /^\d+$/.test(text))],
    ["headers", Exposure.short],
    ...["password", "bearer_token", "key_pem", "http_headers"].map((name) => [name, Exposure.nothing] as const)
  ]),
  isKnown: (name) => ["pyroscope", "sys", "coalesce"].includes(name)
}

const show = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte === Confidential.hidden ? "\0" : String.fromCharCode(byte)).join("")
    .replace(/\0+/g, Exposure.mask)

const guess = (text: string): string => show(Confidential.guess(new TextEncoder().encode(text), names))

describe("Confidential.guess", () => {
  it.each([
    [`password = "hunter2"`, `password = "***"`],
    [`password = "x"`, `password = "***"`],
    [`  bearer_token="a b" // token`, `  bearer_token="***" //***`],
    [`bearer_token = "say \\"x\\""`, `bearer_token = "***"`],
    ["key_pem = `-----BEGIN\r\nabc=\nname = \"b\"\n`", "key_pem = `***\n***\n***\n`"],
    [`password = "p\u20ac"`, `password = "***"`],
    [`password = "not ended`, `password = "***`],
    ["password = `not ended\nname = \"b\"", "password = `***\n***"],
    [`headers = { "X-Key" = "hunter2", B = "c" }`, `headers = { "X-Key" = "***", B = "***" }`],
    [`headers {\n  name = "hunter2"\n}\nname = "d"`, `headers {\n  name = "***"\n}\nname = "d"`],
    [
      `http_headers = {\n  "X-Key" = ["one", "two"],\n  name = "b",\n}`,
      `http_headers = {\n  "X-Key" = ["***", "***"],\n  name = "***",\n}`
    ],
    [`headers = { "Authorization: Bearer x" = "b" }`, `headers = { "***" = "***" }`],
    [`url = "https://me:hunter2@host/path?key=abc"`, `url = "https://***@host/path?***"`],
    [`url = "https://me:hun/ter@2@host"`, `url = "***"`],
    [`proxy_url = "me:hunter2@proxy:3128"`, `proxy_url = "***"`],
    [`url = "http://u:" + "1234" + "@host"`, `url = "***" + "***" + "***"`],
    [`url = http://u:pw@h`, `url = ***//***`],
    [`name = "http://me:p@host/a@b"`, `name = "***"`],
    [`name = "a" password = "b"`, `name = "***" *** = "***"`],
    [`retries = "hunter2"`, `retries = "***"`],
    [`password = "a" +\n  "bc"\nname = "d"`, `password = "***" +\n  "***"\nname = "d"`],
    [`password = coalesce(sys.env("PASSWORD"), "abc")`, `password = coalesce(sys.env("PASSWORD"), "***")`],
    [`password = sys.env("hunter2")`, `password = sys.env("***")`],
    [`password = /* "x" */ "abc" // "y"\nname = "d"`, `password = /**** "***" //***\nname = "d"`],
    [`// password = "abc"\nname = "d"`, `//***\nname = "d"`],
    [`/* not ended\nname = "d"`, `/****\n***`],
    [`password = 'abc'`, `password = '***'`],
    [`password = "ab"cd"ef`, `password = "***"***"***`],
    [`password "abc"`, `password "***"`],
    [`password abc`, `password ***`],
    [`password: abc-def!#`, `password: ***`],
    [`password : "abc"`, `password : "***"`],
    [`"password": "abc",`, `"password": "***",`],
    [`passwd = #abc-1.5/+x==`, `passwd = ***`],
    [`api_key=abc`, `api_key=***`],
    [`bearerToken = 12345`, `bearerToken = ***`],
    [`password =\n\nabc\nname = "d"`, `password =\n\n***\nname = "d"`],
    [`c2VjcmV0MTIz=`, `***`],
    [`hunter`, `***`],
    [`basic_auth { password = "abc" }\nname = "d"`, `basic_auth { password = "***" }\nname = "d"`],
    [`password =\n  - abc,hunter=/+//`, `password =\n  - ***//`],
    [`password = /+/\\\\'hunter"`, `password = ***'***`],
    [`password = abc{hunter=1`, `password = ***`],
    [`http_headers = {a="b",c=[{d="e"},{f="g"}],h="i"}`, `http_headers = {a="***",c=[{d="***"},{f="***"}],h="***"}`],
    [`headers{name="b"}`, `headers{name="***"}`],
    [`[INFO] token abc`, `[***] *** ***`]
  ])("%s", (text, masked) => {
    assert.strictEqual(guess(text), masked)
  })

  it.each([
    `username = "me"`,
    `url = "https://host:4040/path"`,
    `url = "htp://host"`,
    `retries = 12,`,
    `retries = "12"`,
    `headers = ["a"]`,
    `password = sys.env("PASSWORD")`,
    `pyroscope.write "out" {`,
    `  forward_to = [pyroscope.write.out.receiver]`,
    `a = true`,
    `}, ]`
  ])("leaves %s as it is", (text) => {
    assert.strictEqual(guess(text), text)
  })

  it("hides all values where it knows nothing of names", () => {
    const bytes = new TextEncoder().encode(`pyroscope.write "out" {\n  name = "a"\n  n = [1, b.c]\n}`)
    assert.strictEqual(show(Confidential.guess(bytes)), `pyroscope.write "out" {\n  name = "***"\n  n = [***, ***]\n}`)
  })

  it("shows nothing but symbols of a line that nobody reads, and of the others what it would", () => {
    const long = Array.from({ length: 1_000 }, (_, index) => `name = "value", b${index}`).join(" ")
    const shown = guess(`name = "a"\n${long}, c = [\nname = "b"\n]\nname = "c"`)
    assert.match(
      shown,
      /^name = "a"\n(\*{3} = \*{3}, \*{3} )+\*{3} = \*{3}, \*{3}, \*{3} = \[\nname = "\*{3}"\n\]\nname = "c"$/
    )
  })

  it.each(["/", "\"", "'", "`", "#", "{", "@", "\"http://", "a.", "\"a\" + ", "\\\"", "/*", "*/", "\"\n"])(
    "copes with a quarter of a megabyte of %s",
    (unit) => {
      for (const start of ["", "url = ", "url = \"http://"]) {
        const bytes = new TextEncoder().encode((start + unit.repeat(250_000)).slice(0, 250_000))
        assert.lengthOf(Confidential.guess(bytes, names), bytes.length)
      }
    }
  )

  it("keeps every byte in its place", () => {
    const bytes = new TextEncoder().encode("a = 1\npassword = `p\u20ac\n\u{1f600}`\nurl = \"http://\u00fc@h\"\n")
    const masked = Confidential.guess(bytes, names)
    assert.strictEqual(masked.length, bytes.length)
    for (const [index, byte] of masked.entries()) {
      if (byte !== Confidential.hidden) assert.strictEqual(byte, bytes[index])
      else assert.notStrictEqual(bytes[index], 10)
    }
  })
})

import { assert, describe, it, vi } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Secrets from "../../src/transport/Secrets.ts"

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** Characters that are escaped by this one or that, and some that are by none. */
const characters = Array.from("aB3 \"'\\/<>&+%=?#.-_~:;@\t\u00e9\u20ac\u{1f525}")

const text = (minLength: number, maxLength: number) =>
  Arbitrary.map(
    Arbitrary.array(int(0, characters.length - 1), { minLength, maxLength }),
    (indices) => indices.map((index) => characters[index]!).join("")
  )

const secret = Arbitrary.filter(
  Arbitrary.map(text(8, 20), (secret) => secret.trim()),
  ({ length }) => length >= 8
)

const goJson = (text: string) =>
  JSON.stringify(text).slice(1, -1).replace(
    /[<>&]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`
  )

const asciiJson = (text: string) =>
  JSON.stringify(text).slice(1, -1).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const goQuery = (text: string) =>
  new URLSearchParams({ "": text }).toString().slice(1).replaceAll("*", "%2A").replaceAll("%7E", "~")

/** How programs put a text into another. */
const spellings: Readonly<Record<string, (text: string) => string>> = {
  "as it is": (text) => text,
  "in JSON": (text) => JSON.stringify(text).slice(1, -1),
  "in JSON, as Go does": goJson,
  "in JSON of ASCII alone": asciiJson,
  "in JSON of ASCII alone, with upper case digits": (text) =>
    asciiJson(text).replace(/\\u\w{4}/g, (escape) => `\\u${escape.slice(2).toUpperCase()}`),
  "in JSON, with slashes escaped": (text) => asciiJson(text).replaceAll("/", "\\/"),
  "in JSON within JSON": (text) => JSON.stringify(goJson(text)).slice(1, -1),
  "in JSON of ASCII within JSON": (text) => JSON.stringify(asciiJson(text)).slice(1, -1),
  "in a URL": encodeURIComponent,
  "in a URL, with lower case digits": (text) =>
    encodeURIComponent(text).replace(/%\w\w/g, (escape) => escape.toLowerCase()),
  "in a form": goQuery,
  "in a whole URL": encodeURI,
  "in HTML": (text) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
      .replaceAll("\"", "&#34;").replaceAll("'", "&#39;"),
  "in HTML, with hexadecimal references": (text) =>
    text.replace(/[&<>"'/]/g, (character) => `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`),
  "in Base64": (text) => Buffer.from(text).toString("base64").replace(/=+$/, ""),
  "in Base64 of URLs": (text) => Buffer.from(text).toString("base64url")
}

describe("Secrets.scrub", () => {
  it("leaves a text alone that has none", () => {
    for (const text of ["", "the tenant is unknown", "sec", "\u{1f525}".slice(0, 1)]) {
      assert.strictEqual(Secrets.scrub(text, ["hunter22", "\u{1f525}secret"]), text)
    }
    assert.strictEqual(Secrets.scrub("hunter22", []), "hunter22")
  })

  it("puts stars in the place of each, whatever is around it", () => {
    assert.strictEqual(
      Secrets.scrub("<hunter22> and xhunter22hunter22y and s3cret!", ["hunter22", "s3cret!"]),
      "<***> and x******y and ***"
    )
  })

  it("does not take what is shorter than four characters for a secret", () => {
    assert.strictEqual(Secrets.scrub("a key of 3", ["", "a", "key"]), "a key of 3")
    assert.strictEqual(Secrets.scrub("a pass", ["pass"]), "a ***")
  })

  it("hides all of a secret that has another within it, or shares an end with one", () => {
    assert.strictEqual(Secrets.scrub("say user:hunter22!", ["hunter22", "user:hunter22"]), "say ***!")
    assert.strictEqual(Secrets.scrub("say abcdefgh!", ["abcdef", "efgh"]), "say ***!")
  })

  it("hides the beginning of a secret at the end of a text", () => {
    assert.strictEqual(Secrets.scrub("no such token: hunte", ["hunter22"]), "no such token: ***")
    assert.strictEqual(Secrets.scrub("no such token: hunt", ["hunter22"]), "no such token: ***")
    assert.strictEqual(Secrets.scrub("no such token: hun", ["hunter22"]), "no such token: hun")
    assert.strictEqual(Secrets.scrub("hunte, or not", ["hunter22"]), "hunte, or not")
    assert.strictEqual(
      Secrets.scrub("no such token: hunter22-abc", ["wild-abcdef", "hunter22-abcdef"]),
      "no such token: ***"
    )
    assert.strictEqual(Secrets.scrub("p&ssword is p\\u0026ss\\u0", ["p&ss<word"]), "p&ssword is ***")
    assert.strictEqual(Secrets.scrub("abcd\u{1f525}".slice(0, -1), ["abcd\u{1f525}"]), "***")
  })

  it("does not mind white space around a secret, which a header loses", () => {
    assert.strictEqual(Secrets.scrub("what is hunter22?", [" hunter22\t"]), "what is ***?")
  })

  it("finds Base64 with its padding and without", () => {
    assert.strictEqual(Secrets.scrub(`${btoa("hunter")} ${btoa("hunter2")}`, ["hunter2"]), `${btoa("hunter")} ***==`)
    assert.strictEqual(Secrets.scrub(btoa("hunter2").replace(/=+/, ""), ["hunter2"]), "***")
  })

  it("takes secrets that are no proper text", () => {
    assert.strictEqual(Secrets.scrub("x \ud83dhunter22 y", ["\ud83dhunter22"]), "x *** y")
  })

  for (const [how, spell] of Object.entries(spellings)) {
    it.prop(`finds a secret ${how}`, { secret, before: text(0, 5), after: text(0, 5) }, ({ after, before, secret }) => {
      const scrubbed = Secrets.scrub(`${before}|${spell(secret)}|${after}`, ["another one", secret])
      assert.strictEqual(scrubbed, `${before}|***|${after}`)
    })
  }

  it.prop(
    "lets no secret through, whatever else is one, and wherever the text ends",
    { secrets: Arbitrary.array(secret, { minLength: 1, maxLength: 4 }), around: text(0, 9), cut: int(1, 20) },
    ({ around, cut, secrets }) => {
      for (const spell of Object.values(spellings)) {
        const whole = secrets.map((secret) => around + spell(secret)).join("")
        for (const text of [whole, whole.slice(0, -cut)]) {
          const scrubbed = Secrets.scrub(text, secrets)
          for (const secret of secrets) assert.notInclude(scrubbed, spell(secret))
        }
      }
    }
  )
})

/** How often something is looked up while a text is scrubbed: a measure of the work that no other load disturbs. */
const lookUps = (scrub: (text: string) => string, text: string): number => {
  const get = vi.spyOn(Map.prototype, "get")
  scrub(text)
  const count = get.mock.calls.length
  get.mockRestore()
  return count
}

describe("the work of Secrets.scrub", () => {
  it.each<[string, ReadonlyArray<string>, string]>([
    ["one character again and again", ["a".repeat(4096)], "a"],
    ["one character, and the text holds the whole of it many times", ["a".repeat(700)], "a"],
    ["two characters in turn", [`${"ab".repeat(2000)}c`, "ba".repeat(1000)], "ab"],
    ["characters that are read in two ways", ["+ ".repeat(2000), `${" ".repeat(3000)}x`], "+"],
    ["characters that escape each other", ["\\".repeat(4096), "\\".repeat(40)], "\\"],
    ["escapes that are escaped", ["%".repeat(400), "%25".repeat(100)], "%25"],
    ["a thousand of them", Array.from({ length: 1000 }, (_, n) => "ab".repeat(5 + n % 100) + n), "ab"],
    ["as short as they may be", ["aaaa", "aaa", "aa", "a"], "a"]
  ])("grows with the text alone, where secrets are %s", (_, secrets, unit) => {
    const remembering = Secrets.remembering()
    const scrub = (text: string) => remembering(text, secrets)
    scrub("")
    const text = unit.repeat(Math.ceil(1000 / unit.length))
    const [once, fourfold] = [lookUps(scrub, text), lookUps(scrub, text.repeat(4))]
    assert.isBelow(once, 100 * text.length)
    // With the square of the length it would be 16 times as much.
    assert.isBelow(fourfold, 8 * once)
  })
})

describe("Secrets.remembering", () => {
  it("hides the secrets that come with a text, and no others", () => {
    const scrub = Secrets.remembering()
    const said = "first-one, second-one, third-one"
    assert.strictEqual(scrub(said, []), said)
    assert.strictEqual(scrub(said, ["first-one"]), "***, second-one, third-one")
    assert.strictEqual(scrub(said, ["first-one"]), "***, second-one, third-one")
    assert.strictEqual(scrub(said, ["first-one", "second-one"]), "***, ***, third-one")
    assert.strictEqual(scrub(said, ["first-one", "third-one"]), "***, second-one, ***")
    assert.strictEqual(scrub(said, ["first-one"]), "***, second-one, third-one")
    assert.strictEqual(scrub(said, []), said)
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import * as Arguments from "../../src/engine/Arguments.ts"
import * as Block from "../../src/engine/Block.ts"
import * as Decode from "../../src/evaluation/Decode.ts"
import * as Scope from "../../src/evaluation/Scope.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import { problem } from "../syntax/notation.ts"

const positive = Schema.makeFilter((n: number) => n > 0 ? undefined : "must be greater than 0")

const short = Schema.makeFilter((keys: Readonly<Record<string, Redacted.Redacted<string>>>) =>
  Object.keys(keys).filter((name) => name.length > 3).map((name) => ({ path: [name], issue: `${name} is too long` }))
)

const Disk = Schema.Struct({
  path: Decode.String,
  size: Decode.withDefault(Decode.Int.check(positive), 10),
  owner: Block.optional(Schema.Struct({ name: Decode.String }))
})

const Cache = Schema.Struct({
  min: Decode.withDefault(Decode.Int, 1),
  max: Decode.withDefault(Decode.Int, 9)
}).check(
  Schema.makeFilter(({ max, min }) => min > max ? { path: ["min"], issue: "must not exceed max" } : undefined)
)

const Store = Schema.Struct({
  name: Decode.String,
  retries: Decode.withDefault(Decode.Int, 3),
  token: Decode.optional(Decode.Secret),
  tags: Decode.withDefault(Decode.map(Decode.String), {}),
  sizes: Decode.withDefault(Decode.list(Decode.Int), []),
  matrix: Decode.withDefault(Decode.list(Decode.map(Decode.String)), []),
  keys: Decode.withDefault(Decode.map(Decode.Secret).check(short), {}),
  cache: Block.optional(Cache),
  disk: Block.many(Disk),
  "auth.basic": Block.optional(Schema.Struct({ user: Decode.String })),
  proxy: Block.unsupported
}).check(
  Schema.makeFilter(({ retries, token }) => token !== undefined && retries === 0 ? "a token needs retries" : undefined)
)

const defaults = { retries: 3, tags: {}, sizes: [], matrix: [], keys: {}, disk: [] }

const blockOf = (body: string) => {
  const file = Result.getOrThrow(Parser.parse(Source.make("test", `store "s" {\n${body}\n}`)))
  const [statement] = file.body
  assert(statement?._tag === "Block")
  return statement
}

const scope = Scope.make(
  new Map([
    ["c", Value.object([["list", Value.list([Value.text("a"), Value.bool(true)])]])],
    ["secret", Value.secret(Redacted.make("hunter2"))],
    ["later", Value.unknown]
  ])
)

/** The arguments, or every problem with its range. The body begins in line 2. */
const outcome = <A>(schema: Arguments.Arguments<A>, body: string): A | ReadonlyArray<string> => {
  const result = Arguments.decode(schema, blockOf(body), "test", scope)
  return Result.isSuccess(result) ? result.success : result.failure.map(problem)
}

/** Of a store whose `name` is in line 2, and the rest from line 3 on. */
const store = (body: string) => outcome(Store, `name = "n"\n${body}`)

describe("Arguments", () => {
  it("decodes attributes and blocks into plain data", () => {
    assert.deepStrictEqual(
      store(`
        retries = "5"
        tags    = { a = 1, "b c" = "x" }
        sizes   = [1, "2", 3.9]
        cache { max = 20 }
        disk {
          path = "/a"
          owner { name = "o" }
        }
        disk {
          path = "/b"
          size = 2
        }
        auth.basic { user = "u" }
      `),
      {
        name: "n",
        retries: 5,
        tags: { a: "1", "b c": "x" },
        sizes: [1, 2, 3],
        matrix: [],
        keys: {},
        cache: { min: 1, max: 20 },
        disk: [{ path: "/a", size: 10, owner: { name: "o" } }, { path: "/b", size: 2 }],
        "auth.basic": { user: "u" }
      }
    )
  })

  it("uses the defaults of what is not there, and of a block that is there its own", () => {
    assert.deepStrictEqual(store(""), { name: "n", ...defaults })
    assert.deepStrictEqual(store("cache { }"), { name: "n", ...defaults, cache: { min: 1, max: 9 } })
  })

  it("takes null for any attribute, a required one too", () => {
    assert.deepStrictEqual(outcome(Store, "name = null\nretries = null"), { name: "", ...defaults, retries: 0 })
  })

  it("says nothing about a value that is unknown yet, nor about rules that need it, and all about the others", () => {
    assert.deepStrictEqual(
      store("retries = later.n\nsizes = [later, 1]\ntags = { a = later }\ncache { min = later }"),
      []
    )
    assert.deepStrictEqual(store("sizes = [later, []]\ntoken = \"a\"\nretries = later"), [
      "3:17-3:18 [] should be number, got array"
    ])
  })

  it("shows a whole statement that does not belong", () => {
    assert.deepStrictEqual(store("urll = \"x\""), ["3:1-3:10 unrecognized attribute name \"urll\""])
    assert.deepStrictEqual(store("a.b \"l\" {\n}"), ["3:1-4:1 unrecognized block name \"a.b\""])
    assert.deepStrictEqual(store("auth { }"), [
      "3:1-3:8 unrecognized block name \"auth\"; did you mean \"auth.basic\"?"
    ])
    assert.deepStrictEqual(store("__proto__ = 1"), ["3:1-3:13 unrecognized attribute name \"__proto__\""])
  })

  it("does not take an attribute for a block, nor a block for an attribute, and says it once", () => {
    assert.deepStrictEqual(store("disk = []"), ["3:1-3:9 \"disk\" must be a block, but is used as an attribute"])
    assert.deepStrictEqual(outcome(Store, "name {\n}"), [
      "2:1-3:1 \"name\" must be an attribute, but is used as a block"
    ])
    assert.deepStrictEqual(outcome(Required, "where = 1\ncount { }"), [
      "2:1-2:9 \"where\" must be a block, but is used as an attribute",
      "3:1-3:9 \"count\" must be an attribute, but is used as a block"
    ])
  })

  it("takes an attribute once, and looks into the first", () => {
    assert.deepStrictEqual(store("retries = true\nretries = 2\nretries = []"), [
      "3:11-3:14 true should be number, got bool",
      "4:1-4:11 attribute \"retries\" may only be provided once",
      "5:1-5:12 attribute \"retries\" may only be provided once"
    ])
  })

  it("takes a block once, says so at the first, and looks into it", () => {
    assert.deepStrictEqual(store("cache {\n  max = true\n}\ncache {\n  no = 1\n}\ncache { }"), [
      "3:1-5:1 block \"cache\" may only be specified once",
      "4:9-4:12 true should be number, got bool",
      "7:3-7:8 unrecognized attribute name \"no\""
    ])
  })

  it("refuses labels, from the block's name to its brace, and looks into the block", () => {
    assert.deepStrictEqual(store("disk \"a\" {\n  size = 0\n  path = \"/\"\n}\ndisk { }"), [
      "3:1-3:10 block \"disk\" does not support specifying labels",
      "4:10 0 must be greater than 0",
      "7:1-7:8 missing required attribute \"path\""
    ])
  })

  it("takes the label of a block that has a field for it, and asks for one", () => {
    const Shelf = Schema.Struct({
      "item.own": Block.many(
        Schema.Struct({ label: Block.label, size: Decode.withDefault(Decode.Int, 1) }).check(
          Schema.makeFilter(({ label }) => label === "z" ? { path: ["label"], issue: "is the last one" } : undefined)
        )
      )
    })
    assert.deepStrictEqual<unknown>(outcome(Shelf, "item.own \"a\" {\n  size = 2\n}\nitem.own \"a\" { }"), {
      "item.own": [{ label: "a", size: 2 }, { label: "a", size: 1 }]
    })
    assert.deepStrictEqual(outcome(Shelf, "item.own {\n  size = []\n}\nitem.own \"\" { }"), [
      "2:1-2:10 block \"item.own\" requires non-empty label",
      "3:10-3:11 [] should be number, got array",
      "5:1-5:13 block \"item.own\" requires non-empty label"
    ])
    assert.deepStrictEqual(outcome(Shelf, "item.own \"a\" {\n  label = \"b\"\n}"), [
      "3:3-3:13 unrecognized attribute name \"label\""
    ])
    assert.deepStrictEqual(outcome(Shelf, "item.own \"z\" { }"), ["2:10-2:12 is the last one"])
  })

  it("shows the block that lacks something", () => {
    assert.deepStrictEqual(outcome(Store, ""), ["1:1-3:1 missing required attribute \"name\""])
    assert.deepStrictEqual(store("disk {\n}\ndisk {\n  path = \"/\"\n  owner { }\n}"), [
      "3:1-4:1 missing required attribute \"path\"",
      "7:3-7:11 missing required attribute \"name\""
    ])
    assert.deepStrictEqual(outcome(Required, ""), [
      "1:1-3:1 missing required block \"where\"",
      "1:1-3:1 missing required attribute \"count\""
    ])
  })

  it("points at the very element that does not fit", () => {
    assert.deepStrictEqual(store("sizes = [1, true, \"x\"]"), [
      "3:13-3:16 true should be number, got bool",
      "3:19-3:21 \"x\" should be number, got string"
    ])
    assert.deepStrictEqual(store("tags = {\n  a = \"1\",\n  b = [],\n}"), ["5:7-5:8 [] should be string, got array"])
    assert.deepStrictEqual(store("matrix = [{ a = \"1\" }, { b = (true) }]"), [
      "3:30-3:35 (true) should be string, got bool"
    ])
    assert.deepStrictEqual(store("sizes = 1"), ["3:9 1 should be array, got number"])
  })

  it("follows a reference as far as its value goes", () => {
    assert.deepStrictEqual(store("sizes = c.list"), [
      "3:9-3:14 c.list[0] should be number, got string",
      "3:9-3:14 c.list[1] should be number, got bool"
    ])
    assert.deepStrictEqual(store("matrix = [{ a = c.list }]"), ["3:17-3:22 c.list should be string, got array"])
  })

  it("points at the part of an expression that cannot be evaluated", () => {
    assert.deepStrictEqual(store("retries = 1 + c.no"), ["3:17-3:18 field \"no\" does not exist"])
    assert.deepStrictEqual(outcome(Store, "name = nothing"), ["2:8-2:14 identifier \"nothing\" does not exist"])
  })

  it("says a rule about a value at the value, one about a block at the block, and one about a part where it leads", () => {
    assert.deepStrictEqual(store("disk {\n  path = \"/\"\n  size = 2 - 3\n}"), [
      "5:10-5:14 2 - 3 must be greater than 0"
    ])
    assert.deepStrictEqual(store("token = \"t\"\nretries = 0"), ["1:1-5:1 a token needs retries"])
    assert.deepStrictEqual(store("cache {\n  min = 10\n}"), ["4:9-4:10 must not exceed max"])
    assert.deepStrictEqual(store("cache {\n  max = 0\n}"), ["3:1-5:1 must not exceed max"])
    assert.deepStrictEqual(store("keys = { a = \"hunter2\", long = secret, longer = \"hunter2\" }"), [
      "3:32-3:37 long is too long",
      "3:49-3:57 longer is too long"
    ])
  })

  it("says what is not supported yet", () => {
    assert.deepStrictEqual(store("proxy = \"http://p\""), [
      "3:1-3:18 attribute \"proxy\" is not supported by pyroduct yet"
    ])
    assert.deepStrictEqual(store("proxy {\n  url = 1\n}"), ["3:1-5:1 block \"proxy\" is not supported by pyroduct yet"])
  })

  it("finds all problems at once, in the order of the text", () => {
    assert.deepStrictEqual(
      outcome(
        Store,
        [
          "disk \"x\" {",
          "  size = 0",
          "}",
          "bogus = 1",
          "retries = c.no",
          "cache {",
          "  min = 10",
          "}",
          "sizes = [[]]",
          "proxy = 1",
          "disk = 2"
        ].join("\n")
      ),
      [
        "1:1-13:1 missing required attribute \"name\"",
        "2:1-2:10 block \"disk\" does not support specifying labels",
        "2:1-4:1 missing required attribute \"path\"",
        "3:10 0 must be greater than 0",
        "5:1-5:9 unrecognized attribute name \"bogus\"",
        "6:13-6:14 field \"no\" does not exist",
        "8:9-8:10 must not exceed max",
        "10:10-10:11 [] should be number, got array",
        "11:1-11:9 attribute \"proxy\" is not supported by pyroduct yet",
        "12:1-12:8 \"disk\" must be a block, but is used as an attribute"
      ]
    )
  })

  it("looks at every element of a list, whatever is wrong with another", () => {
    assert.deepStrictEqual(store("sizes = [c.no, true, (1 + \"x\"), \"2\", []]\ntags = {a = nope, b = true}"), [
      "3:12-3:13 field \"no\" does not exist",
      "3:16-3:19 true should be number, got bool",
      "3:27-3:29 \"x\" should be number, got string",
      "3:38-3:39 [] should be number, got array",
      "4:13-4:16 identifier \"nope\" does not exist",
      "4:23-4:26 true should be string, got bool"
    ])
  })

  it("looks at the rules that it can tell of, and at no other", () => {
    const Pair = Schema.Struct({ a: Decode.withDefault(Decode.Int, 0), b: Decode.withDefault(Decode.Int, 0) }).check(
      Schema.makeFilter(({ a }) => a === 0 ? "a is missing" : undefined),
      Schema.makeFilter(({ b }) => b === 0 ? "b is missing" : undefined),
      Schema.makeFilter((args) => "a" in args ? undefined : "nothing is known of a"),
      Schema.makeFilter((args) => Object.keys(args).length > 9 ? undefined : "of all there is there is little")
    )
    const whole = "1:1-3:1 "
    assert.deepStrictEqual(outcome(Pair, "a = true"), [
      `${whole}b is missing`,
      `${whole}nothing is known of a`,
      "2:5-2:8 true should be number, got bool"
    ])
  })

  it("finds what is wrong with a thousand elements and a block's rule, and counts most of it", () => {
    const problems = store(`sizes = [${"true, ".repeat(1000)}]\ncache { min = 10 }`)
    assert(Array.isArray(problems))
    assert.deepStrictEqual([problems.length, problems.at(-1)], [101, "3:610-3:613 901 more problems from here on"])
  })

  it("shows the beginning of a long expression, and reports a place of it once", () => {
    const problems = store(`retries = [${"[1, 2], ".repeat(100_000)}]`)
    assert(Array.isArray(problems))
    assert.match(problems.join("\n"), /^3:11-3:\d+ \[\[1, 2\], .{250,450}… should be number, got array$/)
  })

  it("carries the file's name", () => {
    const result = Arguments.decode(Store, blockOf("bogus = 1"), "config.alloy", scope)
    assert(Result.isFailure(result))
    assert.deepStrictEqual(result.failure.map(({ file, severity }) => `${severity} ${file}`), [
      "error config.alloy",
      "error config.alloy"
    ])
  })

  it("does not repeat the user info of a URL", () => {
    assert.deepStrictEqual(store("retries = \"http://user:hunter2@host/a@b\""), [
      "3:11-3:40 \"***\" should be number, got string"
    ])
  })

  it("never shows a secret, and lets none become a text", () => {
    const refused = "secrets may not be converted into strings"
    assert.deepStrictEqual(outcome(Store, "name = secret"), [`2:8-2:13 secret ${refused}`])
    assert.deepStrictEqual(store("tags = { a = secret }"), [`3:14-3:19 secret ${refused}`])
    for (const attribute of ["retries", "tags", "sizes", "matrix", "name", "bogus", "proxy", "disk"]) {
      for (const value of ["secret", "[secret]", "{ a = secret }", "secret + 1", "secret + secret", "secret.a"]) {
        const problems = outcome(Store, `${attribute} = ${value}`)
        assert(Array.isArray(problems), `${attribute} = ${value}`)
        assert.notInclude(problems.join("\n"), "hunter2")
      }
    }
    const decoded = Result.getOrThrow(Arguments.decode(Store, blockOf("name = \"n\"\ntoken = secret"), "test", scope))
    assert.strictEqual(Redacted.value(decoded.token!), "hunter2")
    assert.notInclude(JSON.stringify(decoded), "hunter2")
  })
})

const Required = Schema.Struct({ where: Schema.Struct({ path: Decode.String }), count: Decode.Int })

/**
 * Configurations of any kind, valid and not, through everything that reads one.
 *
 * What is generated is a tree of numbers, each of which decides what comes next, so that all arbitraries are small.
 */
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import * as Components from "../../src/cli/Components.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Stdlib from "../../src/evaluation/Stdlib.ts"
import * as Diagnostic from "../../src/syntax/Diagnostic.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Printer from "../../src/syntax/Printer.ts"
import { limit } from "../../src/syntax/Problems.ts"
import * as Source from "../../src/syntax/Source.ts"
import { inputs } from "./effort.ts"

const stdlib = Stdlib.make({
  env: (name) => name === "TOKEN" ? "hunter2" : undefined,
  hostname: "host",
  os: "linux",
  arch: "amd64",
  version: "v1.0.0"
})

/** A number below `count`, the next one at each call, and 0 when there are no more. */
type Choose = (count: number) => number

const choosing = (choices: ReadonlyArray<number>): Choose => {
  const rest = choices.values()
  return (count) => (rest.next().value ?? 0) % count
}

const choices = Arbitrary.array(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
  { maxLength: 400 }
)

const pick = <A>(choose: Choose, items: ReadonlyArray<A>): A => items[choose(items.length)]!

const times = <A>(choose: Choose, most: number, item: () => A): ReadonlyArray<A> =>
  Array.from({ length: choose(most + 1) }, item)

/** Also what every JavaScript object has. */
const names = ["a", "b_1", "é", "__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]

const leaves = [
  "null",
  "true",
  "5",
  "0",
  "-1",
  "1.5",
  "99999999999999999999",
  "\"\"",
  "\"10s\"",
  "\"64MiB\"",
  "\"http://u:hunter2@h/p?q\"",
  "\"http://h\"",
  "\"\\xff\\u0000\"",
  "`raw\r\nlines`",
  "sys.env(\"TOKEN\")",
  "constants.hostname",
  "constants.constructor",
  "pyroscope.write.a.receiver",
  "pyroscope.write.__proto__.receiver",
  "nope.x",
  "concat([1], 2)",
  "nonsensitive(\"x\")",
  "encoding.from_json(\"{}\")",
  "toString",
  "__proto__"
]
const operators = ["||", "&&", "==", "!=", "<", ">=", "+", "-", "*", "/", "%", "^"]

const expression = (choose: Choose, depth = 0): string => {
  const inner = (): string => expression(choose, depth + 1)
  switch (depth > 3 ? 0 : choose(14)) {
    case 1:
      return `[${times(choose, 4, inner).join(", ")}]`
    case 2:
      return `[\n${times(choose, 4, inner).map((item) => `${item},\n`).join("")}]`
    case 3:
    case 4:
      return `{${times(choose, 4, () => `"${pick(choose, names)}" = ${inner()}`).join(", ")}}`
    case 5:
      return `${inner()} ${pick(choose, operators)} ${inner()}`
    case 6:
      return `(${pick(choose, ["-", "!", ""])}${inner()})`
    case 7:
      return `(${inner()})["${pick(choose, names)}"]`
    case 8:
      return `(${inner()}).${pick(choose, names)}`
    case 9:
      return `${pick(choose, ["concat", "coalesce", "sys.env"])}(${times(choose, 3, inner).join(", ")})`
    default:
      return pick(choose, leaves)
  }
}

const attributes = (
  "url name remote_timeout headers min_backoff_period max_backoff_retries retry_on_http_429 bearer_token " +
  "bearer_token_file basic_auth tls_config enable_http2 proxy_url no_proxy proxy_from_environment http_headers username " +
  "password password_file credentials type client_id client_secret token_url scopes endpoint_params cert_file key_file " +
  "ca_pem cert_pem key_pem min_version forward_to external_labels listen_port max_body_size conn_limit interval labels " +
  "max_bytes when_full max_age directory service_name targets params scrape_interval scheme path enabled delta " +
  "__proto__ constructor hasOwnProperty"
).split(" ")
const blocks =
  "endpoint http queue profiling_config profile.memory profile.custom basic_auth authorization oauth2 tls_config tracing grpc __proto__ a.b"
    .split(" ")
const components = [
  "pyroscope.write",
  "pyroscope.receive_http",
  "pyroduct.self_profile",
  "pyroduct.sink",
  "pyroscope.scrape",
  "logging",
  "constructor",
  "__proto__.toString"
]

const body = (choose: Choose, depth = 0): string =>
  times(choose, 6, () => {
    if (depth < 3 && choose(3) === 0) return `${pick(choose, blocks)} {\n${body(choose, depth + 1)}}\n`
    return `${pick(choose, attributes)} = ${expression(choose)}\n`
  }).join("")

const configuration = (choose: Choose): string =>
  Array.from({ length: 1 + choose(4) }, () => {
    const label = pick(choose, [" \"a\"", " \"b\"", " \"__proto__\"", " \"constructor\"", ""])
    return `${pick(choose, components)}${label} {\n${body(choose)}}\n`
  }).join("")

/** What a tree says, without the places in it. */
const shape = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree, (key, value: unknown) => key.toLowerCase().endsWith("range") ? undefined : value))

/** Reads a text as the commands do, shows what is wrong with it, and gives its diagnostics. */
const check = (text: string | Uint8Array): ReadonlyArray<Diagnostic.Diagnostic> => {
  const source = Source.make("test", text)
  const checked = Plan.check({ sources: [source], registry: Components.registry, stdlib })
  const { diagnostics, sources } = Result.isFailure(checked) ? checked.failure : { diagnostics: [], sources: new Map() }
  assert.strictEqual(diagnostics.length > 0, Result.isFailure(checked))
  assert.isAtMost(diagnostics.length, limit + 1)
  for (const { message, range } of diagnostics) {
    assert(range !== undefined && message !== "")
    for (const place of [range.start, range.end]) {
      assert.isAtMost(place.offset, source.bytes.length)
      assert.deepStrictEqual(place, Source.positionAt(source, place.offset))
    }
  }
  const shown = Diagnostic.renderAll(diagnostics, sources, { color: false })
  assert.isAtMost(shown.length, 3000 * diagnostics.length)
  return diagnostics
}

const encoder = new TextEncoder()

/** A text with a few bytes lost, doubled, moved or replaced by what means something to the language. */
const mutate = (text: string, choose: Choose): Uint8Array => {
  let bytes: ReadonlyArray<number> = [...encoder.encode(text)]
  const pieces = [
    "{",
    "}",
    "[",
    "\"",
    "'",
    "`",
    ",",
    "\n",
    "=",
    ".",
    "/*",
    "//",
    "#",
    "\u0000",
    "\ufeff",
    "(",
    "|",
    "\\"
  ]
  for (let count = 1 + choose(4); count > 0; count--) {
    const [from, to] = [choose(bytes.length + 1), choose(bytes.length + 1)].sort((a, b) => a - b) as [number, number]
    const [before, middle, after] = [bytes.slice(0, from), bytes.slice(from, to), bytes.slice(to)]
    const inserted = [...encoder.encode(pick(choose, pieces))]
    bytes = pick(choose, [
      [...before, ...inserted, ...middle, ...after],
      [...before, ...inserted, ...middle.slice(inserted.length), ...after],
      [...before, ...after],
      [...before, ...middle, ...middle.slice(0, 200), ...after],
      [...before, choose(256), ...middle, ...after]
    ])
  }
  return Uint8Array.from(bytes)
}

describe("Configurations", () => {
  const runs = (few: number) => ({ arbitrary: { runs: inputs(few) } })

  it.prop(
    "an expression that was printed reads as the same expression, and is printed the same again",
    [choices],
    ([choices]) => {
      const text = expression(choosing(choices))
      const read = (text: string) => Result.getOrThrow(Parser.parseExpression(Source.make("test", text)))
      const tree = read(text)
      const printed = Printer.expression(tree)
      const again = read(printed)
      assert.deepStrictEqual(shape(again), shape(tree))
      assert.strictEqual(Printer.expression(again), printed)
    },
    runs(100)
  )

  it.prop("one that is well-formed is checked, and all that is wrong with it has a place", [choices], ([choices]) => {
    const text = configuration(choosing(choices))
    assert(Result.isSuccess(Parser.parse(Source.make("test", text))))
    check(text)
  }, runs(60))

  it.prop("one with damage is read to its end", [choices], ([choices]) => {
    const choose = choosing(choices)
    check(mutate(configuration(choose), choosing(choices.toReversed())))
  }, runs(60))

  it("what every object has is nothing to the language", () => {
    const text = names.map((name) => `x.y "${name}" {\n${name} = ${name}\n}\n`).join("")
    assert.lengthOf(check(text), names.length)
    for (const name of names.filter((name) => name !== "a")) {
      const lines = [`external_labels = {k = ${name}.x}`, `${name} = 1`, `endpoint {\nurl = constants.${name}\n}`]
      assert.deepStrictEqual(
        check(`pyroscope.write "${name}" {\n${lines.join("\n")}\n}`).map(({ message }) =>
          message.replace(/; did you mean .*/, "")
        ),
        [
          `component "${name}.x" does not exist or is out of scope`,
          `unrecognized attribute name "${name}"`,
          `field "${name}" does not exist`
        ]
      )
    }
  })
})

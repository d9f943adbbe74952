import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import * as Labels from "../../src/profile/Labels.ts"
import * as Relabel from "../../src/profile/Relabel.ts"
import { labels as serverLabels } from "../../src/testing/Profiles.ts"

const compile = (...rules: ReadonlyArray<Relabel.Options>) => Result.getOrThrow(Relabel.compile(rules))

const relabel = (labels: Labels.Overrides, ...rules: ReadonlyArray<Relabel.Options>) => {
  const result = Relabel.apply(compile(...rules), Labels.make(labels))
  return result && Object.fromEntries(result)
}

const abc = { a: "foo", b: "bar", c: "baz" }

type Row = readonly [
  title: string,
  rules: ReadonlyArray<Relabel.Options>,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>> | undefined
]

const rows: ReadonlyArray<Row> = [
  [
    "replace: source values joined with the separator",
    [{ sourceLabels: ["a", "missing", "b"], regex: "(.*);(.*);(.*)", targetLabel: "d", replacement: "${3}_$1$2" }],
    abc,
    { ...abc, d: "bar_foo" }
  ],
  [
    "replace: another separator",
    [{ sourceLabels: ["a", "b"], separator: "", regex: "f(.*)r", targetLabel: "d" }],
    abc,
    { ...abc, d: "ooba" }
  ],
  ["replace: no match", [{ sourceLabels: ["a"], regex: "o", targetLabel: "d" }], abc, abc],
  ["replace: without source labels", [{ targetLabel: "d", replacement: "x" }], abc, { ...abc, d: "x" }],
  ["replace: an empty value removes", [{ targetLabel: "a", replacement: "$9" }], abc, { b: "bar", c: "baz" }],
  [
    "replace: a name from the match",
    [{ sourceLabels: ["a"], regex: "(f)(.*)", targetLabel: "${1}_$2", replacement: "$$1$" }],
    abc,
    { ...abc, f_oo: "$1$" }
  ],
  [
    "replace: a name that comes out empty",
    [{ sourceLabels: ["a"], regex: "(x)?.*", targetLabel: "$1", replacement: "y" }],
    abc,
    abc
  ],
  ["replace: a dotted name", [{ targetLabel: "otel.scope.name", replacement: "y" }], {}, { "otel.scope.name": "y" }],
  [
    "replace: named groups, and names as long as they can be",
    [{
      sourceLabels: ["a"],
      regex: "(?P<first>.)(?<rest>.*)",
      targetLabel: "d",
      replacement: "$rest-${first}s-$firsts-$1_x-${1}_x-$01-${-$"
    }],
    abc,
    { ...abc, d: "oo-fs---f_x--${-$" }
  ],
  [
    "replace: a dot matches a newline, and all of the text has to match",
    [{ sourceLabels: ["x"], regex: "a.b|c", targetLabel: "d", replacement: "y" }],
    { x: "a\nb" },
    { x: "a\nb", d: "y" }
  ],
  ["keep: what matches", [{ action: "keep", sourceLabels: ["a"], regex: "fo.*" }], abc, abc],
  ["keep: nothing else", [{ action: "keep", sourceLabels: ["a"], regex: "fo" }], abc, undefined],
  ["drop: what matches", [{ action: "drop", sourceLabels: ["a"], regex: "x|foo" }], abc, undefined],
  ["drop: nothing else", [{ action: "drop", sourceLabels: ["a"], regex: "x|fo" }], abc, abc],
  ["keepequal", [{ action: "keepequal", sourceLabels: ["a"], targetLabel: "b" }], { a: "x", b: "x" }, {
    a: "x",
    b: "x"
  }],
  ["keepequal: what differs", [{ action: "keepequal", sourceLabels: ["a"], targetLabel: "b" }], abc, undefined],
  ["dropequal", [{ action: "dropequal", sourceLabels: ["x"], targetLabel: "y" }], abc, undefined],
  ["dropequal: what differs", [{ action: "dropequal", sourceLabels: ["a"], targetLabel: "b" }], abc, abc],
  ["hashmod", [{ action: "hashmod", sourceLabels: ["c"], targetLabel: "d", modulus: 1000 }], abc, { ...abc, d: "976" }],
  [
    "hashmod: another text",
    [{ action: "hashmod", sourceLabels: ["x"], targetLabel: "d", modulus: 1000 }],
    { x: "foo\nbar" },
    { x: "foo\nbar", d: "734" }
  ],
  [
    "hashmod: another modulus",
    [{ action: "hashmod", sourceLabels: ["x"], targetLabel: "d", modulus: 2 }],
    { x: "prod" },
    { x: "prod", d: "1" }
  ],
  [
    "labelmap: copies, and keeps what it copies",
    [{ action: "labelmap", regex: "meta_(.+)", replacement: "my_$1" }],
    { meta_x: "1", x: "2" },
    { meta_x: "1", my_x: "1", x: "2" }
  ],
  [
    "labelmap: of several the last by name counts",
    [{ action: "labelmap", regex: "m._(.+)" }],
    { m2_x: "2", m1_x: "1", m3_x: "3" },
    { m1_x: "1", m2_x: "2", m3_x: "3", x: "3" }
  ],
  [
    "labelmap: sees no copy of its own",
    [{ action: "labelmap", regex: "x(.*)", replacement: "xx$1" }],
    { x: "1" },
    { x: "1", xx: "1" }
  ],
  ["labeldrop", [{ action: "labeldrop", regex: "[ab]" }], abc, { c: "baz" }],
  ["labelkeep", [{ action: "labelkeep", regex: "[ab]" }], abc, { a: "foo", b: "bar" }],
  [
    "lowercase: each letter by itself",
    [{ action: "lowercase", sourceLabels: ["x"], targetLabel: "d" }],
    { x: "FOO ΑΣ İÉ" },
    { x: "FOO ΑΣ İÉ", d: "foo ασ ié" }
  ],
  [
    "uppercase: one letter for one",
    [{ action: "uppercase", sourceLabels: ["x"], targetLabel: "d" }],
    { x: "foo ßŉﬁ ᾀᾳ ǆé" },
    { x: "foo ßŉﬁ ᾀᾳ ǆé", d: "FOO ßŉﬁ ᾈᾼ ǄÉ" }
  ],
  ["uppercase: of nothing removes", [{ action: "uppercase", sourceLabels: ["x"], targetLabel: "a" }], { a: "1" }, {}],
  [
    "rules see what those before them have made",
    [
      { sourceLabels: ["a"], targetLabel: "__tmp" },
      { action: "keep", sourceLabels: ["__tmp"], regex: "foo" },
      { action: "labeldrop", regex: "__.+" }
    ],
    abc,
    abc
  ]
]

describe("Relabel.apply", () => {
  for (const [title, rules, before, after] of rows) {
    it(title, () => {
      assert.deepStrictEqual(relabel(before, ...rules), after)
    })
  }

  it("gives back the same labels where nothing has changed", () => {
    const labels = Labels.make(abc)
    const rules = compile(
      { sourceLabels: ["a"], targetLabel: "a" },
      { targetLabel: "__tmp", replacement: "x" },
      { targetLabel: "__tmp", replacement: "" },
      { action: "labeldrop", regex: "x|y" }
    )
    assert.strictEqual(Relabel.apply(rules, labels), labels)
  })

  it("leaves labels alone whose name would not do", () => {
    const rules = Result.getOrThrow(
      Relabel.compile([{ sourceLabels: ["a"], targetLabel: "$1", replacement: "x" }], (name) => name !== "foo")
    )
    const labels = Labels.make(abc)
    assert.strictEqual(Relabel.apply(rules, labels), labels)
  })
})

describe("Relabel.compile", () => {
  it("says what is wrong with a rule", () => {
    const problem = (rule: Relabel.Options) => {
      const { message, setting } = Result.getOrThrow(Result.flip(Relabel.compile([rule])))
      return `${setting}: ${message}`
    }
    assert.strictEqual(problem({ regex: "(" }), "regex: error parsing regexp: missing closing ): `^(?s:()$`")
    assert.strictEqual(
      problem({ regex: "a**" }),
      "regex: error parsing regexp: invalid nested repetition operator: `**`"
    )
    assert.strictEqual(
      problem({ regex: "(?=a)" }),
      "regex: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"
    )
    assert.strictEqual(problem({ regex: "\\é" }), "regex: error parsing regexp: invalid escape sequence: `\\é`")
    assert.strictEqual(
      problem({ action: "hashmod", targetLabel: "a" }),
      "modulus: relabel configuration for hashmod requires non-zero modulus"
    )
  })

  it("takes no longer than linear time, for whatever expression and text", () => {
    const rules = compile(
      { sourceLabels: ["a"], regex: "(x+x+)+y", targetLabel: "d" },
      { action: "keep", sourceLabels: ["a"], regex: "x*" }
    )
    const labels = Labels.make({ a: "x".repeat(10_000) })
    assert.strictEqual(Relabel.apply(rules, labels), labels)
  })
})

// ---- laws ----

const one = <const A>(values: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: values.length - 1 }))),
    (index) => values[index]!
  )

const names = ["__name__", "service_name", "a", "ab", "b", "__tmp"] as const
const texts = ["", "a", "ab", "b", "aab", "a.b", "AB", "ß"] as const

const labels = Arbitrary.map(
  Arbitrary.array(Arbitrary.all([one(names), one(texts)]), { maxLength: 8 }),
  (pairs) => Labels.make(new Map(pairs))
)

/** Some need an automaton, some do not. */
const regex = one(
  ["", "a", "a|ab|", "(a|b)", ".*", "(.*)", "a.*", "a(.+)", "(.+)b", "(?:a|b)+", "(a)(.)?.*", "[^a]+", "(?i)AB"]
)

const rule: Arbitrary.Arbitrary<Relabel.Options> = Arbitrary.map(
  Arbitrary.all([
    one(Relabel.actions),
    Arbitrary.array(one(names), { maxLength: 3 }),
    regex,
    one(names),
    one(["$1", "x$1", "${2}y", "", "a"])
  ]),
  ([action, sourceLabels, regex, targetLabel, replacement]): Relabel.Options => {
    switch (action) {
      case "replace":
        return { action, sourceLabels, regex, targetLabel, replacement }
      case "keep":
      case "drop":
        return { action, sourceLabels, regex }
      case "labelmap":
        return { action, regex, replacement: `x_${replacement}` }
      case "labeldrop":
      case "labelkeep":
        return { action, regex }
      default:
        return { action, sourceLabels, targetLabel, ...(action === "hashmod" && { modulus: 7 }) }
    }
  }
)

const rules = Arbitrary.array(rule, { maxLength: 5 })

describe("laws of relabelling", () => {
  it.prop("what comes out has its names in order and no empty value", [rules, labels], ([rules, labels]) => {
    const result = Relabel.apply(compile(...rules), labels)
    if (result !== undefined) assert.deepStrictEqual([...result], [...Labels.make(result)])
  })

  it.prop("one list of rules after another is the two as one", [rules, rules, labels], ([first, second, labels]) => {
    const between = Relabel.apply(compile(...first), labels)
    const after = between && Relabel.apply(compile(...second), between)
    const together = Relabel.apply(compile(...first, ...second), labels)
    assert.deepStrictEqual(together && [...together], after && [...after])
  })

  it.prop("of keep and drop one keeps, and neither changes anything", [regex, labels], ([regex, labels]) => {
    const [kept, notDropped] = (["keep", "drop"] as const).map((action) =>
      Relabel.apply(compile({ action, regex, sourceLabels: ["a", "b"] }), labels)
    )
    assert.strictEqual(kept ?? notDropped, labels)
    assert.isTrue(kept === undefined || notDropped === undefined)
  })

  it.prop("labelkeep after labeldrop of the same leaves nothing", [regex, labels], ([regex, labels]) => {
    const after = Relabel.apply(compile({ action: "labeldrop", regex }, { action: "labelkeep", regex }), labels)
    assert.strictEqual(after?.size, 0)
  })

  it.prop("what needs no automaton matches as one does", [regex, one(texts)], ([regex, text]) => {
    const match = (regex: string) =>
      relabel({ x: text }, { sourceLabels: ["x"], regex, targetLabel: "y", replacement: "<$0|$1|$2>" })
    assert.deepStrictEqual(match(regex), match(`(?:)${regex.includes("|") ? `(?:${regex})` : regex}`))
  })

  it.prop("a rule that matches nothing is the identity", [serverLabels], ([labels]) => {
    const rules = compile(
      { sourceLabels: ["service_name"], regex: "[^\\x00-\\x{10ffff}]", targetLabel: "x" },
      { action: "labelmap", regex: "!.*" }
    )
    assert.strictEqual(Relabel.apply(rules, labels), labels)
  })
})

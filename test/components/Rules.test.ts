import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Rules from "../../src/components/Rules.ts"
import { problemsOf } from "./arguments.ts"

const Arguments = Schema.Struct(Rules.fields)

/** What is wrong with a rule, each with the line it is in: the first of the attributes is in line 1. */
const problems = (...attributes: ReadonlyArray<string>) =>
  problemsOf(Arguments, "rule {", ...attributes, "}").map((problem) => {
    const [, line, text] = /^(\d+):\S+ (.*)$/s.exec(problem) ?? []
    return `${Number(line) - 2}: ${text}`
  })

const needsTarget = ["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"]

describe("rule", () => {
  it("takes what Prometheus takes", () => {
    for (
      const rule of [
        [],
        ["target_label = \"a\""],
        ["target_label = \"otel.scope.name\""],
        ["target_label = \"é b\""],
        ["target_label = \"${1}_x$2\""],
        ["action = \"keep\"", "source_labels = [\"a\", \"b\"]", "separator = \"\"", "regex = \"a|b\""],
        ["action = \"hashmod\"", "modulus = 4", "target_label = \"a-b\""],
        ["action = \"labelmap\"", "regex = \"a(.+)\""],
        ["action = \"labeldrop\"", "regex = \"a(.+)\""],
        ["action = \"labelkeep\"", "regex = \"a(.+)\"", "separator = \";\""],
        ["action = \"keepequal\"", "source_labels = [\"a\"]", "target_label = \"b\""],
        ["action = \"uppercase\"", "source_labels = [\"a\"]", "target_label = \"b\"", "regex = \"x\""]
      ]
    ) assert.deepStrictEqual(rule.length === 0 ? [] : problems(...rule), [], rule.join("; "))
  })

  const rows: ReadonlyArray<readonly [rule: ReadonlyArray<string>, ...problems: ReadonlyArray<string>]> = [
    [["action = \"\""], "1: relabel action cannot be empty"],
    [["action = \"Keep\""], "1: unrecognized action type \"Keep\"; did you mean \"keep\"?"],
    [
      ["action = \"hashmod\"", "target_label = \"a\""],
      "0: relabel configuration for hashmod requires non-zero modulus"
    ],
    [
      ["target_label = \"a\"", "action = \"hashmod\"", "modulus = 0"],
      "3: relabel configuration for hashmod requires non-zero modulus"
    ],
    ...needsTarget.map((action) =>
      [
        [`action = "${action}"`, "modulus = 1"],
        `0: relabel configuration for ${action} action requires 'target_label' value`
      ] as const
    ),
    ...["$", "1$1", "a-$1", "${1", "a${1}-b", "$1.x"].map((label) =>
      [[`target_label = "${label}"`], `1: "${label}" is invalid 'target_label' for replace action`] as const
    ),
    [["target_label = \"\\xff\""], "1: \"\\udcff\" is invalid 'target_label' for replace action"],
    ...needsTarget.slice(1).map((action) =>
      [
        [`action = "${action}"`, "modulus = 1", "target_label = \"\\xff\""],
        `3: "\\udcff" is invalid 'target_label' for ${action} action`
      ] as const
    ),
    ...needsTarget.slice(2).map((action) =>
      [
        [`action = "${action}"`, "target_label = \"a\"", "replacement = \"$2\""],
        `3: 'replacement' can not be set for ${action} action`
      ] as const
    ),
    [
      ["action = \"labelmap\"", "replacement = \"a-$1\""],
      "2: \"a-$1\" is invalid 'replacement' for labelmap action"
    ],
    ...["labeldrop", "labelkeep"].flatMap((action) =>
      [
        "source_labels = [\"a\"]",
        "target_label = \"a\"",
        "modulus = 1",
        "separator = \",\"",
        "replacement = \"\""
      ].map((other) =>
        [
          [`action = "${action}"`, "regex = \"a\"", other],
          `1: ${action} action requires only 'regex', and no other fields`
        ] as const
      )
    ),
    ...["keepequal", "dropequal"].flatMap((action) =>
      ["regex = \"a\"", "modulus = 1", "separator = \",\""].map((other) =>
        [
          [`action = "${action}"`, "target_label = \"a\"", other],
          `1: ${action} action requires only 'source_labels' and 'target_label', and no other fields`
        ] as const
      )
    ),
    [
      ["target_label = \"a\"", "regex = \"(a\""],
      "2: error parsing regexp: missing closing ): `^(?s:(a)$`"
    ],
    [["target_label = \"a\"", "modulus = -1"], "2: modulus must be a whole number that is not negative"],
    // What is not known yet hides no mistake that it has nothing to do with.
    [
      ["source_labels = [later]", "regex = later", "replacement = later"],
      "0: relabel configuration for replace action requires 'target_label' value"
    ],
    [["regex = later", "action = \"kepp\""], "2: unrecognized action type \"kepp\"; did you mean \"keep\"?"],
    [["action = later", "regex = \"(\""], "2: error parsing regexp: missing closing ): `^(?s:()$`"],
    [["source_labels = [later]", "target_label = later", "modulus = later"]],
    // One mistake hides no other.
    [
      ["action = \"kepp\"", "regex = \"[\"", "modulus = true"],
      "1: unrecognized action type \"kepp\"; did you mean \"keep\"?",
      "2: error parsing regexp: missing closing ]: `[)$`",
      "3: true should be number, got bool"
    ]
  ]
  for (const [rule, ...expected] of rows) {
    it(`says what is wrong with ${rule.join(", ")}`, () => {
      assert.deepStrictEqual(problems(...rule), expected)
    })
  }

  it("repeats nothing that looks like a credential", () => {
    for (const name of ["action", "regex", "target_label"]) {
      const found = problems(`${name} = "https://user:hunter2@host/\u0024("`)
      assert.isAtLeast(found.length, 1)
      assert.notInclude(found.join(), "hunter2")
    }
  })
})

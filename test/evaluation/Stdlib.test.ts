import { assert, describe, it } from "@effect/vitest"
import * as Stdlib from "../../src/evaluation/Stdlib.ts"
import * as Value from "../../src/evaluation/Value.ts"
import { outcome, secret } from "./evaluating.ts"

const variables = { s: secret("hunter2"), blank: secret(""), receiver: Value.opaque("receiver", {}) }

const table = (name: string, rows: ReadonlyArray<readonly [expression: string, outcome: string]>) =>
  describe(name, () => {
    it.each(rows)("%s -> %s", (text, expected) => assert.strictEqual(outcome(text, variables), expected))
  })

describe("Stdlib", () => {
  table("env", [
    ["env(\"HOME\")", "\"/home/test\""],
    ["env(\"UNSET\")", "\"\""],
    ["sys.env(\"HOME\")", "\"/home/test\""],
    ["env(null)", "\"\""],
    ["env(1)", "\"\""],
    ["env([])", "1:5-6: [] should be string, got array"]
  ])

  table("concat", [
    ["concat()", "[]"],
    ["concat([1], [], [\"a\", [2]])", "[1, \"a\", [2]]"],
    ["array.concat([1], [2])", "[1, 2]"],
    ["concat([1], 2)", "1:13-13: 2 should be array, got number"],
    ["array.concat(s)", "1:14-14: s should be array, got capsule"]
  ])

  table("nonsensitive", [
    ["nonsensitive(s)", "\"hunter2\""],
    ["convert.nonsensitive(s) + \"!\"", "\"hunter2!\""],
    ["nonsensitive(\"plain\")", "\"plain\""],
    ["nonsensitive(null)", "\"\""],
    ["nonsensitive(1)", "1:14-14: 1 should be capsule, got number"],
    ["nonsensitive(receiver)", "1:14-21: receiver should be capsule(\"secret\"), got capsule(\"receiver\")"],
    ["nonsensitive()", "1:1-12: nonsensitive expected 1 args, got 0"]
  ])

  table("trim_space", [
    ["trim_space(\" a b\\r\\n\")", "\"a b\""],
    ["string.trim_space(\"\\u0085\\u00a0\\u2003\\u200b\\ufeff\\u3000\")", "\"\u200b\ufeff\""],
    ["trim_space(\" \\t\\n\")", "\"\""],
    ["trim_space(\"\")", "\"\""],
    ["trim_space(\"😀 \")", "\"😀\""],
    ["trim_space(1)", "\"1\""],
    ["trim_space(null)", "\"\""],
    ["trim_space(s)", "1:12-12: s secrets may not be converted into strings"],
    ["trim_space(nonsensitive(s))", "\"hunter2\""],
    ["trim_space([])", "1:12-13: [] should be string, got array"]
  ])

  table("coalesce", [
    ["coalesce()", "null"],
    ["coalesce(null, \"\", 0, 0.0, false, [], {}, \"a\", \"b\")", "\"a\""],
    ["coalesce(null, 18446744073709551615 - 18446744073709551615, 2)", "2"],
    ["coalesce(\"\", -0.0)", "-0f"],
    ["coalesce(-0.0, 1)", "-0f"],
    ["coalesce(\"\", [])", "[]"],
    ["coalesce(0)", "0"],
    ["coalesce([null])", "[null]"],
    ["coalesce(\"\", true)", "true"],
    ["coalesce(blank, s)", "secret(hunter2)"],
    ["coalesce(\"\", receiver, 1)", "capsule(receiver)"],
    ["coalesce(\"\", env, 1)", "function"]
  ])

  table("constants", [
    ["constants", "{hostname=\"localhost\", os=\"linux\", arch=\"amd64\", version=\"v0.1.0\"}"],
    ["constants.os + \"/\" + constants.arch", "\"linux/amd64\""]
  ])

  it.each([
    ["win32", "windows"],
    ["darwin", "darwin"],
    ["x64", "amd64"],
    ["ia32", "386"],
    ["arm64", "arm64"]
  ])("Node's %s is Go's %s", (node, go) => assert.strictEqual(Stdlib.goName(node), go))

  it.each([
    "json_decode",
    "json_path",
    "yaml_decode",
    "base64_decode",
    ...["format", "join", "split", "replace", "to_lower", "to_upper"].flatMap((name) => [name, `string.${name}`]),
    ...["trim", "trim_prefix", "trim_suffix"].flatMap((name) => [name, `string.${name}`]),
    ...["from_json", "from_yaml", "from_base64", "from_URLbase64"].map((name) => `encoding.${name}`),
    ...["to_json", "to_base64", "to_URLbase64", "url_encode", "url_decode"].map((name) => `encoding.${name}`),
    "array.combine_maps",
    "array.group_by",
    "file.path_join"
  ])(
    "%s says that it is not supported",
    (name) => {
      const expected = `1:1-${name.length}: ${name} is not supported by pyroduct yet`
      assert.strictEqual(outcome(`${name}("a", 1)`), expected)
      // It can be said before there are values.
      assert.strictEqual(outcome(`${name}(later)`, { later: Value.unknown }), expected)
    }
  )
})

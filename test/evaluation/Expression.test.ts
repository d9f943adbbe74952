import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import * as Expression from "../../src/evaluation/Expression.ts"
import * as Scope from "../../src/evaluation/Scope.ts"
import * as Value from "../../src/evaluation/Value.ts"
import { evaluate, outcome, parse, secret } from "./evaluating.ts"

const variables = {
  s: secret("hunter2"),
  t: secret("!"),
  receiver: Value.opaque("receiver", {}),
  other: Value.opaque("receiver", { tenant: 1 }),
  targets: Value.opaque("targets", {}),
  list: Value.list([Value.int(1), Value.nil, Value.text("x")]),
  local: Value.object([["file", Value.object([["content", Value.text("text")]])]]),
  later: Value.unknown
}

const table = (name: string, rows: ReadonlyArray<readonly [expression: string, outcome: string]>) =>
  describe(name, () => {
    it.each(rows)("%s -> %s", (text, expected) => assert.strictEqual(outcome(text, variables), expected))
  })

describe("Expression", () => {
  table("literals, names and containers", [
    ["[]", "[]"],
    ["{}", "{}"],
    ["[1, \"a\", [null]]", "[1, \"a\", [null]]"],
    ["{a = 1, \"b c\" = true}", "{a=1, b c=true}"],
    ["{a = 1, b = 2, a = 3}", "{a=3, b=2}"],
    ["{\"\" = 1}[\"\\\"\\\"\"]", "1"],
    ["{\"a\\u0062\" = 1}[\"ab\"]", "null"],
    ["(((1)))", "1"],
    ["local.file.content", "\"text\""],
    ["nothing", "1:1-7: identifier \"nothing\" does not exist"],
    ["[1, nothing.a]", "1:5-11: identifier \"nothing\" does not exist"]
  ])

  table("what only a running component knows", [
    ["later + 1", "capsule(unknown)"],
    ["[1] == [later]", "capsule(unknown)"],
    ["!later", "capsule(unknown)"],
    ["later.a[0]", "capsule(unknown)"],
    ["list[later]", "capsule(unknown)"],
    ["later(1)", "capsule(unknown)"],
    ["coalesce({a = later}, 1)", "capsule(unknown)"],
    ["list[0] + nothing", "1:11-17: identifier \"nothing\" does not exist"],
    ["later + nothing", "1:9-15: identifier \"nothing\" does not exist"]
  ])

  table("precedence", [
    ["1 + 2 * 3", "7"],
    ["-2^2", "4"],
    ["-(2^2)", "-4"],
    ["2^3^2", "512"],
    ["10 - 3 - 2", "5"],
    ["1 == 1 == true", "true"],
    ["true || false && false", "true"],
    ["!true == false", "true"],
    ["1 + 1 == 2 && 2 < 3", "true"]
  ])

  table("unary operators", [
    ["-5", "-5"],
    ["--5", "5"],
    ["-1.5", "-1.5f"],
    ["-0.0", "-0f"],
    ["-9223372036854775808", "-9223372036854775808"],
    ["-18446744073709551615", "1"],
    ["!false", "true"],
    ["!1", "1:2-2: 1 should be bool, got number"],
    ["-\"a\"", "1:2-4: \"a\" should be number, got string"],
    ["-null", "1:2-5: null should be number, got null"],
    ["!s", "1:2-2: s should be bool, got capsule"]
  ])

  table("arithmetic", [
    ["5 / 2", "2"],
    ["-5 / 2", "-2"],
    ["5.0 / 2", "2.5f"],
    ["5 % 3", "2"],
    ["-5 % 3", "-2"],
    ["5 % -3", "2"],
    ["5.5 % 2", "1.5f"],
    ["1 + 1.5", "2.5f"],
    ["9223372036854775807 + 1", "-9223372036854775808"],
    ["9223372036854775808 + 9223372036854775808", "0u"],
    ["18446744073709551615 + 1", "0"],
    ["18446744073709551615 / 9223372036854775808", "1u"],
    ["2^10", "1024"],
    ["2^-1", "2"],
    ["2.0^-1", "0.5f"],
    ["2^0", "1"],
    ["0^0", "1"],
    ["0^5", "0"],
    ["2^63", "-9223372036854775808"],
    ["2^64", "0"],
    ["-3^3", "-27"],
    ["3^9223372036854775807", "-6148914691236517205"],
    ["4.0^0.5", "2f"],
    ["\"a\" + \"b\"", "\"ab\""],
    ["1 / 0", "1:5-5: 0 divide by zero error"],
    ["1 % 0", "1:5-5: 0 divide by zero error"],
    ["1.0 / 0.0", "1:7-9: 0.0 divide by zero error"],
    ["1 / (2 - 2)", "1:5-11: (2 - 2) divide by zero error"],
    ["1.5 / -0.0", "1:7-10: -0.0 divide by zero error"],
    ["\"a\" + 1", "1:7-7: 1 should be string, got number"],
    ["1 + \"a\"", "1:5-7: \"a\" should be number, got string"],
    ["true + 1", "1:1-4: true should be one of [number string capsule] for binop +, got bool"],
    ["1 + [1]", "1:5-7: [1] should be one of [number string capsule] for binop +, got array"],
    ["1 - \"a\"", "1:5-7: \"a\" should be one of [number] for binop -, got string"],
    ["{} * []", "1:1-2: {} should be one of [number] for binop *, got object"],
    ["1 / null", "1:5-8: null should be one of [number] for binop /, got null"],
    ["1 % true", "1:5-8: true should be one of [number] for binop %, got bool"],
    ["env ^ 2", "1:1-3: env should be one of [number] for binop ^, got function"]
  ])

  table("logic", [
    ["true && false", "false"],
    ["false || true", "true"],
    ["false && nothing", "1:10-16: identifier \"nothing\" does not exist"],
    ["true || 1 / 0 == 1", "1:13-13: 0 divide by zero error"],
    ["1 && true", "1:1-1: 1 should be one of [bool] for binop &&, got number"],
    ["false || \"a\"", "1:10-12: \"a\" should be one of [bool] for binop ||, got string"]
  ])

  table("equality", [
    ["3 == 3.0", "true"],
    ["\"1\" == 1", "false"],
    ["null == false", "false"],
    ["null == null", "true"],
    ["null != 0", "true"],
    ["18446744073709551615 == -1", "true"],
    ["18446744073709551615 == 18446744073709551615.0", "true"],
    ["[1, 2] == [1, 2.0]", "true"],
    ["[1] == [1, 2]", "false"],
    ["[1, null] == [1, 0]", "false"],
    ["{a = 1, b = 2} == {b = 2, a = 1}", "true"],
    ["{a = 1, b = null} != {a = 1}", "true"],
    ["{a = null} == {b = null}", "false"],
    ["env == env", "false"],
    ["[env] == [env]", "false"],
    ["receiver == receiver", "true"],
    ["receiver == other", "false"],
    ["receiver == targets", "false"],
    ["receiver == \"receiver\"", "false"]
  ])

  table("ordering", [
    ["1 < 2", "true"],
    ["2 <= 2.0", "true"],
    ["3 > 4", "false"],
    ["-1 >= 18446744073709551615", "true"],
    ["\"a\" < \"b\"", "true"],
    ["\"b\" <= \"a\"", "false"],
    ["\"ab\" > \"a\"", "true"],
    ["\"\" < \"a\"", "true"],
    ["\"a\" >= \"a\"", "true"],
    ["\"\\U0001F525\" > \"\\uFFFD\"", "true"],
    ["\"\\xff\" > \"\\U0001F525\"", "true"],
    ["1e308 * 10 - 1e308 * 10 >= 0", "false"],
    ["1 < \"a\"", "1:5-7: \"a\" should be number, got string"],
    ["\"a\" > 1", "1:7-7: 1 should be string, got number"],
    ["true < false", "1:1-4: true should be one of [number string] for binop <, got bool"],
    ["1 >= null", "1:6-9: null should be one of [number string] for binop >=, got null"]
  ])

  table("secrets", [
    ["s + \"x\"", "secret(hunter2x)"],
    ["\"x\" + s", "secret(xhunter2)"],
    ["s + t", "secret(hunter2!)"],
    ["s == \"hunter2\"", "true"],
    ["\"hunter3\" == s", "false"],
    ["s != t", "true"],
    ["s == s", "true"],
    ["[s] == [\"hunter2\"]", "false"],
    ["[s] == [s]", "true"],
    ["s < \"x\"", "1:1-1: s should be one of [number string] for binop <, got capsule"],
    ["s + 1", "1:5-5: 1 should be capsule, got number"],
    ["1 + s", "1:5-5: s should be number, got capsule"],
    ["receiver + \"x\"", "1:12-14: \"x\" should be capsule, got string"],
    ["receiver + receiver", "1:1-8: receiver could not perform binop + for unknown types lhs capsule rhs capsule"],
    ["s + receiver", "1:1-1: s could not perform binop + for unknown types lhs capsule rhs capsule"]
  ])

  table("access", [
    ["{a = {b = 1}}.a.b", "1"],
    ["{a = 1}.b", "1:9-9: field \"b\" does not exist"],
    ["local.file.nope", "1:12-15: field \"nope\" does not exist"],
    ["sys.nope", "1:5-8: field \"nope\" does not exist"],
    ["[1].x", "1:1-3: [1] cannot access field \"x\" on value of type array"],
    ["local.file.content.x", "1:1-18: local.file.content cannot access field \"x\" on value of type string"],
    ["null.x", "1:1-4: null cannot access field \"x\" on value of type null"],
    ["s.x", "1:1-1: s expected object or array or a capsule convertible to an object, got capsule"],
    ["{}.toString", "1:4-11: field \"toString\" does not exist"]
  ])

  table("index", [
    ["list[0]", "1"],
    ["list[1]", "null"],
    ["list[0.9]", "1"],
    ["list[-0.5]", "1"],
    ["list[5]", "1:6-6: 5 index 5 is out of range of array with length 3"],
    ["list[-1]", "1:6-7: -1 index -1 is out of range of array with length 3"],
    ["list[1 + 2]", "1:6-10: 1 + 2 index 3 is out of range of array with length 3"],
    ["list[18446744073709551615]", "1:6-25: 18446744073709551615 index -1 is out of range of array with length 3"],
    ["list[\"0\"]", "1:6-8: \"0\" should be number, got string"],
    ["list[null]", "1:6-9: null should be number, got null"],
    ["{a = 1}[\"a\"]", "1"],
    ["{a = 1}[\"b\"]", "null"],
    ["{}[\"__proto__\"]", "null"],
    ["{a = 1}[0]", "1:9-9: 0 should be string, got number"],
    ["\"abc\"[0]", "1:1-5: \"abc\" expected object or array, got string"],
    ["null[\"x\"]", "1:1-4: null expected object or array, got null"],
    ["{a = {}}[\"x\"][\"y\"]", "1:1-13: {a = {}}[\"x\"] expected object or array, got null"],
    ["receiver[\"x\"]", "1:1-8: receiver expected object or array or a capsule convertible to an object, got capsule"],
    ["[1][nothing]", "1:5-11: identifier \"nothing\" does not exist"]
  ])

  table("calls", [
    ["env(\"HOME\")", "\"/home/test\""],
    ["sys[\"env\"](\"HOME\")", "\"/home/test\""],
    ["string(\"x\")", "1:1-6: string should be function, got object"],
    ["1(2)", "1:1-1: 1 should be function, got number"],
    ["env(\"a\", \"b\")", "1:1-3: env expected 1 args, got 2"],
    ["sys.env()", "1:1-7: sys.env expected 1 args, got 0"],
    ["env(\"a\", nothing)", "1:10-16: identifier \"nothing\" does not exist"],
    ["env(true)", "1:5-8: true should be string, got bool"],
    ["env(s)", "1:5-5: s secrets may not be converted into strings"],
    ["concat([1], null)", "1:13-16: null should be array, got null"]
  ])

  it("a failure of a function follows its name, and a missing argument is counted before the given are converted", () => {
    const picky: Value.Value = {
      _tag: "Function",
      parameters: ["string"],
      variadic: "any",
      call: () => Result.fail("takes nothing")
    }
    assert.strictEqual(outcome("picky(\"a\", 1)", { picky }), "1:1-5: picky takes nothing")
    assert.strictEqual(outcome("picky()", { picky }), "1:1-5: picky expected at least 1 args, got 0")
    assert.strictEqual(outcome("env(true, true)"), "1:1-3: env expected 1 args, got 2")
  })

  it("positions count lines and bytes", () => {
    assert.strictEqual(outcome("[\n\t\"é\" + 1,\n]"), "2:9-9: 1 should be string, got number")
  })

  it("bytes of two strings join to a character", () => {
    assert.strictEqual(outcome("\"\\xc3\" + \"\\xa9\" == \"é\""), "true")
    assert.strictEqual(outcome("\"\\xc3\" + \"x\" == \"\\xc3x\""), "true")
  })

  it("a variable hides a name of the standard library", () => {
    assert.strictEqual(outcome("env", { env: Value.int(1) }), "1")
    assert.strictEqual(outcome("env"), "function")
  })

  it("only the names that a scope has exist", () => {
    const scope = Scope.make(new Map())
    assert.isTrue(Result.isFailure(Expression.evaluate(parse("env"), scope)))
    assert.isTrue(Result.isFailure(Expression.evaluate(parse("constructor"), scope)))
  })

  it("a joined secret does not print its text", () => {
    const joined = Result.getOrThrow(evaluate("s + \"-suffix\"", variables))
    assert.notInclude(JSON.stringify(joined), "hunter2")
    assert.isTrue(joined._tag === "Secret" && Redacted.value(joined.value) === "hunter2-suffix")
  })

  it("the deepest tree that parses evaluates", () => {
    assert.strictEqual(outcome(Array(200).fill("1").join(" + ")), "200")
    assert.strictEqual(outcome(`${"(".repeat(200)}1${")".repeat(200)}`), "1")
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as QueryString from "../../src/wire/QueryString.ts"

const parsed = (query: string) => [...Result.getOrThrow(QueryString.parse(query))]

describe("QueryString", () => {
  it.each<[query: string, parameters: ReadonlyArray<readonly [string, string]>]>([
    ["", []],
    ["a=1&b=2&a=3", [["a", "1"], ["b", "2"], ["a", "3"]]],
    ["a&b=&=c&&d=x=y", [["a", ""], ["b", ""], ["", "c"], ["d", "x=y"]]],
    ["a+b=c%20d+%2B", [["a b", "c d +"]]],
    ["name=app%7Bpod%3D%C3%A9%7D", [["name", "app{pod=é}"]]]
  ])("reads %s", (query, parameters) => {
    assert.deepStrictEqual(parsed(query), parameters)
  })

  it.each([
    ["name=app%7Ba%3D%FF%7D", "name"],
    ["from=1&%C3=x", "%C3"],
    ["a=%ED%A0%80", "a"],
    ["a=1&b=%C3%A9%C3", "b"],
    ["rate=100%", "rate"],
    ["a=%zz", "a"]
  ])("refuses %s and says where", (query, parameter) => {
    const error = Result.getOrThrow(Result.flip(QueryString.parse(query)))
    assert.strictEqual(error.parameter, parameter)
    assert.strictEqual(error.message, `query parameter "${parameter}": not UTF-8 in percent-encoding`)
  })

  it.prop("reads what URLs are written with", { all: Schema.Array(Schema.Tuple([Schema.String, Schema.String])) }, ({
    all
  }) => {
    const written = new URLSearchParams(all.map(([name, value]): [string, string] => [name, value]))
    assert.deepStrictEqual(parsed(written.toString()), [...written])
  })
})

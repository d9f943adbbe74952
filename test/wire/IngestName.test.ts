import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Labels from "../../src/profile/Labels.ts"
import * as IngestName from "../../src/wire/IngestName.ts"
import * as arbitraries from "./arbitraries.ts"

const parsed = (name: string) => Object.fromEntries(Result.getOrThrow(IngestName.parse(name)))

const refused = (name: string) => Result.getOrThrow(Result.flip(IngestName.parse(name))).message

describe("IngestName", () => {
  describe("parse", () => {
    it.each<[name: string, labels: Record<string, string>]>([
      ["app", { __name__: "app" }],
      ["app{}", { __name__: "app" }],
      [" my.app/cpu-1 { a = b , c_d.e = f g } ", { "__name__": "my.app/cpu-1", "a": "b", "c_d.e": "f g" }],
      ["app{a=1,b=2}", { __name__: "app", a: "1", b: "2" }],
      ["app{1=one}", { __name__: "app", 1: "one" }],
      ["app{b=2,a=1,b=3}", { __name__: "app", a: "1", b: "3" }],
      ["app{a={x=y}", { __name__: "app", a: "{x=y" }],
      ["app{a=}", { __name__: "app" }],
      ["app{__name__=any thing}", { __name__: "any thing" }]
    ])("reads %s", (name, labels) => {
      assert.deepStrictEqual(parsed(name), labels)
    })

    it.each<[name: string, labels: Record<string, string>]>([
      ["app{foo=bar", {}],
      ["app{a=1,foo", { a: "1" }],
      ["app{a=1}junk", { a: "1" }],
      ["app{k}", {}],
      ["app{k}a=1,", {}],
      ["app{}a=1,", {}]
    ])("drops what is not finished in %s", (name, labels) => {
      assert.deepStrictEqual(parsed(name), { __name__: "app", ...labels })
    })

    it("goes on reading keys after the brace that ends a value", () => {
      assert.deepStrictEqual(parsed("a{b=c}d=e,"), { __name__: "a", b: "c", d: "e" })
    })

    it("refuses a name that is empty or has a character it must not", () => {
      assert.strictEqual(refused(""), "service name is required")
      assert.strictEqual(refused(" {a=1}"), "service name is required")
      assert.strictEqual(refused("my app{a=1}"), "invalid service name: my app: character is not allowed: ' '")
      assert.strictEqual(refused("app{a-b=1}"), "invalid label name: a-b: character is not allowed: '-'")
      assert.strictEqual(refused("app{k,a=1}"), "invalid label name: k,a: character is not allowed: ','")
      assert.strictEqual(refused("app{=x}"), "label name is required")
    })

    it("does not look at the key of an unfinished pair", () => {
      assert.deepStrictEqual(parsed("app{a-b=1"), { __name__: "app" })
    })
  })

  describe("format", () => {
    it("sorts, and always has braces", () => {
      assert.strictEqual(IngestName.format(Labels.make({ b: "2", __name__: "app", a: "1" })), "app{a=1,b=2}")
      assert.strictEqual(IngestName.format(Labels.make({ __name__: "app" })), "app{}")
    })

    it("replaces what the syntax cannot carry", () => {
      const labels = Labels.make({ "__name__": "app,}", "a": "1,b=2}c=3", "d": " , ", "e": " ", "f=": "g" })
      assert.strictEqual(IngestName.format(labels), "app__{a=1_b=2_c=3,d=_,f_=g}")
    })

    it.each<[name: string, formatted: string]>([
      ["é", "_{__name__=é,a=1}"],
      ["my app{x=1", "_{__name__=my app{x=1,a=1}"],
      ["é,b}c", "_{__name__=é_b_c,a=1}"]
    ])("carries the name %s between the braces, where it may be anything", (name, formatted) => {
      assert.strictEqual(IngestName.format(Labels.make({ __name__: name, a: "1" })), formatted)
    })

    it("leaves the name out where there is none", () => {
      assert.strictEqual(IngestName.format(Labels.make({ a: "1" })), "{a=1}")
    })

    it.prop("is undone by parse but for the characters it replaces", [arbitraries.labels], ([labels]) => {
      const carried = Labels.make(
        Object.fromEntries(Array.from(labels, ([name, value]) => [
          name,
          value.replace(/[,}]/g, "_").trim()
        ]))
      )
      const reread = IngestName.parse(IngestName.format(labels))
      if (!carried.has("__name__")) assert.isTrue(Result.isFailure(reread))
      else assert.deepStrictEqual([...Result.getOrThrow(reread)], [...carried])
    })
  })
})

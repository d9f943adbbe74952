import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Labels from "../../src/profile/Labels.ts"
import * as arbitraries from "../wire/arbitraries.ts"

/** The pairs in the order they are iterated in. */
const entries = (labels: Labels.Labels) => [...labels]

const messageOf = (pairs: ReadonlyArray<readonly [string, string]>): string | undefined =>
  Result.getOrUndefined(Result.flip(Labels.fromPairs(pairs)))?.message

describe("Labels", () => {
  describe("fromPairs", () => {
    it("sorts by name and drops what is empty", () => {
      const labels = Result.getOrThrow(Labels.fromPairs([["zone", "b"], ["empty", ""], ["Zone", "a"], ["app.id", "7"]]))
      assert.deepStrictEqual(entries(labels), [["Zone", "a"], ["app.id", "7"], ["zone", "b"]])
    })

    it("says what is wrong, of the first wrong label by name", () => {
      assert.strictEqual(messageOf([]), "service name is required")
      assert.strictEqual(messageOf([["a", ""]]), "service name is required")
      assert.strictEqual(messageOf([["b", "1"], ["a", "1"], ["b", "2"]]), "duplicate label name: b")
      assert.strictEqual(messageOf([["a-b", "1"]]), "invalid label name: a-b: character is not allowed: '-'")
      assert.strictEqual(
        messageOf([["a\u{1f525}", "1"]]),
        "invalid label name: a\u{1f525}: character is not allowed: '\u{1f525}'"
      )
      assert.strictEqual(messageOf([["", "1"]]), "label name is required")
      assert.strictEqual(messageOf([["a", "\ud83d"]]), "invalid label value for a: \ud83d")
      assert.strictEqual(messageOf([["z-", "1"], ["b", "1"], ["b", "2"]]), "duplicate label name: b")
    })

    it("takes eight times what a server takes by default, and not one more", () => {
      const many = (count: number): ReadonlyArray<readonly [string, string]> =>
        Array.from({ length: count }, (_, index) => [`label_${index}`, "1"])
      assert.isUndefined(messageOf(many(240)))
      assert.strictEqual(messageOf(many(241)), "more than 240 labels")
      // Also where they are one and the same.
      assert.strictEqual(messageOf(Array.from({ length: 241 }, () => ["a", "1"])), "more than 240 labels")
      assert.strictEqual(Labels.check(new Map(many(241)))?.reason, "TooMany")

      const a = (count: number) => "a".repeat(count)
      assert.isUndefined(messageOf([[a(8192), a(16_384)]]))
      assert.strictEqual(messageOf([[a(8193), "1"]]), `label name of more than 8192 characters: ${a(200)}...`)
      assert.strictEqual(
        messageOf([["b", a(16_385)]]),
        `label value of more than 16384 characters for b: ${a(200)}...`
      )
    })

    it("shows the beginning of a wrong label", () => {
      const long = "a".repeat(8000)
      for (const pairs of [[[`${long}-`, "1"]], [[long, "1"], [long, "1"]], [[long, `${long}\ud83d`]]] as const) {
        assert.isBelow(messageOf(pairs)!.length, 500)
      }
    })

    it("carries the wrong label in the error", () => {
      const error = Result.getOrThrow(Result.flip(Labels.fromPairs([["a-b", "1"]])))
      assert.strictEqual(error._tag, "LabelError")
      assert.strictEqual(error.reason, "InvalidName")
      assert.strictEqual(error.name, "a-b")
    })

    it("takes an empty label beside one of the same name for absent", () => {
      assert.deepStrictEqual(entries(Result.getOrThrow(Labels.fromPairs([["a", ""], ["a", "1"]]))), [["a", "1"]])
    })

    it.prop("gives the same labels for pairs in any order", [arbitraries.labels], ([labels]) => {
      const reversed = Labels.fromPairs(entries(labels).reverse())
      if (labels.size === 0) assert.isTrue(Result.isFailure(reversed))
      else assert.deepStrictEqual(entries(Result.getOrThrow(reversed)), entries(labels))
    })
  })

  describe("make, set, merge", () => {
    it("make takes an object or a map", () => {
      const expected = [["a", "1"], ["b", "2"]]
      assert.deepStrictEqual(entries(Labels.make({ b: "2", a: "1", c: "" })), expected)
      assert.deepStrictEqual(entries(Labels.make(new Map([["b", "2"], ["a", "1"]]))), expected)
    })

    it("set adds, replaces and removes without touching what it was given", () => {
      const labels = Labels.make({ b: "2", d: "4" })
      assert.deepStrictEqual(entries(Labels.set(labels, "c", "3")), [["b", "2"], ["c", "3"], ["d", "4"]])
      assert.deepStrictEqual(entries(Labels.set(labels, "b", "5")), [["b", "5"], ["d", "4"]])
      assert.deepStrictEqual(entries(Labels.set(labels, "b", "")), [["d", "4"]])
      assert.deepStrictEqual(entries(labels), [["b", "2"], ["d", "4"]])
    })

    it("get gives the empty value of a label that is not there", () => {
      assert.strictEqual(Labels.get(Labels.make({ a: "1" }), "a"), "1")
      assert.strictEqual(Labels.get(Labels.make({ a: "1" }), "b"), "")
    })

    it.prop("merging twice is merging once with both", [
      arbitraries.labels,
      arbitraries.overrides,
      arbitraries.overrides
    ], ([labels, a, b]) => {
      assert.deepStrictEqual(
        entries(Labels.merge(Labels.merge(labels, a), b)),
        entries(Labels.merge(labels, new Map([...a, ...b])))
      )
    })

    it.prop("equals is sameness of all pairs", [arbitraries.labels, arbitraries.labels], ([a, b]) => {
      assert.strictEqual(Labels.equals(a, b), JSON.stringify(entries(a)) === JSON.stringify(entries(b)))
      assert.isTrue(Labels.equals(a, new Map([...a].reverse())))
    })
  })

  describe("outgoing", () => {
    it("drops private names but for __name__ and __delta__", () => {
      const labels = Labels.make({
        __name__: "memory",
        __delta__: "false",
        __address__: "a:1",
        __: "x",
        _a: "1",
        env: "prod"
      })
      assert.deepStrictEqual(entries(Labels.outgoing(labels, { __meta_x: "1", __delta__: "true" })), [
        ["__delta__", "true"],
        ["__name__", "memory"],
        ["_a", "1"],
        ["env", "prod"]
      ])
    })

    it("lets external labels override, and remove with an empty value", () => {
      const labels = Labels.make({ __name__: "memory", env: "prod", pod: "p1" })
      assert.deepStrictEqual(entries(Labels.outgoing(labels, { env: "test", pod: "", cluster: "eu" })), [
        ["__name__", "memory"],
        ["cluster", "eu"],
        ["env", "test"]
      ])
    })

    it.prop("is idempotent", [arbitraries.labels, arbitraries.overrides], ([labels, external]) => {
      const once = Labels.outgoing(labels, external)
      assert.deepStrictEqual(entries(Labels.outgoing(once, external)), entries(once))
    })

    it.prop("applies external labels of two components like their union", [
      arbitraries.labels,
      arbitraries.overrides,
      arbitraries.overrides
    ], ([labels, first, second]) => {
      assert.deepStrictEqual(
        entries(Labels.outgoing(Labels.outgoing(labels, first), second)),
        entries(Labels.outgoing(labels, new Map([...first, ...second])))
      )
    })

    it.prop("sends what is external or was there, sorted, with nothing empty and nothing private", [
      arbitraries.labels,
      arbitraries.overrides
    ], ([labels, external]) => {
      const sent = Labels.outgoing(labels, external)
      for (const name of new Set([...labels.keys(), ...external.keys()])) {
        const isPrivate = name.startsWith("__") && !["__name__", "__delta__"].includes(name)
        assert.strictEqual(Labels.get(sent, name), isPrivate ? "" : external.get(name) ?? labels.get(name))
      }
      assert.notInclude([...sent.values()], "")
      assert.deepStrictEqual([...sent.keys()], [...sent.keys()].sort())
    })
  })

  it("format is for people", () => {
    assert.strictEqual(Labels.format(Labels.make({ b: "x \"y\"", a: "1" })), `{a="1", b="x \\"y\\""}`)
    assert.strictEqual(Labels.format(new Map()), "{}")
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result } from "effect"
import { readFileSync } from "node:fs"
import * as Delta from "../../src/pprof/Delta.ts"
import * as ProfileModel from "../support/profileModel.ts"
import * as profiles from "./profiles.ts"

const forms = (count: number) => Arbitrary.array(profiles.form, { minLength: count, maxLength: count })

const stepOf = <Tag extends Delta.Step["_tag"]>(
  previous: Delta.Baseline | undefined,
  profile: Uint8Array,
  tag: Tag
): Extract<Delta.Step, { readonly _tag: Tag }> => {
  const step = Result.getOrThrow(Delta.step(previous, profile))
  assert.strictEqual(step._tag, tag)
  return step as Extract<Delta.Step, { readonly _tag: Tag }>
}

const first = (profile: Uint8Array): Delta.Baseline => stepOf(undefined, profile, "First").baseline

const deltaOf = (before: Uint8Array, after: Uint8Array): Uint8Array => stepOf(first(before), after, "Delta").profile

const whyOf = (before: Uint8Array, after: Uint8Array): Delta.Why => stepOf(first(before), after, "Restarted").why

/** The same done in a simple way on what a library reads. */
const difference = (before: ProfileModel.Sums, after: ProfileModel.Sums, isCounter: ReadonlyArray<boolean>) => {
  const sums = [...after].map(([key, values]): [string, ReadonlyArray<bigint>] => [
    key,
    values.map((value, column) => isCounter[column] === true ? value - (before.get(key)?.[column] ?? 0n) : value)
  ])
  return new Map(sums.filter(([, values]) => values.some((value) => value !== 0n)))
}

/** What is sent for a profile: nothing, if nothing has changed. */
const sumsOf = (step: Delta.Step): ProfileModel.Sums =>
  step._tag === "Delta" ? ProfileModel.decode(step.profile).sums : new Map()

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../fixtures/goAllocs/${name}.pb`, import.meta.url)))

// ---- Profiles in words ----

const at = (...addresses: ReadonlyArray<bigint>): ReadonlyArray<ProfileModel.Frame> =>
  addresses.map((address) => ({ address, lines: [{ name: `f${address}` }] }))

const named = (...lines: ReadonlyArray<ProfileModel.Line>): ProfileModel.Frame => ({ address: 0n, lines })

const mutex = (
  samples: ReadonlyArray<ProfileModel.Sample>,
  rest: Partial<ProfileModel.Model> = {},
  form?: ProfileModel.Form
) => ProfileModel.encode({ types: [["contentions", "count"], ["delay", "nanoseconds"]], samples, ...rest }, form)

const values = (profile: Uint8Array) => ProfileModel.decode(profile).samples.map(({ values }) => values)

describe("Delta", () => {
  it.prop(
    "and the profile before are the profile after, on every stack, however each is written",
    [profiles.rising(2), forms(2)],
    ([[a, b], [formA, formB]]) => {
      const [before, after] = [ProfileModel.encode(a!, formA), ProfileModel.encode(b!, formB)]
      const expected = difference(
        ProfileModel.decode(before).sums,
        ProfileModel.decode(after).sums,
        profiles.countersOf(a!)
      )
      assert.deepStrictEqual(
        expected,
        difference(ProfileModel.sumsOf(a!), ProfileModel.sumsOf(b!), profiles.countersOf(a!))
      )
      const step = Result.getOrThrow(Delta.step(first(before), after))
      assert.deepStrictEqual(sumsOf(step), expected)
      if (step._tag !== "Delta") return assert.strictEqual(step._tag, "Unchanged")
      const { durationNanos, samples, timeNanos, types } = ProfileModel.decode(step.profile)
      assert.deepStrictEqual({ types, timeNanos }, { types: b!.types, timeNanos: b!.timeNanos })
      assert.strictEqual(durationNanos, b!.timeNanos! - a!.timeNanos!)
      // A stack once, and none for nothing.
      assert.strictEqual(samples.length, expected.size)
    }
  )

  it.prop(
    "of a profile and the same in another order has nothing",
    [profiles.rising(1), forms(2)],
    ([[model], [formA, formB]]) => {
      const isCounter = profiles.countersOf(model!)
      const samples = model!.samples.map(({ frames, labels, values }) => ({
        frames,
        labels: labels ?? [],
        values: values.map((value, column) => isCounter[column] === true ? value : 0n)
      }))
      const [one, other] = [formA, formB].map((form) => ProfileModel.encode({ ...model!, samples }, form))
      stepOf(first(one!), other!, "Unchanged")
    }
  )

  it.prop(
    "after delta adds up to what has happened, though some were not delivered, and leaves its baseline as it was",
    [profiles.rising(10), forms(10), Arbitrary.array(profiles.form, { maxLength: 9 })],
    ([models, forms, refused]) => {
      const [encodedFirst, ...encoded] = models.map((model, index) => ProfileModel.encode(model, forms[index]))
      const isCounter = profiles.countersOf(models[0]!)
      const sums = new Map<string, ReadonlyArray<bigint>>()
      let baseline = first(encodedFirst!)
      for (const [index, profile] of encoded.entries()) {
        const copy = structuredClone(baseline)
        const step = Result.getOrThrow(Delta.step(baseline, profile))
        assert.deepStrictEqual(baseline, copy)
        if (!("baseline" in step)) return assert.fail(step._tag)
        // The last one is delivered.
        if (index < encoded.length - 1 && refused[index]?.packed === true) continue
        for (const [key, values] of sumsOf(step)) {
          sums.set(key, values.map((value, column) => value + (sums.get(key)?.[column] ?? 0n)))
        }
        baseline = step.baseline
      }
      const counted = (sums: ProfileModel.Sums): ProfileModel.Sums =>
        difference(
          new Map(),
          new Map([...sums].map(([key, values]) => [key, values.filter((_, column) => isCounter[column])])),
          []
        )
      const [before, after] = [models[0]!, models.at(-1)!].map(ProfileModel.sumsOf)
      assert.deepStrictEqual(counted(sums), counted(difference(before!, after!, isCounter)))
    },
    { arbitrary: { runs: 30 } }
  )

  it("is what a program in Go has allocated between two of its profiles", () => {
    const [before, after] = [fixture("before"), fixture("after")]
    const delta = ProfileModel.decode(deltaOf(before, after))
    const isCounter = [true, true, false, false]
    const [old, now] = [before, after].map((bytes) => ProfileModel.decode(bytes).sums)
    assert.deepStrictEqual(delta.sums, difference(old!, now!, isCounter))
    const made = delta.samples.map(({ frames, values }) => ({
      name: frames[0]!.lines[0]!.name,
      values
    }))
    assert.deepStrictEqual(
      made.filter(({ name }) => /^main.(before|both|after)$/.test(name)).sort((a, b) => a.name.localeCompare(b.name)),
      [
        { name: "main.after", values: [30n, 15360n, 0n, 0n] },
        { name: "main.before", values: [0n, 0n, 50n, 51200n] },
        { name: "main.both", values: [20n, 81920n, 0n, 0n] }
      ]
    )
  })

  describe("takes for the same stack", () => {
    const grown = (before: ReadonlyArray<ProfileModel.Sample>, after: ReadonlyArray<ProfileModel.Sample>) =>
      values(deltaOf(mutex(before), mutex(after)))
    const one = { frames: at(1n, 2n), values: [1n, 10n] }

    it("all samples at the same addresses, in the same order", () => {
      assert.deepStrictEqual(
        grown([one, one], [{ ...one, values: [5n, 50n] }, { frames: at(2n, 1n), values: [1n, 1n] }]),
        [[3n, 30n], [1n, 1n]]
      )
    })

    it("the same functions, files and lines where there are no addresses, those inlined too", () => {
      const inner = { name: "inner", file: "a.py", line: 1n }
      const outer = { name: "outer", file: "a.py", line: 2n }
      const others = [
        [named(inner), named(outer)],
        [named({ ...inner, line: 3n }, outer)],
        [named(inner, { ...outer, file: "b.py" })],
        [named({ ...inner, systemName: "Inner" }, outer)],
        [named()]
      ].map((frames) => ({ frames, values: [1n, 1n] }))
      const same = { frames: [named(inner, outer)], values: [2n, 20n] }
      assert.deepStrictEqual(grown([same], [{ ...same, values: [3n, 30n] }, ...others]), [
        [1n, 10n],
        ...others.map(({ values }) => values)
      ])
    })

    it("each location by its own kind, where only some have addresses", () => {
      const [a, b] = ["a", "b"].map((name) => ({ frames: [...at(1n), named({ name })], values: [1n, 1n] }))
      assert.deepStrictEqual(grown([a!], [a!, b!]), [[1n, 1n]])
      assert.deepStrictEqual(
        grown([a!], [a!, { ...a!, frames: [...at(2n), named({ name: "a" })] }]),
        [[1n, 1n]]
      )
    })

    it("the same labels in any order, but as many of them", () => {
      const [x, y] = [{ key: "a", str: "x" }, { key: "b", num: 1n, unit: "bytes" }]
      const labelled = (...labels: ReadonlyArray<ProfileModel.Label>) => ({ ...one, labels })
      const before = labelled(x, y)
      assert.deepStrictEqual(
        grown([before], [
          { ...labelled(y, x), values: [2n, 30n] },
          labelled(x),
          labelled(x, x, y),
          labelled(x, { ...y, unit: "" })
        ]),
        [[1n, 20n], one.values, one.values, one.values]
      )
    })
  })

  describe("does not exist, and all begins anew,", () => {
    const one = { frames: at(1n), values: [5n, 50n] }
    const other = { frames: at(2n), values: [1n, 1n] }

    it("where a counter of any stack has fallen", () => {
      assert.strictEqual(whyOf(mutex([one, other]), mutex([{ ...one, values: [9n, 49n] }, other])), "CounterFell")
      const [low, high] = [2n ** 32n - 1n, 2n ** 32n].map((value) => mutex([{ ...one, values: [value, 0n] }]))
      assert.strictEqual(whyOf(high!, low!), "CounterFell")
      assert.deepStrictEqual(values(deltaOf(low!, high!)), [[1n, 0n]])
    })

    it("where a stack is gone, unless it had nothing", () => {
      assert.strictEqual(whyOf(mutex([one, other]), mutex([one])), "StackGone")
      stepOf(first(mutex([one, { ...other, values: [0n, 0n] }])), mutex([one]), "Unchanged")
    })

    it("where time has gone back", () => {
      const [early, late] = [5n, 6n].map((time) => mutex([one], { timeNanos: 2n ** 53n + time }))
      assert.strictEqual(whyOf(late!, early!), "TimeWentBack")
    })

    it("where other things are counted, or the period is another one", () => {
      const swapped = mutex([one], { types: [["delay", "nanoseconds"], ["contentions", "count"]] })
      assert.strictEqual(whyOf(mutex([one]), swapped), "CountsOther")
      assert.strictEqual(whyOf(mutex([one]), mutex([one], { period: 2n })), "CountsOther")
    })

    it("and from there on there are deltas again", () => {
      const { baseline } = stepOf(first(mutex([one])), mutex([other]), "Restarted")
      assert.deepStrictEqual(values(stepOf(baseline, mutex([other, one]), "Delta").profile), [one.values])
    })
  })

  it("has a duration only if both times are known", () => {
    const sample = { frames: at(1n), values: [1n, 1n] }
    const grown = { ...sample, values: [2n, 2n] }
    for (const [before, after] of [[0n, 7n], [7n, 0n], [0n, 0n], [7n, 7n]] as const) {
      const delta = deltaOf(mutex([sample], { timeNanos: before }), mutex([grown], { timeNanos: after }))
      const { durationNanos, timeNanos } = ProfileModel.decode(delta)
      assert.deepStrictEqual({ durationNanos, timeNanos }, { durationNanos: 0n, timeNanos: after })
    }
  })

  it("keeps what is negative or needs all 64 bits", () => {
    const sample = { frames: at(2n ** 64n - 1n, 2n ** 64n - 2n), values: [-(2n ** 63n), -5n] }
    const delta = deltaOf(mutex([]), mutex([sample]))
    assert.deepStrictEqual(ProfileModel.decode(delta).sums, new Map([[ProfileModel.keyOf(sample), sample.values]]))
    const risen = { ...sample, values: [-(2n ** 63n) + 1n, 2n ** 62n] }
    assert.deepStrictEqual(values(deltaOf(mutex([sample]), mutex([risen]))), [[1n, 2n ** 62n + 5n]])
  })
})

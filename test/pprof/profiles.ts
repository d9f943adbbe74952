/** Profiles of one target, one after the other. */
import { Arbitrary } from "effect"
import type * as ProfileModel from "../support/profileModel.ts"
import { int } from "../wire/arbitraries.ts"

const oneOf = <A>(items: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(int(0, items.length - 1), (index) => items[index]!)

/** So few that stacks meet often. At an address is always the same. */
const frame: Arbitrary.Arbitrary<ProfileModel.Frame> = Arbitrary.map(
  Arbitrary.all([oneOf([0n, 0n, 0n, 1n, 0x40_0000n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]), int(0, 2), int(0, 2)]),
  ([address, first, second]) => ({
    address,
    lines: address === 0n ? [lines[first]!, lines[first + second]!].slice(0, 1 + second) : [lines[0]!]
  })
)

const lines: ReadonlyArray<ProfileModel.Line> = [
  { name: "main", systemName: "main.main", file: "main.go", line: 1n },
  { name: "main", systemName: "main.main", file: "main.go", line: 2n ** 53n + 1n },
  { name: "main", systemName: "main.other", file: "main.go", line: 1n },
  { name: "main", systemName: "main.main", file: "other.go", line: -1n },
  { name: "", systemName: "", file: "" }
]

const label: Arbitrary.Arbitrary<ProfileModel.Label> = oneOf([
  { key: "a", str: "b" },
  { key: "b", str: "a" },
  { key: "a", num: 16n },
  { key: "a", num: 16n, unit: "bytes" },
  { key: "a", num: 2n ** 53n + 1n },
  { key: "a", num: -(2n ** 63n) }
])

/** Also what has no place in a double; the sum of many has one in 64 bits. */
const value = oneOf([0n, 0n, 1n, 127n, 128n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 56n - 1n])

const sample: Arbitrary.Arbitrary<Required<ProfileModel.Sample>> = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.array(frame, { maxLength: 3 }),
    Arbitrary.array(label, { maxLength: 3 }),
    Arbitrary.array(value, { minLength: 4, maxLength: 4 })
  ]),
  ([frames, labels, values]) => ({ frames, labels, values })
)

type Types = ProfileModel.Model["types"]

const heap: Types = [
  ["alloc_objects", "count"],
  ["alloc_space", "bytes"],
  ["inuse_objects", "count"],
  ["inuse_space", "bytes"]
]

const types = oneOf<Types>([
  heap,
  heap.toReversed(),
  [["contentions", "count"], ["delay", "nanoseconds"]],
  [["delay", "nanoseconds"]],
  // One that looks like a counter.
  [["contentions", "count"], ["alloc_space", "count"]]
])

/** Whether each column is a counter. */
export const countersOf = ({ types }: ProfileModel.Model): ReadonlyArray<boolean> =>
  types.map(([type, unit]) => !type.startsWith("inuse") && (type !== "alloc_space" || unit === "bytes"))

/** As many profiles as `count`, in which counters rise and all else changes. */
export const rising = (count: number): Arbitrary.Arbitrary<ReadonlyArray<ProfileModel.Model>> =>
  Arbitrary.map(
    Arbitrary.all([
      types,
      Arbitrary.array(Arbitrary.array(sample, { maxLength: 5 }), { minLength: count, maxLength: count })
    ]),
    ([types, steps]) =>
      steps.map((_, last): ProfileModel.Model => {
        const model = { types, timeNanos: 1_700_000_000_000_000_000n + BigInt(last) * 15_000_000_001n, period: 1n }
        const isCounter = countersOf({ ...model, samples: [] })
        return {
          ...model,
          samples: steps.slice(0, last + 1).flatMap((samples, index) =>
            samples.map((sample) => ({
              ...sample,
              values: types.map((_, column) =>
                isCounter[column] === true || index === last ? sample.values[column]! : 0n
              )
            }))
          )
        }
      })
  )

/** Ways to write a profile. */
export const form: Arbitrary.Arbitrary<ProfileModel.Form> = Arbitrary.map(
  Arbitrary.all([int(0, 1_000_000), int(0, 1), int(0, 1), int(0, 1)]),
  ([seed, anyOrder, anyIds, packed]) => ({
    ...(anyOrder === 1 ? { seed } : {}),
    anyIds: anyIds === 1,
    packed: packed === 1
  })
)

import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import * as Trouble from "../../src/scrape/Trouble.ts"

/** What is new after each scrape, where `x` is one that fails: `B`egan, `F`lapping, `E`nded, or `-`. */
const tell = (scrapes: string): string => {
  let trouble: Trouble.Trouble | undefined
  return Array.from(scrapes, (scrape) => {
    const [next, news] = Trouble.next(trouble, scrape === "x")
    trouble = next
    return news === undefined ? "-" : news[0]!.toUpperCase()
  }).join("")
}

describe("Trouble", () => {
  it.each([
    ["nothing is said while all is well", "..........", "----------"],
    ["its beginning and its end are said once", "..xxxxxx...", "--B-----E--"],
    [
      "one that fails for ever is said once",
      "x".repeat(40),
      `B${"-".repeat(39)}`
    ],
    [
      "one that fails again much later begins again",
      "x..........x.",
      "BE---------BE"
    ],
    ["one that fails again soon fails on and off, and no more is said", "x.x.xx..x.", "BEF-------"],
    [
      "after that it is said that it is steady, up",
      "x.x...........",
      "BEF---------E-"
    ],
    [
      "after that it is said that it is steady, down, and when it is over",
      "x.x.xxxxxxxxxxxx.",
      "BEF----------B--E"
    ]
  ])("%s", (_name, scrapes, news) => {
    assert.strictEqual(tell(scrapes), news)
  })

  it.effect.prop(
    "however it goes, little is said, and the last that was said is how it is once it is steady",
    { scrapes: Arbitrary.schema(Schema.Array(Schema.Boolean)), hasFailed: Arbitrary.schema(Schema.Boolean) },
    ({ hasFailed, scrapes }) =>
      Effect.sync(() => {
        const steady = (hasFailed ? "x" : ".").repeat(Trouble.steady)
        const news = tell(scrapes.map((failed) => failed ? "x" : ".").join("") + steady)
        const last = news.replaceAll("-", "").at(-1)
        assert.strictEqual(last === "B" || last === "F", hasFailed, news)
        assert.isAtMost(news.replaceAll("-", "").length, 3 + 3 * news.length / Trouble.steady)
      })
  )
})

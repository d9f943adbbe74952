/**
 * What the documentation and the examples show.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import * as Components from "../src/cli/Components.ts"
import * as Plan from "../src/engine/Plan.ts"
import * as Source from "../src/syntax/Source.ts"
import { stdlib } from "./evaluation/evaluating.ts"

const root = new URL("../", import.meta.url)

const pages = [
  "README.md",
  ...readdirSync(new URL("docs/", root)).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)
]

const mistakesIn = (name: string, config: string): ReadonlyArray<string> => {
  const checked = Plan.check({ sources: [Source.make(name, config)], registry: Components.registry, stdlib })
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(({ message }) => message) : []
}

describe("the documentation", () => {
  for (const page of pages) {
    const text = readFileSync(new URL(page, root), "utf8")
    for (const [index, [, config]] of [...text.matchAll(/^```alloy\n(.*?)^```$/gms)].entries()) {
      it(`has in ${page} a right configuration, no. ${index + 1}`, () => {
        assert.deepStrictEqual(mistakesIn(page, config!), [])
      })
    }
  }
})

describe("the examples", () => {
  const examples = new URL("examples/", root)
  for (const file of readdirSync(examples).filter((name) => name.endsWith(".alloy"))) {
    it(`have a right ${file}`, () => {
      assert.deepStrictEqual(mistakesIn(file, readFileSync(new URL(file, examples), "utf8")), [])
    })
  }
})

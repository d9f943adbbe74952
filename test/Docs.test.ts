/**
 * What the documentation shows.
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

describe("the documentation", () => {
  for (const page of pages) {
    const text = readFileSync(new URL(page, root), "utf8")
    for (const [index, [, config]] of [...text.matchAll(/^```alloy\n(.*?)^```$/gms)].entries()) {
      it(`has in ${page} a right configuration, no. ${index + 1}`, () => {
        const checked = Plan.check({
          sources: [Source.make(page, config!)],
          registry: Components.registry,
          stdlib
        })
        assert.deepStrictEqual(
          Result.isFailure(checked) ? checked.failure.diagnostics.map(({ message }) => message) : [],
          []
        )
      })
    }
  }
})

import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Cause, Result, Schema } from "effect"
import { inspect } from "node:util"
import * as Components from "../../src/cli/Components.ts"
import * as Write from "../../src/components/pyroscope/Write.ts"
import * as Endpoint from "../../src/delivery/Endpoint.ts"
import * as Arguments from "../../src/engine/Arguments.ts"
import * as Exposures from "../../src/engine/Exposures.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Rendering from "../../src/engine/Rendering.ts"
import * as Scope from "../../src/evaluation/Scope.ts"
import * as Stdlib from "../../src/evaluation/Stdlib.ts"
import * as Diagnostic from "../../src/syntax/Diagnostic.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as StringLiteral from "../../src/syntax/StringLiteral.ts"
import * as Tree from "../../src/syntax/Tree.ts"
import { spellings } from "../delivery/leaks.ts"
import * as secretPlaces from "../engine/secretPlaces.ts"
import { inputs } from "./effort.ts"

const stdlib = (secret: string) =>
  Stdlib.make({
    env: (name) => name === "TOKEN" ? secret : undefined,
    hostname: "host",
    os: "linux",
    arch: "amd64",
    version: "v1"
  })

const load = (config: string, secret: string) =>
  Plan.check({
    sources: [Source.make("a.alloy", config)],
    registry: Components.registry,
    stdlib: stdlib(secret)
  })

/** What the API and the page would show of its blocks, if they were accepted. */
const rendered = (config: string, secret: string): string => {
  const parsed = Parser.parse(Source.make("a.alloy", config))
  if (Result.isFailure(parsed)) return ""
  return JSON.stringify(
    parsed.success.body.filter((statement) => statement._tag === "Block").map((block) => {
      const component = Components.registry.components.get(block.name.join("."))
      const exposures = component === undefined ? Exposures.unknown : Exposures.ofArguments(component.arguments)
      return [Tree.blockId(block), Rendering.argumentsOf(block, Scope.make(stdlib(secret)), exposures)]
    })
  )
}

/** All that can be seen of a configuration that is loaded. */
const shown = (config: string, secret: string): string => `${rendered(config, secret)}\n${told(config, secret)}`

const told = (config: string, secret: string): string => {
  const checked = load(config, secret)
  if (Result.isSuccess(checked)) {
    const warnings = checked.success.warnings.map(({ diagnostic }) => diagnostic.message)
    return checked.success.nodes.filter(({ component }) => component.name === "pyroscope.write").flatMap(
      ({ block }) => {
        const args = Result.getOrThrow(
          Arguments.decode(Write.Arguments, block, "a.alloy", Scope.make(stdlib(secret)))
        )
        return args.endpoint.map(({ url }) => Endpoint.nameOf(new URL(url)))
      }
    ).concat(warnings).join("\n")
  }
  const { failure } = checked
  const raw = new Map([["a.alloy", Source.make("a.alloy", config)]])
  return [
    failure.message,
    String(failure),
    inspect(failure, { depth: 9 }),
    JSON.stringify(failure),
    Cause.pretty(Cause.fail(failure)),
    ...failure.diagnostics.map(({ message }) => message),
    Diagnostic.renderAll(failure.diagnostics, failure.sources, { color: false }),
    // As a program shows it that knows nothing of the engine's sources.
    Diagnostic.renderAll(failure.diagnostics, raw, { color: true })
  ].join("\n")
}

/** Of six characters each. */
const pieces = (text: string): ReadonlyArray<string> =>
  Array.from({ length: Math.max(0, text.length - 5) }, (_, index) => text.slice(index, index + 6))

const harmless = "\u0000"

const assertHidden = (write: (secret: string) => string, secret: string): void => {
  const output = shown(write(secret), secret)
  const around = write(harmless)
  for (const form of [...spellings(secret), StringLiteral.quote(secret).slice(1, -1)]) {
    for (const piece of pieces(form)) {
      if (output.includes(piece) && !around.includes(piece)) {
        const at = output.indexOf(piece)
        assert.fail(`${piece} of ${form} is in ${output.slice(Math.max(0, at - 300), at + 100)}\nof\n${write(secret)}`)
      }
    }
  }
}

const alphabet = [..."abcXYZ0123456789", ..."abcXYZ0123456789", ..."/+=-_.:?#@!$%&*(){}[]<>~^|;,\\'\" \u00e9\u20ac"]

const int = (maximum: number) => Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum })))

const secret = Arbitrary.map(
  Arbitrary.array(int(alphabet.length - 1), { minLength: 10, maxLength: 24 }),
  (indices) => indices.map((index) => alphabet[index]!).join("").trim()
)

const oneOf = <A>(record: Readonly<Record<string, A>>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(int(Object.keys(record).length - 1), (index) => Object.values(record)[index]!)

describe("a secret in a configuration", () => {
  const { forms, neighbours, places, urlPlaces, urls } = secretPlaces

  it("is not shown, whatever is wrong with it, and wherever it is", () => {
    const all = Object.values(places).flatMap((place) =>
      Object.values(forms).flatMap((form) =>
        Object.values(neighbours).map((neighbour) => (secret: string) => neighbour(place(form(secret))))
      )
    )
    const step = Math.max(1, Math.floor(all.length / inputs(80)))
    for (let index = step >> 1; index < all.length; index += step) assertHidden(all[index]!, "aB3/xyz+Q9=w-Zk_4")
  })

  it.prop("is not shown, whatever it is", {
    secret,
    place: oneOf(places),
    form: oneOf(forms),
    neighbour: oneOf(neighbours)
  }, ({ form, neighbour, place, secret }) => {
    assertHidden((secret) => neighbour(place(form(secret))), secret)
  }, { arbitrary: { runs: inputs(60) } })

  it.prop("is not shown in a URL", {
    secret,
    place: oneOf(urlPlaces),
    url: oneOf(urls),
    neighbour: oneOf(neighbours)
  }, ({ neighbour, place, secret, url }) => {
    assertHidden((secret) => neighbour(place(url(secret))), secret)
  }, { arbitrary: { runs: inputs(60) } })
})

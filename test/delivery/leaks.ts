/**
 * Random secrets, and what is taken for a leak of one.
 */
import { assert } from "@effect/vitest"
import { Arbitrary, Cause, Effect, Metric, Schema } from "effect"
import { inspect } from "node:util"
import type { Outcome } from "../../src/delivery/Receipt.ts"
import type { Line } from "./observations.ts"

const between = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const text = (characters: ReadonlyArray<string>) =>
  Arbitrary.map(
    Arbitrary.array(between(0, characters.length - 1), { minLength: 8, maxLength: 40 }),
    (indices) => indices.map((index) => characters[index]!).join("")
  )

const range = (first: number, last: number): ReadonlyArray<string> =>
  Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index))

const printable = range(0x21, 0x7e)

/** Printable, of any script; half of it is ASCII. */
export const secret = text([
  ...printable,
  ...range(0xa1, 0xac),
  ...range(0x3b1, 0x3c9),
  ...range(0x4e00, 0x4e20),
  ...range(0x1f600, 0x1f610)
])

/** What may be an access token. */
export const token = text(printable)

/** All that there is to see of these outcomes, in this log and in the metrics. */
export const shown = Effect.fnUntraced(function*(outcomes: ReadonlyArray<Outcome>, log: ReadonlyArray<Line>) {
  const errors = outcomes.flatMap((outcome) => outcome._tag === "Failed" ? [outcome.error] : [])
  return [
    inspect({ outcomes, log, metrics: yield* Metric.snapshot }, { depth: 20, showHidden: true }),
    JSON.stringify({ outcomes, log }),
    ...outcomes.map(String),
    ...errors.flatMap((error) => [error.message, error.reason.message, String(error), JSON.stringify(error)]),
    ...errors.map((error) => Cause.pretty(Cause.fail(error))),
    ...log.flatMap(({ annotations, cause, message }) => [
      Cause.pretty(cause),
      String(message),
      ...Object.values(annotations).map(String)
    ])
  ].join("\n")
})

/** A text as programs write it into another. */
export const spellings = (text: string): ReadonlyArray<string> => {
  const json = JSON.stringify(text).slice(1, -1)
  const url = encodeURIComponent(text)
  const base64 = Buffer.from(text).toString("base64").replace(/=+$/, "")
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
    json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    url,
    url.replace(/%\w\w/g, (escape) => escape.toLowerCase()),
    encodeURI(text),
    new URLSearchParams([["", text]]).toString().slice(1),
    base64,
    base64.replaceAll("+", "-").replaceAll("/", "_")
  ]
}

/** The beginning of a secret is worth something, too. */
const beginningOf = (secret: string): string => Array.from(secret).slice(0, 6).join("")

export const assertNone = (shown: string, secret: string, what: string): void => {
  const basic = Buffer.from(`user:${secret}`).toString("base64")
  for (const form of [...spellings(beginningOf(secret)), ...spellings(secret), basic]) {
    const at = shown.indexOf(form)
    if (at !== -1) assert.fail(`${what}: ${form} is in ${shown.slice(Math.max(0, at - 200), at + form.length + 20)}`)
  }
}

/** That there was something to be shown. */
export const assertSome = (text: string, secret: string, what: string): void => {
  assert.isTrue(text.includes(secret), `${what}: the server has not got ${secret}`)
}

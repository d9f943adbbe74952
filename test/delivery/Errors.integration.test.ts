import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger } from "effect"
import { readFileSync } from "node:fs"
import * as Write from "../../src/components/pyroscope/Write.ts"
import * as PushError from "../../src/delivery/PushError.ts"
import { Receiver } from "../../src/delivery/Receiver.ts"
import * as Remedy from "../../src/delivery/Remedy.ts"
import type { Profile } from "../../src/profile/Profile.ts"
import { Transport } from "../../src/transport/Transport.ts"
import { answers } from "./failures/answers.ts"
import { credentials } from "./failures/credentials.ts"
import { type Failure, profile as standard, type Settings } from "./failures/failure.ts"
import { network } from "./failures/network.ts"
import { tls } from "./failures/tls.ts"

const failures: ReadonlyArray<Failure> = [...credentials, ...tls, ...network, ...answers]

const docs = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8")

/** The tables: what happened, then the reason and what it is about. */
const table = docs.split("\n").flatMap((line) => {
  const [, what = "", reason = "", concerns = "", remedy = ""] = line.split("|").map((cell) => cell.trim())
  return reason.startsWith("`") ? [[what, { reason, concerns, remedy: remedy.replaceAll("`", "") }] as const] : []
})
const rows: ReadonlyMap<string, { readonly reason: string; readonly concerns: string; readonly remedy: string }> =
  new Map(table)

/** What only somebody can tell from others who knows more than the error says. */
const indistinct = new Set([
  "the server refuses a new token",
  "there is no token yet, after one of these failures",
  "the proxy's certificate is not trusted",
  "a SOCKS5 proxy cannot reach the server",
  "429 with `retry_on_http_429 = false`"
])

/** Gives up after one retry, which is at once. */
const hasty: Partial<Settings> = {
  min_backoff_period: Duration.millis(1),
  max_backoff_retries: 1,
  backoff_jitter: false
}

const outcomeOf = Effect.fnUntraced(function*(endpoint: Settings, profile: Profile) {
  const receiver = Context.get(yield* Layer.build(Write.layer({ endpoint: [{ ...hasty, ...endpoint }] })), Receiver)
  const [outcome] = yield* (yield* receiver.push(profile)).outcomes
  return outcome!
})

describe("docs/errors.md", () => {
  it("has each row tested, and each test in a row", () => {
    assert.strictEqual(rows.size, table.length)
    assert.sameMembers([...new Set(failures.map(({ row }) => row))], [...rows.keys()])
  })

  it("has all reasons", () => {
    const names = [...rows.values()].flatMap(({ reason }) => /^`(\w+)`/.exec(reason)![1]!)
    assert.sameMembers([...new Set(names)], PushError.Reason.members.map(({ identifier }) => identifier))
  })
})

describe("A push fails as docs/errors.md says", () => {
  for (const { endpoint, fields, isPaused, message, profile = standard, retries, row, what } of failures) {
    it.live(`${row}: ${what}`, () =>
      Effect.gen(function*() {
        const settings = yield* endpoint
        const outcome = yield* outcomeOf(settings, profile)
        if (outcome._tag !== "Failed") return assert.fail(`the outcome is ${outcome._tag}`)
        const { error } = outcome
        const { concerns, reason, remedy } = rows.get(row)!
        if (!indistinct.has(row)) assert.strictEqual(Remedy.of(error.reason), remedy)
        assert.strictEqual(`\`${error.reason._tag}\``, reason.split(",")[0], error.message)
        assert.deepInclude(error.reason, fields)
        if (message !== undefined) assert.match(error.reason.message, message)
        assert.strictEqual(error.endpoint, new URL(settings.url).origin)
        if (isPaused === true) assert.isDefined(error.retryAfter)
        assert.strictEqual(error.concerns, concerns)
        // What is about the profile is settled at once, what is about the endpoint after the one retry.
        assert.strictEqual(outcome.retries, retries ?? (concerns === "endpoint" ? 1 : 0))
        // Of what is known by its code, the code is in the table.
        if ("code" in error.reason && !reason.includes("as above")) assert.include(reason, `\`${error.reason.code}\``)
      }).pipe(Effect.provide([Transport.layer, Logger.layer([])])))
  }
})

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { lineOf } from "../support/engine.ts"
import { makePprof } from "../support/pprof.ts"
import * as Push from "../support/push.ts"
import { startRelay } from "../support/relay.ts"
import { answer, hang, ok, type Received, reset } from "../support/sink.ts"

const ids = (requests: ReadonlyArray<Received>): ReadonlyArray<string> =>
  requests.flatMap(({ body }) => Push.decode(body).flatMap(({ samples }) => samples.map(({ id }) => id)))

const impatient = `
  remote_timeout      = "100ms"
  min_backoff_period  = "10ms"
  max_backoff_period  = "50ms"
  max_backoff_retries = 0
`

describe("an endpoint that is down", () => {
  it.live("does not disturb the other, whatever is wrong with it, and gets everything once it is back", () =>
    Effect.gen(function*() {
      const { engine, first, second, url } = yield* startRelay({ first: impatient })
      const profile = makePprof({ gzip: true })
      const sent: Array<string> = []
      /** The second gets all of these before anything changes for the first. */
      const send = Effect.fnUntraced(function*(phase: string) {
        for (let n = 0; n < 10; n++) {
          sent.push(`${phase}-${n}`)
          assert.strictEqual((yield* Push.push(url, `${phase}-${n}`, profile)).status, 200)
        }
        assert.sameMembers([...ids(yield* second.taken.atLeast(sent.length))], sent)
      })
      /** The engine has met what is wrong with the first: a line of its log says so. */
      const failed = (pattern: RegExp) =>
        lineOf(engine.log, (line) => line["msg"] === "push failed, will retry" && pattern.test(line["err"] ?? ""))

      yield* first.behave(answer(503))
      yield* send("unavailable")
      yield* failed(/^the server answered 503$/)

      yield* first.behave(hang)
      yield* send("hanging")
      yield* failed(/^no answer within 100ms$/)

      yield* first.behave(reset)
      yield* send("resetting")
      yield* failed(/\((ECONNRESET|UND_ERR_SOCKET)\)$/)

      yield* first.refuse
      yield* send("refusing")
      yield* failed(/\(ECONNREFUSED\)$/)

      assert.deepStrictEqual(first.taken.all, [])
      yield* first.behave(ok)
      yield* first.reopen
      yield* send("back")
      // Some may come twice, if an answer was later than the engine's patience; none may be missing.
      yield* first.taken.until((requests) => new Set(ids(requests)).size >= sent.length)
      assert.sameMembers([...new Set(ids(first.taken.all))], sent)
      assert.strictEqual(second.taken.all.length, sent.length)
      for (const { body } of [...first.taken.all, ...second.taken.all]) {
        assert.deepStrictEqual(Buffer.from(Push.decode(body)[0]!.samples[0]!.profile), Buffer.from(profile))
      }
    }))

  it.live("is left alone for as long as its Retry-After says, while the other gets its profiles", () =>
    Effect.gen(function*() {
      const { engine, first, second, url } = yield* startRelay({ first: impatient })
      const profile = makePprof({ gzip: true })
      yield* first.behave(answer(503, { "retry-after": "1" }))
      yield* Push.push(url, "0", profile)
      yield* lineOf(engine.log, ({ msg }) => msg === "push failed, will retry")
      yield* first.behave(ok)
      for (const id of ["1", "2", "3"]) yield* Push.push(url, id, profile)

      assert.sameMembers([...ids(yield* second.taken.atLeast(4))], ["0", "1", "2", "3"])
      assert.strictEqual(first.requests.all.length, 1)
      assert.sameMembers([...ids(yield* first.taken.atLeast(4))], ["0", "1", "2", "3"])
      const [refused, next] = first.requests.all
      assert.isAtLeast(next!.at - refused!.at, 950)
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Push from "../support/push.ts"
import { startRelay } from "../support/relay.ts"
import { hang, ok, type Received } from "../support/sink.ts"

const ids = (requests: ReadonlyArray<Received>): ReadonlyArray<string> =>
  requests.flatMap(({ body }) => Push.decode(body).flatMap(({ samples }) => samples.map(({ id }) => id)))

/** Room for four profiles with all that belongs to them, of which one is under way. */
const queueOfFour = (whenFull: string) => `
  queue {
    max_bytes   = "450kB"
    when_full   = "${whenFull}"
    concurrency = 1
  }
`

const profile = new Uint8Array(100_000).fill(7)

const metric = (url: string, name: string, labels: Readonly<Record<string, string>>) =>
  Effect.map(Effect.promise(async () => (await fetch(`${url}/metrics`)).text()), (text) => {
    const line = text.split("\n").find((line) =>
      line.startsWith(`${name}{`) &&
      Object.entries(labels).every(([name, value]) => line.includes(`${name}="${value}"`))
    )
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1))
  })

describe("the queue of an endpoint that is down", () => {
  it.live("drops the oldest when it is full, and counts them, while the other endpoint gets all", () =>
    Effect.gen(function*() {
      const { engine, first, second, url } = yield* startRelay({ first: queueOfFour("drop_oldest") })
      yield* first.behave(hang)
      yield* Push.push(url, "0", profile)
      yield* first.requests.atLeast(1)
      for (let n = 1; n < 10; n++) {
        assert.strictEqual((yield* Push.push(url, String(n), profile)).status, 200)
      }
      assert.strictEqual((yield* second.taken.atLeast(10)).length, 10)

      const dropped = { endpoint: first.url, reason: "queue_full", component_id: "pyroscope.write.both" }
      assert.strictEqual(yield* metric(engine.url, "pyroscope_write_dropped_profiles_total", dropped), 6)
      assert.strictEqual(yield* metric(engine.url, "pyroscope_write_dropped_bytes_total", dropped), 600_000)
      assert.strictEqual(yield* metric(engine.url, "pyroscope_write_queue_profiles", { endpoint: first.url }), 4)
      const others = { ...dropped, endpoint: second.url }
      assert.strictEqual(yield* metric(engine.url, "pyroscope_write_dropped_profiles_total", others), 0)

      yield* first.behave(ok)
      assert.deepStrictEqual(ids(yield* first.taken.atLeast(4)), ["0", "7", "8", "9"])
    }))

  it.live("refuses for all when it is set to, and takes what is sent again later", () =>
    Effect.gen(function*() {
      const { first, second, url } = yield* startRelay({ first: queueOfFour("reject") })
      yield* first.behave(hang)
      for (const id of ["0", "1", "2", "3"]) {
        assert.strictEqual((yield* Push.push(url, id, profile)).status, 200)
      }
      const refused = yield* Push.push(url, "4", profile)
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers.get("retry-after"), "5")
      assert.deepStrictEqual(JSON.parse(refused.text), {
        code: "resource_exhausted",
        message: "a queue is full, retry after 5s"
      })

      yield* first.behave(ok)
      yield* first.taken.atLeast(4)
      assert.strictEqual((yield* Push.push(url, "4", profile)).status, 200)
      for (const { taken } of [first, second]) {
        assert.sameMembers([...ids(yield* taken.atLeast(5))], ["0", "1", "2", "3", "4"])
      }
    }))
})

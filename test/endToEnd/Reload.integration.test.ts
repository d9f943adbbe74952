import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric } from "effect"
import { inputs } from "../fuzz/effort.ts"
import { startEngine } from "../support/engine.ts"
import { makePprof } from "../support/pprof.ts"
import * as Push from "../support/push.ts"
import * as Relay from "../support/relay.ts"
import type { Received } from "../support/sink.ts"
import { makeSink } from "../support/sink.ts"

const idsOf = ({ body }: Received): ReadonlyArray<string> =>
  Push.decode(body).flatMap(({ samples }) => samples.map(({ id }) => id))

/** Runs with a count of the fibers that have begun and not ended. */
const countingFibers = <A, E, R>(use: (active: () => number) => Effect.Effect<A, E, R>) => {
  let active = 0
  return Effect.provideService(use(() => active), Metric.FiberRuntimeMetrics, {
    recordFiberStart: () => void (active += 1),
    recordFiberEnd: () => void (active -= 1)
  })
}

const heldByNode = (): number => process.getActiveResourcesInfo().length

describe("an engine that is reloaded again and again while profiles are pushed", () => {
  it.live("loses none, sends none twice, refuses none, and holds no more in the end than in the beginning", () =>
    countingFibers(Effect.fnUntraced(function*(fibers) {
      const sinks = [yield* makeSink, yield* makeSink] as const
      /** What each reload changes: an endpoint, nothing, the queue of one, the listener; or it is broken. */
      const configOf = (n: number): string => {
        const other = Math.floor(n / 5) % 2 === 0
        const first = `headers = { "X-Other" = "${n % 5 === 0 ? other : !other}" }`
        const second = `queue { max_bytes = "${n % 5 === 2 && other ? 32 : 64}MiB" }`
        const config = Relay.config(sinks, { first, second })
        if (n % 5 === 3) return config.replace("listen_port    = 0", "listen_port    = 0\n conn_limit = 5000")
        return n % 5 === 4 ? `${config}\nnothing "at" { all = 1 }` : config
      }
      const engine = yield* startEngine(configOf(1))
      const url = yield* engine.listening(Relay.receiver)
      const profile = makePprof({ gzip: true })
      const sent: Array<string> = []
      let isOver = false
      const push = (worker: number) =>
        Effect.gen(function*() {
          for (let n = 0; !isOver; n++) {
            const id = `${worker}-${n}`
            sent.push(id)
            assert.strictEqual((yield* Push.push(url, id, profile)).status, 200)
          }
        })
      const pushing = yield* Effect.forkChild(
        Effect.all([0, 1, 2, 3].map(push), { concurrency: "unbounded", discard: true })
      )
      const rounds = inputs(40)
      let held = { fibers: 0, node: 0 }
      for (let n = 0; n < rounds; n++) {
        // Each round has some profiles of its own.
        yield* sinks[1].taken.atLeast(sinks[1].taken.all.length + 4)
        const result = yield* Effect.result(engine.reload(configOf(n)))
        assert.strictEqual(result._tag, n % 5 === 4 ? "Failure" : "Success")
        if (n === 9) held = { fibers: fibers(), node: heldByNode() }
      }
      isOver = true
      yield* Fiber.join(pushing)
      for (const sink of sinks) {
        yield* sink.taken.atLeast(sent.length)
        assert.deepStrictEqual(sink.taken.all.flatMap(idsOf).sort(), sent.toSorted())
      }
      // What was replaced last may still be about to end.
      assert.isAtMost(fibers(), held.fibers + 10)
      assert.isAtMost(heldByNode(), held.node + 10)
    })))
})

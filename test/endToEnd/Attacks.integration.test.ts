import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { bombs } from "../support/bombs.ts"
import { type RunningBinary, startBinary } from "../support/engine.ts"
import * as Push from "../support/push.ts"
import { makeSink } from "../support/sink.ts"

/** What the engine's main thread has used, in milliseconds of processor time: a busy machine does not add to it. */
const used = (pid: number): number => {
  const times = readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")
  return (Number(times[11]) + Number(times[12])) * 10
}

/** In MiB, at the most since it started. */
const largest = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024

/** Pushes one profile as a well-behaved sender does, which comes again where it is told to. */
const pushHonestly = (url: string, id: string): Effect.Effect<void> =>
  Effect.flatMap(Push.push(url, id, Uint8Array.of(1, 2, 3)), ({ status }) => {
    if (status === 200) return Effect.void
    assert.include([429, 503], status)
    return Effect.delay(pushHonestly(url, id), "50 millis")
  })

/** Asks, again and again until an effect has ended, whether the engine is ready; gives the most that one answer cost. */
const watching = <A>(engine: RunningBinary, effect: Effect.Effect<A>): Effect.Effect<number> =>
  Effect.gen(function*() {
    let ended = false
    let most = 0
    const ask = Effect.gen(function*() {
      while (!ended) {
        const before = used(engine.pid)
        const response = yield* Effect.promise(() => fetch(`${engine.url}/-/ready`))
        yield* Effect.promise(() => response.arrayBuffer())
        most = Math.max(most, used(engine.pid) - before)
      }
    })
    const attack = Effect.ensuring(effect, Effect.sync(() => ended = true))
    yield* Effect.all([ask, attack], { concurrency: 2 })
    return most
  })

const configuration = (url: string): string => `
  pyroscope.receive_http "in" {
    http {
      listen_address = "127.0.0.1"
      listen_port    = 0
    }
    forward_to = [pyroscope.write.out.receiver]
  }
  pyroscope.write "out" {
    endpoint {
      url = "${url}"
    }
  }
  pyroduct.sink "shown" {
    http {
      listen_port = 0
    }
  }
`

describe.skipIf(process.platform !== "linux")("Attacks", () => {
  it.live(
    "stop nobody: the engine answers, stays small, and takes what honest senders push",
    () =>
      Effect.gen(function*() {
        const server = yield* makeSink
        const engine = yield* startBinary(configuration(server.url))
        const receiver = yield* engine.listening("pyroscope.receive_http.in")
        const sink = yield* engine.listening("pyroduct.sink.shown")
        const sent: Array<string> = []
        const honest = (url: string, id: string) =>
          Effect.tap(pushHonestly(url, id), () => Effect.sync(() => sent.push(id)))
        const costs: Record<string, number> = {}
        for (const [name, make] of Object.entries(bombs)) {
          const { body, headers, path } = make()
          const attack = (url: string) => Push.post(url + path, body, headers)
          costs[name] = yield* watching(
            engine,
            Effect.gen(function*() {
              yield* Effect.all([attack(receiver), attack(sink), honest(receiver, name)], { concurrency: "unbounded" })
              const listing = yield* Effect.promise(async () =>
                (await fetch(`${engine.url}/api/v0/component/pyroduct.sink.shown/profiles`)).arrayBuffer()
              )
              assert.isBelow(listing.byteLength, 1_000_000)
            })
          )
        }
        for (const [name, cost] of Object.entries(costs)) assert.isBelow(cost, 250, name)
        assert.isBelow(largest(engine.pid), 600)
        yield* server.taken.until((taken) => sent.every((id) => taken.some(({ body }) => body.includes(id))))
      }).pipe(Effect.scoped),
    120_000
  )
})

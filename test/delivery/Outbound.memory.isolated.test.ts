/**
 * What waits in queues takes no more memory than the queues say.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { setImmediate } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Backlog from "../../src/delivery/Backlog.ts"
import * as Drain from "../../src/delivery/Drain.ts"
import * as FanOut from "../../src/delivery/FanOut.ts"
import * as Lane from "../../src/delivery/Lane.ts"
import * as RetrySchedule from "../../src/delivery/RetrySchedule.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

/** In the heap, and of buffers. What others have left behind is gone by the second time. */
const used = Effect.promise(async () => {
  collect()
  await setImmediate()
  collect()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
})

const observer: Lane.Observer = {
  opened: () => Effect.void,
  closed: () => Effect.void,
  retried: () => Effect.void,
  settled: () => Effect.void
}

/** Takes one profile per worker and never answers. */
const makeLane = Effect.fnUntraced(function*(number: number) {
  const lane = yield* Lane.make(
    {
      endpoint: `http://127.0.0.1:${number}`,
      name: "",
      queue: { maxBytes: 1e9, whenFull: "drop_newest" },
      concurrency: 1,
      retry: RetrySchedule.defaults,
      maxAge: Duration.hours(1)
    },
    () => Effect.never,
    observer,
    yield* Backlog.make
  )
  yield* lane.takeCharge
  return lane
}, Effect.provideService(Drain.Drain, Drain.within(Duration.zero)))

const pushed = (number: number): Profile.Profile =>
  Profile.series(Labels.make({ __name__: "process_cpu", service_name: `service ${number}` }), [
    { id: "", profile: Uint8Array.of(1, 2, 3) }
  ])

const withManyLabels = (number: number): Profile.Profile =>
  Profile.series(
    Labels.make({
      __name__: "process_cpu",
      service_name: `service ${number}`,
      ...Object.fromEntries(Array.from({ length: 30 }, (_, label) => [`label_${label}`, `value ${number}`]))
    }),
    [{ id: "", profile: Uint8Array.of(1, 2, 3) }]
  )

const ingested = (number: number): Profile.Profile =>
  Profile.ingest({
    labels: Labels.make({ __name__: `service-${number}`, service_name: `service-${number}` }),
    query: `format=jfr&from=${number}&name=service-${number}`,
    contentType: `multipart/form-data; boundary=${number}`,
    body: Buffer.allocUnsafeSlow(3)
  })

describe("Outbound", () => {
  for (const endpoints of [1, 3]) {
    for (const [what, profile] of Object.entries({ pushed, withManyLabels, ingested })) {
      it.live(`${what} profiles of three bytes take what ${endpoints} queues say they take, at most`, () =>
        Effect.gen(function*() {
          const lanes = yield* Effect.forEach(Array.from({ length: endpoints }, (_, index) => index), makeLane)
          const { offer } = FanOut.make({ externalLabels: {} }, lanes)
          const offerMany = (count: number) =>
            Effect.forEach(Array.from({ length: count }, (_, index) => index), (index) => offer(profile(index)), {
              discard: true
            })
          const counted = () => lanes.reduce((bytes, lane) => bytes + lane.bytes(), 0)
          yield* offerMany(1000)
          const [usedBefore, countedBefore] = [yield* used, counted()]
          yield* offerMany(4000)
          const [taken, said] = [(yield* used) - usedBefore, counted() - countedBefore]
          assert.isAtMost(taken, said)
          // It is said for each queue, and they share the profile.
          assert.isAtLeast(taken, said / (2 * endpoints))
        }).pipe(Effect.scoped))
    }
  }
})

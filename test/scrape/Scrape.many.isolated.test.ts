/**
 * What many targets leave behind that have come and gone.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { setImmediate } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Loops from "../../src/scrape/Loops.ts"
import * as Scrape from "../../src/scrape/Scrape.ts"
import type { TargetState } from "../../src/scrape/TargetState.ts"
import { Transport } from "../../src/transport/Transport.ts"
import { Counts } from "../support/counts.ts"
import { closeAll, listen } from "../support/ports.ts"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

/** In the heap and of buffers, in bytes, and how many sockets and timers there are. */
const held = Effect.promise(async () => {
  for (let count = 0; count < 3; count++) {
    await setImmediate()
    collect()
  }
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return { bytes: heapUsed + arrayBuffers, handles: process.getActiveResourcesInfo().length }
})

const targets = 1000
const rounds = 10
/** Of the processes that are asked. All but one are gone with each round, and that one is asked for other things. */
const hosts = 20

const counts = new Counts("contention")
for (let stack = 0; stack < 5; stack++) counts.add(`main.f${stack};main.main`, stack + 1, 1000)
const body = counts.profile()

/** How often they were asked for something, by round. */
const makeHosts = Effect.fnUntraced(function*(count: number) {
  const requests = Array.from({ length: rounds }, () => 0)
  const servers = Array.from({ length: count }, () =>
    createServer(({ url = "" }, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" }).end(body)
      requests[Number(url.split("/")[1])]! += 1
    }))
  yield* Effect.acquireRelease(
    Effect.promise(() => Promise.all(servers.map(listen))),
    () => Effect.promise(() => Promise.all(servers.map(closeAll)))
  )
  return { addresses: servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`), requests }
})

describe("1,000 targets that come and go ten times", () => {
  it.effect(
    "are not asked any more when they are gone, and leave neither memory nor sockets behind",
    () =>
      Effect.gen(function*() {
        const staying = yield* makeHosts(1)
        const ends: Array<Effect.Success<typeof held>> = []
        /** Those of a round, once all targets of the next had their first. */
        const asked: Array<number> = []
        for (let round = 0; round < rounds; round++) {
          yield* Effect.gen(function*() {
            const leaving = yield* makeHosts(hosts - 1)
            const addresses = [...staying.addresses, ...leaving.addresses]
            const { states } = yield* Scrape.make({
              id: "test",
              interval: "15 seconds",
              // Longer than the clock of the test goes on at once.
              timeout: "1 minute",
              types: [{ name: "mutex", path: "/mutex", isTimed: false }],
              targets: Array.from({ length: targets }, (_, index) => ({
                __address__: addresses[index % hosts]!,
                // One in ten has something to subtract from.
                __name__: index % 10 === 0 ? "mutex" : "goroutine",
                __profile_path__: `/${round}/${index}`,
                service_name: `service-${index}`,
                pod: `pod-${round}-${index}`
              }))
            })
            // The first scrape of some; of what was there before, the next.
            yield* TestClock.adjust("4 seconds")
            const isUnderWay = ({ lastScrape, scrapes }: TargetState) => lastScrape !== undefined && scrapes === 0
            while (Array.from(states()).some(isUnderWay)) yield* Effect.promise(() => setImmediate())
            assert.isAbove(leaving.requests[round]!, targets / 10)
            assert.strictEqual(Array.from(states()).length, targets)
          }).pipe(Effect.scoped)
          if (round > 0) asked.push(staying.requests[round - 1]!)
          ends.push(yield* held)
        }
        assert.deepStrictEqual(staying.requests.slice(0, rounds - 1), asked)
        const [before, after] = [ends.slice(2, 5), ends.slice(-3)]
        const least = (key: "bytes" | "handles", of: typeof ends) => Math.min(...of.map((end) => end[key]))
        assert.isAtMost(least("handles", after), least("handles", before) + 50)
        assert.isAtMost(least("bytes", after), least("bytes", before) + 1000 * targets)
      }).pipe(
        Effect.provideService(Receiver.Receiver, Receiver.make(() => Effect.succeed(Receipt.none))),
        Effect.provide(Layer.merge(Loops.layer, Transport.layer))
      ),
    60_000
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Forward from "../../src/delivery/Forward.ts"
import * as History from "../../src/delivery/History.ts"
import * as Lanes from "../../src/delivery/Lanes.ts"
import type { Receiver } from "../../src/delivery/Receiver.ts"
import * as Recent from "../../src/delivery/Recent.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as DebugInfo from "../../src/telemetry/DebugInfo.ts"
import * as Health from "../../src/telemetry/Health.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import { against, series } from "./endpoints.ts"

const { answer } = ScriptedServer

const endpoint = "http://pyroscope.example:4040"

const observed = Effect.fnUntraced(function*(options: Omit<Forward.Options, "externalLabels">) {
  let read: () => DebugInfo.Info = () => ({})
  const health: Array<string | undefined> = []
  const scope = yield* Scope.make()
  const receiver = yield* Forward.make(options).pipe(
    Effect.provideService(DebugInfo.Reporter, { show: (reader) => Effect.sync(() => void (read = reader)) }),
    Effect.provideService(Health.Reporter, { problem: (_, message) => Effect.sync(() => void health.push(message)) }),
    Scope.provide(scope)
  )
  return {
    receiver,
    health,
    close: Scope.close(scope, Exit.void),
    /** As JSON has it. */
    info: () => JSON.parse(JSON.stringify(read())) as Readonly<Record<string, ReadonlyArray<Record<string, unknown>>>>
  }
})

const push = (receiver: Receiver, service: string, times = 1) =>
  Effect.repeat(Effect.ignore(receiver.push(series(100, service))), { times: times - 1 })

const at = (seconds: number): string => new Date(seconds * 1000).toISOString()

const retry = { jitter: false }

describe("Forward, in debug info", () => {
  it.effect("shows how an endpoint is doing", () =>
    Effect.gen(function*() {
      const { health, info, receiver } = yield* observed({ endpoints: [{ url: `${endpoint}/`, retry }] })
      const fresh = {
        endpoint,
        name: "",
        state: "delivering",
        failing_since: null,
        failing_reason: null,
        paused_until: null,
        queue_profiles: 0,
        queue_bytes: 0,
        queue_max_bytes: 64 * 1024 * 1024,
        in_flight_profiles: 0,
        queue_oldest_seconds: null,
        last_delivery: null,
        last_refusal: null,
        sent_profiles: 0,
        sent_bytes: 0,
        retries: 0,
        dropped_profiles: {}
      }
      assert.deepStrictEqual(info(), { endpoints: [fresh], services: [] })

      yield* push(receiver, "shop", 2)
      yield* TestClock.adjust("10 seconds")
      const delivered = { ...fresh, last_delivery: at(0), sent_profiles: 2, sent_bytes: 200 }
      assert.deepStrictEqual(info()["endpoints"], [delivered])

      yield* push(receiver, "cart", 9)
      // Four, and as many once those have failed.
      yield* Effect.repeat(TestClock.adjust(0), { times: 4 })
      yield* TestClock.adjust("300 millis")
      const { queue_bytes: bytes, ...failing } = info()["endpoints"]![0]!
      const { queue_bytes: _, ...others } = delivered
      assert.deepStrictEqual(failing, {
        ...others,
        state: "failing",
        failing_since: at(10),
        failing_reason: "the server answered 503: down",
        paused_until: at(10.5),
        queue_profiles: 9,
        queue_oldest_seconds: 0.3,
        last_refusal: {
          time: at(10),
          reason: "ServerFailure",
          status: 503,
          message: "the server answered 503: down",
          service_name: "cart",
          path: "/push.v1.PusherService/Push"
        },
        retries: 8
      })
      assert.isAbove(Number(bytes), 900)
      // One source for both.
      assert.deepStrictEqual(health, [
        `endpoint ${endpoint} has been failing since ${failing["failing_since"]}: ${failing["failing_reason"]}`
      ])

      yield* TestClock.adjust("1 minute")
      assert.deepInclude(info()["endpoints"]![0], {
        state: "delivering",
        failing_since: null,
        paused_until: null,
        queue_profiles: 0,
        sent_profiles: 11
      })
    }).pipe(against(({ at }) => answer(at >= 10_000 && at < 12_000 ? 503 : 200, { body: "down" }))))

  it.effect("shows by service what came, what was taken, and what was refused or lost and why", () =>
    Effect.gen(function*() {
      const urls = ["http://one.example", "http://two.example"]
      const { info, receiver } = yield* observed({
        endpoints: urls.map((url) => ({ url, retry, queue: { maxBytes: "16 KiB", whenFull: "reject" as const } }))
      })
      const unfit = Profile.series(Labels.make({ service_name: "shop" }), [{ id: "", profile: Uint8Array.of(1) }])
      yield* push(receiver, "shop")
      yield* TestClock.adjust("1 second")
      yield* push(receiver, "cart")
      yield* TestClock.adjust("1 second")
      // As a listener does before it hands anything over.
      assert.isDefined(receiver.check(unfit))
      yield* TestClock.adjust("1 second")
      yield* Effect.flip(receiver.push(series(20_000, "huge")))
      const accepted = (time: number, url: string) => ({ endpoint: url, name: "", time: at(time) })
      const [one, two] = urls as [string, string]
      const refusal = {
        time: at(1),
        endpoint: two,
        name: "",
        reason: "Rejected",
        status: 400,
        message: "the server answered 400: no carts"
      }
      assert.deepStrictEqual(info()["services"], [
        {
          service_name: "huge",
          last_profile: at(3),
          last_accepted: [],
          last_refusal: {
            time: at(3),
            endpoint: null,
            name: null,
            reason: "TooLarge",
            status: null,
            message: "the profile takes 20877 bytes, more than any queue holds"
          },
          last_loss: null
        },
        {
          service_name: "shop",
          last_profile: at(2),
          last_accepted: [accepted(0, one), accepted(0, two)],
          last_refusal: {
            time: at(2),
            endpoint: null,
            name: null,
            reason: "InvalidLabels",
            status: null,
            message: "invalid labels in profile: __name__ is required"
          },
          last_loss: null
        },
        {
          service_name: "cart",
          last_profile: at(1),
          last_accepted: [accepted(1, one)],
          last_refusal: refusal,
          last_loss: refusal
        }
      ])
    }).pipe(
      against(({ body, url }) =>
        url.host === "two.example" && Buffer.from(body).includes("cart")
          ? answer(400, { body: "no carts" })
          : answer(200)
      )
    ))

  it.effect("goes on counting when an endpoint's settings change", () =>
    Effect.gen(function*() {
      const options = { id: "write", endpoints: [{ url: endpoint }] }
      const before = yield* observed(options)
      yield* push(before.receiver, "shop", 3)
      yield* TestClock.adjust("1 second")
      const after = yield* observed({ ...options, endpoints: [{ url: endpoint, timeout: "1 second" }] })
      yield* before.close
      yield* push(after.receiver, "shop")
      yield* TestClock.adjust("1 second")
      assert.deepInclude(after.info()["endpoints"]![0], { sent_profiles: 4, last_delivery: at(1) })
      assert.deepInclude(after.info()["services"]![0], { service_name: "shop", last_profile: at(1) })
      assert.strictEqual(yield* Clock.currentTimeMillis, 2000)
    }).pipe(Effect.provide(Layer.fresh(Lanes.layer)), against()))

  it("remembers so many services, those that were seen last", () => {
    const recent = Recent.make(History.limit, (name, seenAt) => ({ name, seenAt, isKnown: false }))
    for (let now = 0; now < History.limit; now++) recent.see(`${now}`, now).isKnown = true
    recent.see("0", 1000)
    recent.see("new", 1001)
    assert.deepStrictEqual([recent.get("0")?.isKnown, recent.get("1"), recent.get("2")?.isKnown], [
      true,
      undefined,
      true
    ])
    assert.strictEqual([...recent.all()].length, History.limit)
    const long = "x".repeat(100_000)
    recent.see(long, 1002)
    const { name } = recent.get(long)!
    assert.isAtMost(name.length, 2000)
    assert.strictEqual(recent.get(name)?.seenAt, 1002)
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Fiber, Layer, Metric, Redacted, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Drain from "../../src/delivery/Drain.ts"
import * as Forward from "../../src/delivery/Forward.ts"
import * as Lanes from "../../src/delivery/Lanes.ts"
import { Receiver } from "../../src/delivery/Receiver.ts"
import * as Health from "../../src/telemetry/Health.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Tls from "../../src/transport/Tls.ts"
import * as endpoints from "./endpoints.ts"
import { ownRegistry } from "./observations.ts"

const { answer } = ScriptedServer

const token = (text: string, url = "http://pyroscope.example:4040"): endpoints.Options => ({
  url,
  transport: { authentication: Authentication.token(Material.inline(Redacted.make(text))) }
})

/** Takes what comes with the right token. */
const withToken: ScriptedServer.Script = ({ headers, url }) =>
  url.host === "other.example" || headers["authorization"] === "Bearer right" ? answer(200) : answer(401)

/** The lanes of a configuration, until it is closed. */
const configure = Effect.fnUntraced(function*(lanes: Lanes.Lanes, ...all: ReadonlyArray<endpoints.Options>) {
  const scope = yield* Scope.make()
  const taken = yield* lanes.take(all.map(endpoints.settings)).pipe(Scope.provide(scope))
  return {
    lanes: taken.map(({ lane }) => lane),
    close: Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
  }
})

const requests = Effect.map(ScriptedServer.ScriptedServer, ({ requests }) => requests)

const patient = Effect.provideService(Drain.Drain, Drain.within(Duration.seconds(20)))

describe("Lanes", () => {
  it.effect("of equal endpoints are the same, whatever becomes of the others", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make
      const first = yield* configure(lanes, token("a"), token("b", "http://other.example"))
      const second = yield* configure(lanes, token("c", "http://third.example"), token("a"))
      assert.strictEqual(second.lanes[1], first.lanes[0])
      yield* Fiber.join(yield* first.close)
      assert.deepStrictEqual(first.lanes.map((lane) => lane.isClosing()), [false, true])
      const third = yield* configure(lanes, token("a"))
      assert.strictEqual(third.lanes[0], first.lanes[0])
    }).pipe(endpoints.against()))

  it.effect("a token that is mended delivers what waits, at once, and nothing is lost or sent twice", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make
      const first = yield* configure(lanes, token("wrong"))
      const outcomes = yield* Effect.forEach(Array(20).fill(0), () => endpoints.offer(first.lanes[0]!))
      yield* TestClock.adjust("1 minute")
      const tried = (yield* requests).length
      const second = yield* configure(lanes, token("right"))
      assert.notStrictEqual(second.lanes[0], first.lanes[0])
      // Not known to everybody yet.
      outcomes.push(yield* endpoints.offer(first.lanes[0]!))
      yield* Fiber.join(yield* first.close)
      outcomes.push(yield* endpoints.offer(second.lanes[0]!))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual((yield* Effect.all(outcomes)).map(({ _tag }) => _tag), Array(22).fill("Delivered"))
      assert.strictEqual((yield* requests).length - tried, 22)
    }).pipe(patient, endpoints.against(withToken)))

  it.effect("where one cannot be made the others stay as they are", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make
      const first = yield* configure(lanes, token("right"))
      const unusable: endpoints.Options = {
        url: "https://other.example",
        transport: { tls: { ...Tls.defaults, insecureSkipVerify: true } }
      }
      const scope = yield* Scope.make()
      const failed = yield* lanes.take([token("wrong"), unusable].map(endpoints.settings)).pipe(
        Scope.provide(scope),
        Effect.flip
      )
      assert.strictEqual(failed._tag, "UnusableSettings")
      const outcome = yield* endpoints.offer(first.lanes[0]!)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* outcome)._tag, "Delivered")
      assert.strictEqual((yield* requests).length, 1)
      const again = yield* configure(lanes, token("right"))
      assert.strictEqual(again.lanes[0], first.lanes[0])
    }).pipe(endpoints.against(withToken)))

  it.effect("one that is gone drains beside the others, and goes on where it comes back meanwhile", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make
      const [first, other] = [token("wrong"), token("any", "http://other.example")]
      const before = yield* configure(lanes, first, other)
      const outcome = yield* endpoints.offer(before.lanes[0]!)
      const without = yield* configure(lanes, other)
      const closed = yield* before.close
      yield* TestClock.adjust("5 seconds")
      assert.isUndefined(closed.pollUnsafe())
      assert.strictEqual((yield* yield* endpoints.offer(without.lanes[0]!))._tag, "Delivered")
      yield* configure(lanes, token("right"), other)
      yield* Fiber.join(closed)
      assert.strictEqual((yield* outcome)._tag, "Delivered")
    }).pipe(patient, endpoints.against(withToken)))

  it.effect("one that is gone for good is given up at its deadline, and its place is empty", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make
      const before = yield* configure(lanes, token("wrong"))
      const outcome = yield* endpoints.offer(before.lanes[0]!)
      const closed = yield* before.close
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(closed)
      assert.deepInclude(yield* outcome, { _tag: "Dropped", reason: "shutdown" })
      const after = yield* configure(lanes, token("right"))
      assert.strictEqual(after.lanes[0]!.size(), 0)
      assert.strictEqual((yield* yield* endpoints.offer(after.lanes[0]!))._tag, "Delivered")
    }).pipe(patient, endpoints.against(withToken)))

  it.effect("a queue that two lanes have is counted once", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make
      const first = yield* configure(lanes, token("wrong"))
      yield* Effect.forEach(Array(20).fill(0), () => endpoints.offer(first.lanes[0]!))
      yield* TestClock.adjust("1 minute")
      yield* configure(lanes, token("wrong, too"))
      const gauges = (yield* Metric.snapshot).flatMap((metric) =>
        metric.type === "Gauge" ? [[metric.id, metric.state.value] as const] : []
      )
      assert.deepInclude(Object.fromEntries(gauges), {
        pyroscope_write_queue_profiles: 20,
        pyroscope_write_queue_bytes: 20 * endpoints.outbound().size,
        pyroscope_write_endpoint_up: 1
      })
    }).pipe(endpoints.against(withToken), ownRegistry))

  it.effect("each that uses a lane says that its endpoint fails, and that it is back, or that it is gone", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make
      const reporter = () => {
        const said: Array<string> = []
        const problem: Health.Reporter["problem"] = (_, message) =>
          Effect.sync(() => void said.push(message === undefined ? "over" : message.replace(/^.*: /, "")))
        return { said, as: Effect.provideService(Health.Reporter, { problem }) }
      }
      const [one, other] = [reporter(), reporter()]
      const first = yield* one.as(configure(lanes, token("right")))
      yield* Effect.forEach(Array(10).fill(0), () => endpoints.offer(first.lanes[0]!))
      yield* TestClock.adjust("5 seconds")
      yield* other.as(configure(lanes, token("right")))
      const failing = ["the server answered 503"]
      assert.deepStrictEqual([one.said, other.said], [failing, failing])
      yield* first.close
      assert.deepStrictEqual([one.said, other.said], [[...failing, "over"], failing])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual([one.said, other.said], [[...failing, "over"], [...failing, "over"]])
    }).pipe(endpoints.against(({ at }) => answer(at < 6000 ? 503 : 200))))

  describe("by id", () => {
    const receiver = Effect.fnUntraced(function*(options: Omit<Forward.Options, "endpoints">, url: string, name = "") {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        Layer.fresh(Forward.layerNoDeps({ ...options, endpoints: [{ url, name, retry: { jitter: false } }] })),
        scope
      )
      return { push: Context.get(context, Receiver).push(endpoints.series()), close: Scope.close(scope, Exit.void) }
    })

    const bad = "http://bad.example"
    const good = "http://good.example"
    const byHost = endpoints.against(({ url }) => answer(url.host === "good.example" ? 200 : 503))

    it.effect("whoever takes another's place delivers what that one could not", () =>
      Effect.gen(function*() {
        const before = yield* receiver({ id: "write.a" }, bad, "x")
        const receipt = yield* before.push
        yield* receiver({ id: "write.a" }, good, "x")
        yield* before.close
        yield* receipt.delivered
      }).pipe(Effect.provide(Lanes.layer), byHost))

    it.effect("another id, or none, has queues of its own", () =>
      Effect.gen(function*() {
        for (const options of [[{ id: "write.a" }, { id: "write.b" }], [{}, {}]]) {
          const before = yield* receiver(options[0]!, bad, "x")
          const receipt = yield* before.push
          yield* receiver(options[1]!, good, "x")
          yield* before.close
          assert.strictEqual((yield* Effect.flip(receipt.delivered))._tag, "Dropped")
        }
      }).pipe(Effect.provide(Lanes.layer), byHost))

    it.effect("without a layer for them, each has its own", () =>
      Effect.gen(function*() {
        const before = yield* receiver({ id: "write.a" }, bad, "x")
        const receipt = yield* before.push
        yield* receiver({ id: "write.a" }, good, "x")
        yield* before.close
        assert.strictEqual((yield* Effect.flip(receipt.delivered))._tag, "Dropped")
      }).pipe(byHost))
  })
})

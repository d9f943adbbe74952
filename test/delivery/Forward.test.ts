import { assert, describe, it } from "@effect/vitest"
import {
  Clock,
  Config,
  ConfigProvider,
  Context,
  Duration,
  Effect,
  Exit,
  Layer,
  Metric,
  Redacted,
  Scope,
  Stream
} from "effect"
import { TestClock } from "effect/testing"
import * as Drain from "../../src/delivery/Drain.ts"
import * as Forward from "../../src/delivery/Forward.ts"
import { Receiver } from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import { against, series } from "./endpoints.ts"
import { ownRegistry } from "./observations.ts"

const url = "http://pyroscope.example:4040"

const { answer, silence } = ScriptedServer

const requests = Effect.map(ScriptedServer.ScriptedServer, ({ requests }) => requests)

/** What is wrong with options. */
const problemsOf = (options: Forward.Options) =>
  Effect.map(Effect.flip(Forward.make(options)), (error) => {
    assert(error._tag === "InvalidOptions")
    return error.problems.map(({ detail, option }) => `${option} ${detail}`)
  })

describe("Forward", () => {
  it.effect("sends every profile to every endpoint, with the labels laid over", () =>
    Effect.gen(function*() {
      const receiver = yield* Forward.make({
        externalLabels: { region: "eu-1" },
        endpoints: [{ url }, { url: new URL("http://backup.example") }]
      })
      const receipt = yield* receiver.push(series())
      yield* receipt.delivered
      const all = yield* requests
      assert.deepStrictEqual(all.map(({ url }) => url.host).sort(), ["backup.example", "pyroscope.example:4040"])
      for (const { body } of all) assert.include(Buffer.from(body).toString("latin1"), "eu-1")
    }).pipe(against()))

  it.effect("refuses what no server would take as it goes out", () =>
    Effect.gen(function*() {
      const [plain, naming] = [
        yield* Forward.make({ endpoints: [{ url }] }),
        yield* Forward.make({ endpoints: [{ url }], externalLabels: { __name__: "memory" } })
      ]
      const samples = [{ id: "", profile: Uint8Array.of(1) }]
      const unnamed = Profile.series(Labels.make({ service_name: "shop" }), samples)
      const { reason } = yield* Effect.flip(plain.push(unnamed))
      assert(reason._tag === "InvalidLabels")
      assert.deepInclude(reason.cause, { reason: "Missing", name: "__name__" })
      yield* (yield* naming.push(unnamed)).delivered
      const empty = yield* Effect.flip(naming.push(Profile.series(unnamed.labels, [])))
      assert.strictEqual(empty.reason._tag, "EmptyProfile")
      assert.strictEqual((yield* requests).length, 1)
    }).pipe(against()))

  it.effect("needs nothing but a URL: the defaults are those of pyroscope.write", () =>
    Effect.gen(function*() {
      const receiver = yield* Forward.make({ endpoints: [{ url, retry: { jitter: false } }] })
      yield* receiver.push(series())
      yield* TestClock.adjust("1 hour")
      const seconds = (yield* requests).map(({ at }) => at / 1000)
      assert.deepStrictEqual(seconds.slice(0, 5), [0, 10.5, 21.5, 33.5, 47.5])
      assert.strictEqual(seconds.length, 11)
    }).pipe(against(() => silence)))

  it.effect("takes durations, sizes and secrets as applications write them", () =>
    Effect.gen(function*() {
      const receiver = yield* Forward.make({
        endpoints: [{
          url,
          timeout: "3 seconds",
          auth: { token: Redacted.make("t0ken") },
          retry: { minBackoff: 100, maxBackoff: "1 second", maxRetries: 1, jitter: false },
          queue: { maxBytes: "1 MiB", maxAge: Duration.minutes(1), whenFull: "reject", concurrency: 2 }
        }]
      })
      const refused = yield* Effect.flip(receiver.push(series(1024 * 1024)))
      assert.strictEqual(refused.reason._tag, "ProfileTooLarge")
      const receipt = yield* receiver.push(series())
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Effect.flip(receipt.delivered))._tag, "PushError")
      const all = yield* requests
      assert.deepStrictEqual(all.map(({ at, headers }) => [at, headers["authorization"]]), [
        [0, "Bearer t0ken"],
        [3100, "Bearer t0ken"]
      ])
    }).pipe(against(() => silence)))

  it.effect.each<{ what: string; auth: Forward.AuthOptions; header: string }>([
    { what: "a password", auth: { username: "ann", password: "secret" }, header: `Basic ${btoa("ann:secret")}` },
    { what: "no password", auth: { username: "ann" }, header: `Basic ${btoa("ann:")}` },
    { what: "a scheme", auth: { token: "t0ken", scheme: "Token" }, header: "Token t0ken" },
    {
      what: "settings",
      auth: Authentication.token(Material.inline(Redacted.make("t0ken"))),
      header: "Bearer t0ken"
    }
  ])("authenticates with $what", ({ auth, header }) =>
    Effect.gen(function*() {
      const receiver = yield* Forward.make({ endpoints: [{ url, auth }] })
      yield* (yield* receiver.push(series())).delivered
      assert.strictEqual((yield* requests)[0]!.headers["authorization"], header)
    }).pipe(against()))

  it.effect("a push fails with its reasons in the error channel", () =>
    Effect.gen(function*() {
      const receiver = yield* Forward.make({ endpoints: [{ url, retry: { maxRetries: 1, minBackoff: 1 } }] })
      const push = Effect.flatMap(receiver.push(series()), ({ delivered }) => delivered).pipe(
        Effect.as("delivered"),
        Effect.catchReasons("PushError", {
          AuthError: ({ status }) => Effect.succeed(`credentials: ${status}`),
          Rejected: ({ status }) => Effect.succeed(`rejected: ${status}`)
        }),
        Effect.catchTags({ Dropped: ({ reason }) => Effect.succeed(reason) })
      )
      assert.strictEqual(yield* push, "rejected: 400")
      const authentication = yield* Effect.forkChild(push)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(authentication.pollUnsafe(), Exit.succeed("credentials: 401"))
      assert.strictEqual(yield* push, "delivered")
    }).pipe(against([answer(400), answer(401), answer(401), answer(200)])))

  it.effect("says all that is wrong with its options, each at its place", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* problemsOf({
          externalLabels: { "not a name": "x" },
          endpoints: [
            { url: "pyroscope:4040" },
            {
              url: "no url",
              timeout: 0,
              headers: { "X-A": "a\nb", "no name": "x" },
              retry: { minBackoff: "soon" as Duration.Input, maxBackoff: Duration.infinity, maxRetries: -1 },
              queue: { maxBytes: "0 B", maxAge: "-1 second", concurrency: 1.5 }
            }
          ]
        }),
        [
          "externalLabels must be labels: invalid label name: not a name: character is not allowed: ' '",
          "endpoints[0].url must be an http or https URL",
          "endpoints[1].url is no URL",
          "endpoints[1].headers.X-A holds what a header cannot carry",
          "endpoints[1].headers hold a name that no header can have",
          "endpoints[1].timeout must be a duration greater than 0",
          "endpoints[1].queue.maxBytes must be a size of at least 1 byte",
          "endpoints[1].queue.maxAge must be a duration greater than 0",
          "endpoints[1].queue.concurrency must be at least 1",
          "endpoints[1].retry.minBackoff must be a duration greater than 0",
          "endpoints[1].retry.maxBackoff must be a duration greater than 0",
          "endpoints[1].retry.maxRetries must be at least 0"
        ]
      )
    }).pipe(against()))

  it.effect("tells endpoints with one URL apart, without a name being given", () =>
    Effect.gen(function*() {
      const receiver = yield* Forward.make({
        endpoints: [
          { url, headers: { "X-Scope-OrgID": "one" } },
          { url: "http://other.example" },
          { url, headers: { "X-Scope-OrgID": "two" } },
          { url, name: "third" }
        ]
      })
      for (let count = 0; count < 15; count++) yield* receiver.push(series())
      yield* TestClock.adjust("1 second")
      const queued = (yield* Metric.snapshot)
        .filter(({ id }) => id === "pyroscope_write_queue_profiles")
        .map(({ attributes, state }) => [
          (attributes as Record<string, string>)["endpoint"],
          (attributes as Record<string, string>)["name"],
          "value" in state && state.value
        ])
      assert.sameDeepMembers(queued, [
        [url, "1", 15],
        ["http://other.example", undefined, 0],
        [url, "3", 0],
        [url, "third", 0]
      ])
    }).pipe(
      against(({ headers }) => answer(headers["x-scope-orgid"] === "one" ? 503 : 200)),
      ownRegistry
    ))

  it.effect("drains all endpoints at the same time", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const receiver = yield* Forward.make({
        endpoints: [{ url, timeout: "1 hour" }, { url: "http://other.example", timeout: "1 hour" }]
      }).pipe(Scope.provide(scope))
      yield* receiver.push(series())
      const started = yield* Clock.currentTimeMillis
      const closed = yield* Effect.forkChild(
        Effect.andThen(Scope.close(scope, Exit.void), Clock.currentTimeMillis)
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(closed.pollUnsafe(), Exit.succeed(started + 20_000))
    }).pipe(Effect.provideService(Drain.Drain, Drain.within(Duration.seconds(20))), against(() => silence)))

  it.effect("two of them live in one application", () =>
    Effect.gen(function*() {
      const [one, two] = ["one", "two"].map((name) =>
        Forward.layerNoDeps({ endpoints: [{ url: `http://${name}.example` }] })
      )
      const push = Effect.flatMap(Receiver, (receiver) =>
        Effect.flatMap(receiver.push(series()), ({ outcomes }) => outcomes))
      const outcomes = [yield* Effect.provide(push, one!), yield* Effect.provide(push, two!)]
      assert.deepStrictEqual(
        outcomes.flat().map(({ endpoint }) =>
          endpoint
        ),
        ["http://one.example", "http://two.example"]
      )
    }).pipe(against()))

  it.effect("takes its options from a Config", () =>
    Effect.gen(function*() {
      const endpoints = Config.all([Config.all({ url: Config.String("PYROSCOPE_URL") })])
      const context = yield* Layer.build(Forward.layerConfigNoDeps({ endpoints })).pipe(
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({ PYROSCOPE_URL: url }))
      )
      yield* (yield* Context.get(context, Receiver).push(series())).delivered
      assert.strictEqual((yield* requests)[0]!.url.origin, url)
    }).pipe(against()))

  it.effect("a Stream of profiles runs into it, until one is refused", () =>
    Effect.gen(function*() {
      const { sink } = yield* Forward.make({ endpoints: [{ url, queue: { maxBytes: "10 KiB", whenFull: "reject" } }] })
      yield* Stream.run(Stream.make(series(1), series(2)), sink)
      const refused = yield* Effect.flip(Stream.run(Stream.make(series(1), series(20_000), series(1)), sink))
      assert.strictEqual(refused.reason._tag, "ProfileTooLarge")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* requests).length, 3)
    }).pipe(against()))
})

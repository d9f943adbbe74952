import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as Endpoint from "../../src/delivery/Endpoint.ts"
import * as Identity from "../../src/delivery/Identity.ts"
import type { Outcome } from "../../src/delivery/Receipt.ts"
import { defaults } from "../../src/delivery/RetrySchedule.ts"
import { version } from "../../src/telemetry/Version.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import type * as Problems from "../../src/transport/Problems.ts"
import * as Transport from "../../src/transport/Transport.ts"
import * as endpoints from "./endpoints.ts"

const { answer, failure, silence } = ScriptedServer

const { offer } = endpoints

/** When requests came, in seconds. */
const secondsOf = (requests: ReadonlyArray<ScriptedServer.Received>) => requests.map(({ at }) => at / 1000)

const always = (reaction: ScriptedServer.Reaction) => () => reaction

/** What becomes of a profile, an hour later at most, and the requests until then. */
const deliver = (options: endpoints.Options = {}) =>
  Effect.gen(function*() {
    const lane = yield* endpoints.make(options)
    const outcome = yield* offer(lane)
    yield* TestClock.adjust("1 hour")
    const { requests } = yield* ScriptedServer.ScriptedServer
    return { outcome: yield* outcome, requests }
  })

const reasonOf = (outcome: Outcome): string =>
  outcome._tag === "Failed" ? `${outcome.error.reason._tag} after ${outcome.retries}` : outcome._tag

describe("Endpoint", () => {
  describe("retries", () => {
    it.effect("makes eleven attempts on the second, then gives up", () =>
      Effect.gen(function*() {
        const { outcome, requests } = yield* deliver()
        assert.deepStrictEqual(
          secondsOf(requests),
          [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 63.5, 127.5, 255.5, 511.5]
        )
        assert.strictEqual(outcome._tag === "Failed" && outcome.retries, 10)
        assert.strictEqual(
          outcome._tag === "Failed" && outcome.error.message,
          "failed to push to http://pyroscope.example:4040: the server answered 503: down for maintenance"
        )
      }).pipe(endpoints.against(always(answer(503, { body: "down for maintenance" })))))

    it.effect("with jitter waits for each base at least and twice its base at most", () =>
      Effect.gen(function*() {
        const { requests } = yield* deliver({ lane: { retry: defaults } })
        assert.strictEqual(requests.length, 11)
        requests.slice(1).forEach(({ at }, k) => {
          const base = 500 * 2 ** k
          assert.isAtLeast(at - requests[k]!.at, base)
          // The clock knows whole milliseconds only.
          assert.isAtMost(at - requests[k]!.at, Math.min(2 * base, 300_000) + 1)
        })
      }).pipe(endpoints.against(always(answer(503)))))

    it.effect("sends the very same request again", () =>
      Effect.gen(function*() {
        const { outcome, requests } = yield* deliver()
        assert.strictEqual(outcome._tag, "Delivered")
        const [first, ...others] = requests.map(({ body, headers, method, url }) => ({ body, headers, method, url }))
        assert.deepStrictEqual(others, [first!, first!, first!])
      }).pipe(endpoints.against([answer(500), failure("ECONNRESET"), answer(429)])))

    it.effect("a server that does not answer costs an attempt its time, and is asked again", () =>
      Effect.gen(function*() {
        const { outcome, requests } = yield* deliver({
          transport: { timeout: Duration.seconds(7) },
          lane: { retry: { ...defaults, jitter: false, maxRetries: 2 } }
        })
        assert.deepStrictEqual(secondsOf(requests), [0, 7.5, 15.5])
        assert.strictEqual(outcome._tag === "Failed" && outcome.error.reason.message, "no answer within 7s")
      }).pipe(endpoints.against(always(silence))))

    it.effect("an answer may take as long as the timeout says", () =>
      Effect.gen(function*() {
        const { outcome, requests } = yield* deliver()
        assert.strictEqual(outcome._tag, "Delivered")
        assert.deepStrictEqual(secondsOf(requests), [0, 10.5])
      }).pipe(endpoints.against([Effect.delay(answer(200), "10001 millis"), Effect.delay(answer(200), "9999 millis")])))

    it.effect.each([
      { what: "400", server: answer(400), expected: "Rejected after 0" },
      { what: "413", server: answer(413), expected: "TooLarge after 0" },
      { what: "415", server: answer(415), expected: "Rejected after 0" },
      { what: "422", server: answer(422), expected: "Rejected after 0" },
      { what: "401", server: answer(401), expected: "AuthError after 10" },
      { what: "403", server: answer(403), expected: "AuthError after 10" },
      { what: "404", server: answer(404), expected: "Rejected after 10" },
      { what: "429", server: answer(429), expected: "RateLimited after 10" },
      { what: "501", server: answer(501), expected: "ServerFailure after 10" },
      { what: "502", server: answer(502), expected: "ServerFailure after 10" },
      { what: "a refused connection", server: failure("ECONNREFUSED"), expected: "Unreachable after 10" },
      { what: "no such name", server: failure("ENOTFOUND"), expected: "Unreachable after 10" },
      { what: "an expired certificate", server: failure("CERT_HAS_EXPIRED"), expected: "TlsError after 10" }
    ])("with $what ends as $expected", ({ expected, server }) =>
      Effect.gen(function*() {
        assert.strictEqual(reasonOf((yield* deliver()).outcome), expected)
      }).pipe(endpoints.against(always(server))))

    it.effect("429 is final where it is not to be retried", () =>
      Effect.gen(function*() {
        const { outcome, requests } = yield* deliver({ lane: { retry: { ...defaults, retryRateLimited: false } } })
        assert.strictEqual(reasonOf(outcome), "RateLimited after 0")
        assert.strictEqual(outcome._tag === "Failed" && outcome.error.concerns, "profile")
        assert.strictEqual(requests.length, 1)
      }).pipe(endpoints.against(always(answer(429)))))

    it.effect("leaves the connection after an answer that concerns the endpoint, and after no other", () =>
      Effect.gen(function*() {
        const statuses = [200, 400, 413, 503, 401, 404, 204]
        const left: Array<number> = []
        const client: Transport.Client = {
          problems: yield* SubscriptionRef.make<Problems.All>(new Map()),
          send: () =>
            Effect.sync(() => {
              const status = statuses.shift()!
              return { status, headers: {}, text: "", leave: () => void left.push(status) }
            })
        }
        const lane = yield* endpoints.make().pipe(
          Effect.provideService(Transport.Transport, { connect: () => Effect.succeed(client) })
        )
        for (let count = 0; count < 4; count++) yield* Effect.forkChild(yield* offer(lane))
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(statuses, [])
        assert.deepStrictEqual(left, [503, 401, 404])
      }))

    it.effect.each([
      { what: "seconds", header: "20", expected: [0, 20] },
      { what: "a date", header: "Thu, 01 Jan 1970 00:00:42 GMT", expected: [0, 42] },
      { what: "longer than an hour", header: "7200", expected: [0, 3600] },
      { what: "nonsense", header: "soon", expected: [0, 0.5] }
    ])("believes a Retry-After in $what", ({ expected, header }) =>
      Effect.gen(function*() {
        const { requests } = yield* deliver()
        assert.deepStrictEqual(secondsOf(requests), expected)
      }).pipe(endpoints.against([answer(429, { headers: { "Retry-After": header } })])))
  })

  describe("request", () => {
    const request = (options: endpoints.Options) =>
      Effect.gen(function*() {
        const { requests } = yield* deliver(options)
        return requests[0]!
      })

    it.effect("is Connect's unary call below the path of the URL", () =>
      Effect.gen(function*() {
        const { body, headers, method, url } = yield* request({ url: "https://profiles.example/prefix/" })
        assert.strictEqual(`${method} ${url}`, "POST https://profiles.example/prefix/push.v1.PusherService/Push")
        assert.strictEqual(headers["content-type"], "application/proto")
        assert.strictEqual(headers["connect-protocol-version"], "1")
        assert.deepStrictEqual(body, endpoints.outbound().body)
      }).pipe(endpoints.against()))

    it.effect("says who sends it", () =>
      Effect.gen(function*() {
        const { headers } = yield* request({})
        assert.strictEqual(headers["x-agent-id"], "instance-7")
        assert.strictEqual(headers["user-agent"], `pyroduct/${version}`)
        assert.isUndefined(headers["authorization"])
      }).pipe(Effect.provideService(Identity.Identity, Identity.make("instance-7")), endpoints.against()))

    it.effect("has the headers of the settings, but for those that say who sends it and what it is", () =>
      Effect.gen(function*() {
        const { headers } = yield* request({
          transport: {
            headers: {
              "X-Scope-OrgID": "tenant-1",
              "user-AGENT": "forged",
              "X-Agent-Id": "forged",
              "Content-Type": "text/plain"
            }
          }
        })
        assert.strictEqual(headers["x-scope-orgid"], "tenant-1")
        assert.strictEqual(headers["user-agent"], `pyroduct/${version}`)
        assert.notStrictEqual(headers["x-agent-id"], "forged")
        assert.strictEqual(headers["content-type"], "application/proto")
      }).pipe(endpoints.against()))

    const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`
    const password = Authentication.basic("ann", Material.inline(Redacted.make("pass:word")))
    const token = Authentication.token(Material.inline(Redacted.make("t0ken")))

    it.effect.each<{ what: string; options: endpoints.Options; expected: string }>([
      { what: "basic auth", options: { transport: { authentication: password } }, expected: basic("ann:pass:word") },
      {
        what: "basic auth without a password",
        options: { transport: { authentication: Authentication.basic("ann") } },
        expected: basic("ann:")
      },
      { what: "a bearer token", options: { transport: { authentication: token } }, expected: "Bearer t0ken" },
      {
        what: "the user info of the URL, unescaped",
        options: { url: "http://b%40b:s%3Acr%C3%A9t@pyroscope.example" },
        expected: basic("b@b:s:cr\u00e9t")
      },
      {
        what: "the user info of the URL before other credentials",
        options: { url: "http://bob@pyroscope.example", transport: { authentication: token } },
        expected: basic("bob:")
      },
      {
        what: "a header of the settings before all others, whatever its case",
        options: {
          url: "http://bob@pyroscope.example",
          transport: { authentication: token, headers: { AUTHORIZATION: "Custom own" } }
        },
        expected: "Custom own"
      }
    ])("authenticates with $what", ({ expected, options }) =>
      Effect.gen(function*() {
        const { headers, url } = yield* request(options)
        assert.strictEqual(headers["authorization"], expected)
        assert.strictEqual(url.username, "")
      }).pipe(endpoints.against()))
  })

  it("is called by its URL without user info and query", () => {
    const nameOf = (url: string) => Endpoint.nameOf(new URL(url))
    assert.strictEqual(nameOf("https://user:secret@profiles.example"), "https://profiles.example")
    assert.strictEqual(nameOf("http://profiles.example:4040/"), "http://profiles.example:4040")
    assert.strictEqual(nameOf("https://u@profiles.example/a/b?token=secret#secret"), "https://profiles.example/a/b")
  })
})

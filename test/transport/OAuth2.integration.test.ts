import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Logger, Redacted, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Server as ProxyServer } from "proxy-chain"
import * as PushError from "../../src/delivery/PushError.ts"
import * as Material from "../../src/transport/Material.ts"
import type * as OAuth2 from "../../src/transport/OAuth2.ts"
import { below, defaults, Transport } from "../../src/transport/Transport.ts"
import { authority, issue } from "../support/certificates.ts"
import * as IdentityProvider from "../support/identityProvider.ts"
import { makeTarget } from "../support/target.ts"
import type { Connection } from "./connecting.ts"

/** Longer than anything takes here, whatever becomes of the clock. */
const patience = Duration.hours(10)

const inline = (text: string) => Material.inline(Redacted.make(text))

/** A client of a server that takes only good tokens. */
const start = Effect.fnUntraced(function*(
  provider: IdentityProvider.IdentityProvider,
  settings: Partial<OAuth2.Settings> = {},
  timeout = patience
) {
  const target = yield* makeTarget()
  target.judge(({ headers }) => ({ status: provider.isGood(headers.authorization) ? 200 : 401 }))
  const client = yield* (yield* Transport).connect({
    ...defaults,
    timeout,
    authentication: {
      _tag: "OAuth2",
      clientId: IdentityProvider.clientId,
      clientSecret: inline(IdentityProvider.secret),
      tokenUrl: provider.tokenUrl,
      scopes: ["profiles:write", "metrics"],
      endpointParams: { audience: "a server" },
      tls: defaults.tls,
      proxy: defaults.proxy,
      ...settings
    }
  })
  return { target, connection: { ...client, send: below(client, target.url) } }
})

const push = ({ send }: Connection) => send({ method: "POST", path: "/push", headers: {}, body: new Uint8Array(100) })

/** The status or the reason of each of so many at a time. */
const pushMany = (connection: Connection, count = 100) =>
  Effect.all(
    Array.from({ length: count }, () =>
      Effect.map(Effect.result(push(connection)), (result) =>
        result._tag === "Success"
          ? result.success.status
          : PushError.reasonOf(result, { timeout: patience, retryRateLimited: true, now: 0 })!)),
    { concurrency: "unbounded" }
  )

/** What they all came to. */
const same = <A>(all: ReadonlyArray<A>): A => {
  const [first, ...others] = all
  for (const other of others) assert.deepStrictEqual(other, first)
  return first!
}

/** Time passes by hand, or not at all. */
const test = <E>(name: string, effect: Effect.Effect<void, E, Transport | Scope.Scope>) =>
  it.effect(name, () => Effect.provide(effect, [Transport.layer, Logger.layer([])]))

describe("A token", () => {
  test(
    "is asked for once, however many wait for it",
    Effect.gen(function*() {
      const provider = yield* IdentityProvider.makeIdentityProvider()
      const { connection, target } = yield* start(provider)
      assert.strictEqual(same(yield* pushMany(connection)), 200)
      assert.strictEqual(same(yield* pushMany(connection)), 200)

      assert.strictEqual(same(target.requests.all.map(({ headers }) => headers.authorization)), "Bearer token-1")
      const [request, ...others] = provider.requests.all
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(Object.fromEntries(request!.form), {
        grant_type: "client_credentials",
        scope: "profiles:write metrics",
        audience: "a server"
      })
    })
  )

  test(
    "is replaced before it expires while pushes go on, and no server ever sees an old one",
    Effect.gen(function*() {
      const provider = yield* IdentityProvider.makeIdentityProvider({ expiresIn: 100 })
      const { connection, target } = yield* start(provider)
      const tokens = () => target.requests.all.map(({ headers }) => Number(headers.authorization?.split("-")[1]))
      yield* pushMany(connection)
      for (let token = 2; token <= 6; token++) {
        yield* TestClock.adjust("85 seconds")
        const before = tokens().length
        yield* Effect.whileLoop({
          while: () => !tokens().includes(token),
          body: () => pushMany(connection, 8),
          step: () => {}
        })
        assert.strictEqual(same(tokens().slice(before, before + 8)), token - 1, "nobody waits")
      }
      assert.strictEqual(provider.requests.all.length, 6)

      // Nobody pushes until it is too late.
      yield* TestClock.adjust("200 seconds")
      assert.strictEqual(same(yield* pushMany(connection)), 200)
      assert.strictEqual(provider.requests.all.length, 7)
      assert.strictEqual(same(target.requests.all.map(({ status }) => status)), 200)
    })
  )

  test(
    "that a server takes no more is replaced once, and the pushes are sent again",
    Effect.gen(function*() {
      const provider = yield* IdentityProvider.makeIdentityProvider()
      const { connection, target } = yield* start(provider)
      yield* push(connection)
      provider.revoke()
      assert.strictEqual(same(yield* pushMany(connection)), 200)
      assert.strictEqual(provider.requests.all.length, 2)
      assert.strictEqual(target.requests.all.filter(({ status }) => status === 401).length, 100)
    })
  )

  test(
    "that a server has never taken is not replaced for each push",
    Effect.gen(function*() {
      const provider = yield* IdentityProvider.makeIdentityProvider()
      const { connection, target } = yield* start(provider)
      target.judge(() => ({ status: 401 }))
      for (const reason of yield* pushMany(connection)) {
        assert.include([401, "AuthError"], typeof reason === "number" ? reason : reason._tag)
      }
      assert.strictEqual(provider.requests.all.length, 1)
      const reason = same(yield* pushMany(connection))
      assert(typeof reason === "object" && reason._tag === "AuthError")
      assert.strictEqual(
        reason.message,
        `the server does not take the tokens of the token endpoint ${provider.tokenUrl}`
      )
      assert.deepInclude(reason, { retryAfter: Duration.seconds(1) })
      assert.strictEqual(provider.requests.all.length, 1)
    })
  )
})

interface Failure {
  readonly name: string
  readonly behaviour: IdentityProvider.Behaviour
  /** After the name of the endpoint. */
  readonly problem: RegExp
  readonly status: number | undefined
  /** How many requests one attempt to get a token takes. */
  readonly requests: number
}

const failures: ReadonlyArray<Failure> = [
  {
    name: "answers 500",
    behaviour: IdentityProvider.answer(500, "<html>oops</html>", { "content-type": "text/html" }),
    problem: /^ answered 500$/,
    status: 500,
    requests: 1
  },
  {
    name: "answers 429",
    behaviour: IdentityProvider.answer(429, { error: "slow_down" }),
    problem: /^ answered 429: slow_down$/,
    status: 429,
    requests: 1
  },
  {
    name: "answers with what is no JSON",
    behaviour: IdentityProvider.answer(200, "{\"access_token\":\"tok"),
    problem: /^ answered 200 without an access_token$/,
    status: 200,
    requests: 1
  },
  {
    name: "refuses the client",
    behaviour: IdentityProvider.answer(401, {
      error: "invalid_client",
      error_description: `not ${IdentityProvider.secret}`
    }),
    problem: /^ answered 401: invalid_client: not \*\*\*$/,
    status: 401,
    requests: 2
  },
  {
    name: "refuses the scope",
    behaviour: IdentityProvider.answer(400, { error: "invalid_scope" }),
    problem: /^ answered 400: invalid_scope$/,
    status: 400,
    requests: 2
  },
  {
    name: "resets the connection",
    behaviour: IdentityProvider.reset,
    problem: /^ did not answer: .+ \((ECONNRESET|UND_ERR_SOCKET)\)$/,
    status: undefined,
    requests: 1
  }
]

describe("A token endpoint is left alone for longer and longer, and then gives a token, when it", () => {
  for (const { behaviour, name, problem, requests, status } of failures) {
    test(
      name,
      Effect.gen(function*() {
        const provider = yield* IdentityProvider.makeIdentityProvider()
        const { connection, target } = yield* start(provider)
        provider.behave(behaviour)
        const isRefused = (reason: number | PushError.Reason, retryAfter?: Duration.Duration): void => {
          assert(typeof reason === "object" && reason._tag === "AuthError", String(reason))
          const prefix = `the token endpoint ${provider.tokenUrl}`
          assert.isTrue(reason.message.startsWith(prefix), reason.message)
          assert.match(reason.message.slice(prefix.length), problem)
          assert.deepStrictEqual(
            {
              source: reason.source,
              status: reason.status,
              concerns: reason.concerns,
              retryAfter: reason.retryAfter
            },
            { source: "token endpoint", status, concerns: "endpoint", retryAfter }
          )
        }
        /** Many that cause one attempt, and as many that cause none. */
        const fail = Effect.fnUntraced(function*(attempts: number, pause: Duration.Duration) {
          isRefused(same(yield* pushMany(connection)))
          isRefused(same(yield* pushMany(connection)), pause)
          assert.strictEqual(provider.requests.all.length, attempts * requests)
        })
        yield* fail(1, Duration.seconds(1))
        yield* TestClock.adjust("1 second")
        yield* fail(2, Duration.seconds(2))
        yield* TestClock.adjust("1 second")
        isRefused(same(yield* pushMany(connection)), Duration.seconds(1))
        assert.strictEqual(provider.requests.all.length, 2 * requests)
        yield* TestClock.adjust("1 second")
        yield* fail(3, Duration.seconds(4))

        assert.deepStrictEqual(target.requests.all, [])
        provider.behave(IdentityProvider.grant)
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual(same(yield* pushMany(connection)), 200)
        assert.strictEqual(provider.requests.all.length, 3 * requests + 1)
      })
    )
  }

  test(
    "asks for it, and then for as long as it asks",
    Effect.gen(function*() {
      const provider = yield* IdentityProvider.makeIdentityProvider()
      const { connection } = yield* start(provider)
      provider.behave(IdentityProvider.answer(503, {}, { "retry-after": "100" }))
      for (let round = 0; round < 2; round++) {
        const reason = same(yield* pushMany(connection))
        assert(typeof reason === "object" && reason._tag === "AuthError")
        assert.deepInclude(reason, { status: 503, retryAfter: Duration.seconds(100) })
      }
      provider.behave(IdentityProvider.grant)
      yield* TestClock.adjust("99 seconds")
      const reason = same(yield* pushMany(connection))
      assert(typeof reason === "object" && reason._tag === "AuthError")
      assert.deepInclude(reason, { status: 503, retryAfter: Duration.seconds(1) })
      assert.strictEqual(provider.requests.all.length, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(same(yield* pushMany(connection)), 200)
    })
  )

  test(
    "does not answer in the time that a push has",
    Effect.gen(function*() {
      const provider = yield* IdentityProvider.makeIdentityProvider()
      // By the clock of the connection.
      const { connection } = yield* start(provider, {}, Duration.millis(500))
      provider.behave(IdentityProvider.hang)
      const reason = same(yield* pushMany(connection))
      assert(typeof reason === "object" && reason._tag === "AuthError")
      assert.strictEqual(
        reason.message,
        `the token endpoint ${provider.tokenUrl} did not answer: no answer within 500ms (ETIMEDOUT)`
      )
      assert.deepInclude(reason, { source: "token endpoint", status: undefined })
      assert.strictEqual(provider.requests.all.length, 1)
      provider.behave(IdentityProvider.grant)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* push(connection)).status, 200)
    })
  )

  test(
    "is down",
    Effect.gen(function*() {
      const provider = yield* IdentityProvider.makeIdentityProvider()
      const { connection } = yield* start(provider)
      yield* provider.refuse
      const reason = same(yield* pushMany(connection))
      assert(typeof reason === "object" && reason._tag === "AuthError")
      assert.deepStrictEqual([reason.source, reason.concerns], ["token endpoint", "endpoint"])
      assert.match(reason.message, /^the token endpoint http:\S+ did not answer: .+ \(ECONNREFUSED\)$/)

      yield* provider.reopen
      const paused = same(yield* pushMany(connection))
      assert(typeof paused === "object" && paused._tag === "AuthError")
      assert.strictEqual(paused.message, reason.message)
      assert.deepInclude(paused, { concerns: "endpoint", retryAfter: Duration.seconds(1) })
      assert.deepStrictEqual(provider.requests.all, [])
      yield* TestClock.adjust("1 second")
      assert.strictEqual(same(yield* pushMany(connection)), 200)
    })
  )
})

describe("A token endpoint", () => {
  test(
    "that does not know the header gets the credentials in the form, and from then on at once",
    Effect.gen(function*() {
      const provider = yield* IdentityProvider.makeIdentityProvider({ style: "form" })
      const { connection } = yield* start(provider)
      assert.strictEqual(same(yield* pushMany(connection)), 200)
      assert.deepStrictEqual(provider.requests.all.map(({ style }) => style), ["header", "form"])
      provider.revoke()
      assert.strictEqual(same(yield* pushMany(connection)), 200)
      assert.deepStrictEqual(provider.requests.all.map(({ style }) => style), ["header", "form", "form"])
    })
  )

  test(
    "is trusted by its own authority",
    Effect.gen(function*() {
      const trusted = yield* Effect.promise(() => authority())
      const identity = yield* Effect.promise(() => issue(trusted))
      const provider = yield* IdentityProvider.makeIdentityProvider({ identity })
      const { connection } = yield* start(provider, { tls: { ...defaults.tls, ca: inline(trusted.certificate) } })
      assert.strictEqual((yield* push(connection)).status, 200)

      const { connection: distrustful } = yield* start(provider)
      const reason = same(yield* pushMany(distrustful))
      assert(typeof reason === "object" && reason._tag === "AuthError")
      assert.deepStrictEqual([reason.source, reason.concerns], ["token endpoint", "endpoint"])
      assert.match(
        reason.message,
        /^the token endpoint https:\S+ did not answer: .+ \(UNABLE_TO_GET_ISSUER_CERT_LOCALLY\)$/
      )
    })
  )

  for (const scheme of ["http", "https"] as const) {
    test(
      `of ${scheme} is reached through its own proxy, which the pushes do not take`,
      Effect.gen(function*() {
        const seen: Array<string> = []
        const proxy = yield* Effect.acquireRelease(
          Effect.promise(async () => {
            const proxy = new ProxyServer({
              host: "127.0.0.1",
              port: 0,
              prepareRequestFunction: ({ hostname, isHttp, password, port, username }) => {
                seen.push(`${isHttp ? "forward" : "tunnel"} ${hostname}:${port}`)
                return { requestAuthentication: username !== "proxied" || password !== "by us" }
              }
            })
            await proxy.listen()
            return proxy
          }),
          (proxy) => Effect.promise(() => proxy.close(true))
        )
        const trusted = yield* Effect.promise(() => authority())
        const identity = yield* Effect.promise(() => issue(trusted))
        const provider = yield* IdentityProvider.makeIdentityProvider(scheme === "https" ? { identity } : {})
        const { connection, target } = yield* start(provider, {
          tls: { ...defaults.tls, ca: inline(trusted.certificate) },
          proxy: { ...defaults.proxy, url: `http://proxied:by%20us@localhost:${proxy.port}` }
        })
        assert.strictEqual(same(yield* pushMany(connection)), 200)
        assert.strictEqual(target.requests.all.length, 100)
        assert.deepStrictEqual(seen, [
          `${scheme === "https" ? "tunnel" : "forward"} ${new URL(provider.tokenUrl).host}`
        ])
      })
    )
  }
})

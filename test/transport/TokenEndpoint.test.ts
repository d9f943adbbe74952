import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Fiber, Schema } from "effect"
import { Base64 } from "effect/encoding"
import { TestClock } from "effect/testing"
import type { Request } from "../../src/transport/Network.ts"
import * as TokenEndpoint from "../../src/transport/TokenEndpoint.ts"
import {
  BadRedirect,
  noAnswer,
  NoConnection,
  ProxyRefused,
  type TransportError
} from "../../src/transport/TransportError.ts"
import { type Answer, grant, refuse, respond, scripted } from "../support/tokenEndpoint.ts"

const settings: TokenEndpoint.Settings = {
  clientId: "pusher",
  tokenUrl: "https://idp.example/token",
  scopes: [],
  endpointParams: {}
}

const setUp = (
  script: ReadonlyArray<Answer>,
  changes: Partial<TokenEndpoint.Settings> = {},
  secrets: ReadonlyArray<string> = []
) => {
  const link = scripted(script, secrets)
  return { ...TokenEndpoint.make({ ...settings, ...changes }, link, "pyroduct/1"), requests: link.requests }
}

const form = (request: Request | undefined): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(new TextDecoder().decode(request?.body)))

const hasHeader = ({ headers }: Request): boolean => "authorization" in headers

describe("TokenEndpoint", () => {
  describe("the request", () => {
    it.effect("has the client in the header, escaped as Go does, and the rest in the form", () =>
      Effect.gen(function*() {
        const { ask, requests } = setUp([grant("t")], {
          clientId: "a b",
          scopes: ["push", "read all"],
          tokenUrl: "https://user:pass@idp.example:8443/v2/token?tenant=a"
        })
        yield* ask("p:~*'(\u00e9+ ")
        const [request] = requests
        assert.strictEqual(request?.method, "POST")
        assert.strictEqual(request?.origin, "https://idp.example:8443")
        assert.strictEqual(request?.path, "/v2/token?tenant=a")
        assert.deepStrictEqual(request?.headers, {
          "content-type": "application/x-www-form-urlencoded",
          "user-agent": "pyroduct/1",
          authorization: `Basic ${Base64.encode("a+b:p%3A~%2A%27%28%C3%A9%2B+")}`
        })
        assert.deepStrictEqual(form(request), { grant_type: "client_credentials", scope: "push read all" })
      }))

    it.effect("has the endpoint's parameters, which replace neither the scope nor the client", () =>
      Effect.gen(function*() {
        const { ask, requests } = setUp([refuse, grant("t")], {
          scopes: ["push"],
          endpointParams: { audience: "a&b=c", scope: "other", client_id: "other" }
        })
        yield* ask("s3cret")
        const common = { grant_type: "client_credentials", audience: "a&b=c", scope: "push" }
        assert.deepStrictEqual(form(requests[0]), { ...common, client_id: "other" })
        assert.deepStrictEqual(form(requests[1]), { ...common, client_id: "pusher", client_secret: "s3cret" })
      }))

    it.effect("has another grant type where the endpoint's parameters have one", () =>
      Effect.gen(function*() {
        const { ask, requests } = setUp([grant("t")], { endpointParams: { grant_type: "password" } })
        yield* ask("s3cret")
        assert.deepStrictEqual(form(requests[0]), { grant_type: "password" })
      }))

    it.effect("says nothing of the client where there is nothing to say", () =>
      Effect.gen(function*() {
        const link = scripted([grant("t")])
        yield* TokenEndpoint.make(settings, link, undefined).ask("s3cret")
        assert.hasAllKeys(link.requests[0]?.headers, ["content-type", "authorization"])
      }))

    it.effect("has room for a large token", () =>
      Effect.gen(function*() {
        const { ask, requests } = setUp([grant("t")])
        yield* ask("s3cret")
        assert.strictEqual(requests[0]?.maxText, 65_536)
      }))
  })

  describe("the style of the client's credentials", () => {
    it.effect("is the form once the header was refused, and stays so", () =>
      Effect.gen(function*() {
        const { ask, requests } = setUp([refuse, grant("a"), grant("b"), refuse])
        yield* ask("s3cret")
        yield* ask("s3cret")
        yield* Effect.flip(ask("s3cret"))
        assert.deepStrictEqual(requests.map(hasHeader), [true, false, false, false])
        assert.deepStrictEqual(
          requests.map((request) => form(request)["client_secret"]),
          [undefined, "s3cret", "s3cret", "s3cret"]
        )
      }))

    it.effect("stays the header once that worked", () =>
      Effect.gen(function*() {
        const { ask, requests } = setUp([grant("a"), refuse])
        yield* ask("s3cret")
        yield* Effect.flip(ask("s3cret"))
        assert.deepStrictEqual(requests.map(hasHeader), [true, true])
      }))

    it.effect("is looked for again after both were refused", () =>
      Effect.gen(function*() {
        const { ask, requests } = setUp([refuse, respond(400, { error: "second" }), grant("t")])
        assert.include((yield* Effect.flip(ask("s3cret"))).detail, "answered 400: second")
        yield* ask("s3cret")
        assert.deepStrictEqual(requests.map(hasHeader), [true, false, true])
      }))

    for (
      const [name, answer] of Object.entries<Answer>({
        "a 429": respond(429, ""),
        "a 408": respond(408, ""),
        "a 503": respond(503, ""),
        "a redirect": respond(302, ""),
        "an answer without a token": respond(200, {}),
        "no connection": Effect.fail(new NoConnection({ code: "ECONNREFUSED", detail: "refused" })),
        "a refusal of the proxy": Effect.fail(new ProxyRefused({ status: 407, retryAfter: undefined, detail: "407" }))
      })
    ) {
      it.effect(`is not probed after ${name}`, () =>
        Effect.gen(function*() {
          const { ask, requests } = setUp([answer])
          yield* Effect.flip(ask("s3cret"))
          assert.strictEqual(requests.length, 1)
        }))
    }
  })

  describe("the answer", () => {
    const formType = "application/x-www-form-urlencoded; charset=utf-8"
    const good: ReadonlyArray<readonly [body: unknown, contentType: string, grant: Partial<TokenEndpoint.Grant>]> = [
      [{ access_token: "t" }, "application/json", { accessToken: "t", type: "Bearer", lifetime: Infinity }],
      [{ access_token: "t" }, "text/html", { accessToken: "t" }],
      [{ access_token: "t".repeat(20_000) }, "application/json", { accessToken: "t".repeat(20_000) }],
      [{ access_token: "t", token_type: "bEARER" }, "application/json", { type: "Bearer" }],
      [{ access_token: "t", token_type: "" }, "application/json", { type: "Bearer" }],
      [{ access_token: "t", token_type: "DPoP" }, "application/json", { type: "DPoP" }],
      [{ access_token: "t", expires_in: 10 }, "application/json", { lifetime: 10_000 }],
      [{ access_token: "t", expires_in: "10" }, "application/json", { lifetime: 10_000 }],
      [{ access_token: "t", expires_in: 0 }, "application/json", { lifetime: Infinity }],
      [{ access_token: "t", expires_in: -1 }, "application/json", { lifetime: Infinity }],
      [{ access_token: "t", expires_in: "soon" }, "application/json", { lifetime: Infinity }],
      [{ access_token: "t", expires_in: "" }, "application/json", { lifetime: Infinity }],
      [{ access_token: "t", expires_in: null }, "application/json", { lifetime: Infinity }],
      ["access_token=a%2Bb&expires_in=10", formType, { accessToken: "a+b", type: "Bearer", lifetime: 10_000 }],
      ["access_token=t", "text/plain", { accessToken: "t" }]
    ]
    for (const [body, contentType, expected] of good) {
      it.effect(`may be ${JSON.stringify(body).slice(0, 80)} as ${contentType}`, () =>
        Effect.gen(function*() {
          const { ask } = setUp([respond(200, body, { "content-type": contentType })])
          assert.deepInclude(yield* ask("s3cret"), expected)
        }))
    }

    const nonsense: ReadonlyArray<readonly [status: number, body: unknown, text: string]> = [
      [200, {}, "answered 200 without an access_token"],
      [200, "", "answered 200 without an access_token"],
      [200, "[]", "answered 200 without an access_token"],
      [200, "null", "answered 200 without an access_token"],
      [200, "access_token=t", "answered 200 without an access_token"],
      [200, "<html>", "answered 200 without an access_token"],
      [200, { access_token: "" }, "answered 200 without an access_token"],
      [200, { access_token: 5 }, "answered 200 without an access_token"],
      [200, { access_token: "a\nb" }, "answered 200 with an access_token that no header can carry"],
      [200, { access_token: "a b" }, "answered 200 with an access_token that no header can carry"],
      [200, { access_token: "t", token_type: "a\r\nb" }, "answered 200 with a token_type that no header can carry"]
    ]
    const bad: ReadonlyArray<readonly [status: number, body: unknown, text: string]> = [
      [200, { access_token: "t", error: "slow_down" }, "answered 200: slow_down"],
      [302, { access_token: "t" }, "answered 302"],
      [400, { error: "invalid_scope" }, "answered 400: invalid_scope"],
      [
        401,
        { error: "invalid_client", error_description: "Client\n authentication\u001b failed" },
        "answered 401: invalid_client: Client authentication failed"
      ],
      [404, "<html>nothing here</html>", "answered 404"]
    ]
    for (const [status, body, text] of [...nonsense, ...bad]) {
      it.effect(`${status} ${JSON.stringify(body)} is a failure, whose connection is left`, () =>
        Effect.gen(function*() {
          let left = 0
          const leave = (): void => {
            left += 1
          }
          const { ask, requests } = setUp([Effect.map(respond(status, body), (answer) => ({ ...answer, leave }))])
          const failure = yield* Effect.flip(ask("s3cret"))
          assert.strictEqual(failure.detail, `the token endpoint https://idp.example/token ${text}`)
          assert.deepInclude({ ...failure }, { source: "token endpoint", status })
          assert.strictEqual(left, requests.length)
        }))
    }

    for (const status of [408, 429, 500, 503]) {
      it.effect(`${status} is no word on how the client shows who it is: it is not asked again at once`, () =>
        Effect.gen(function*() {
          const { ask, requests } = setUp([respond(status, "")])
          assert.strictEqual((yield* Effect.flip(ask("s3cret"))).status, status)
          assert.strictEqual(requests.length, 1)
        }))
    }

    const waits: ReadonlyArray<readonly [header: string, seconds: number | undefined]> = [
      ["7", 7],
      ["0", 0],
      ["Thu, 01 Jan 1970 00:01:40 GMT", 70],
      ["86400", 3600],
      ["soon", undefined]
    ]
    for (const [header, seconds] of waits) {
      it.effect(`with "Retry-After: ${header}" says to wait for ${seconds ?? "nobody knows how many"} seconds`, () =>
        Effect.gen(function*() {
          yield* TestClock.adjust("30 seconds")
          const expected = seconds === undefined ? undefined : Duration.seconds(seconds)
          for (const status of [503, 429, 401, 200]) {
            const { ask } = setUp([respond(status, {}, { "retry-after": header })])
            assert.deepStrictEqual((yield* Effect.flip(ask("s3cret"))).retryAfter, expected, String(status))
          }
        }))
    }

    it.effect("without a Retry-After does not say for how long to wait", () =>
      Effect.gen(function*() {
        const { ask } = setUp([respond(503, "")])
        assert.isUndefined((yield* Effect.flip(ask("s3cret"))).retryAfter)
      }))

    it.effect("is quoted without the parameters that are named like secrets", () =>
      Effect.gen(function*() {
        const endpointParams = {
          client_assertion: "s3same",
          API_Key: "a-p1",
          passWord: "pa55",
          my_secret: "hu5h",
          subject_token: "t0ken",
          audience: "shop"
        }
        const { ask, secrets } = setUp([respond(400, { error: "s3same a-p1 pa55 hu5h t0ken shop" })], {
          endpointParams
        })
        assert.isTrue((yield* Effect.flip(ask("s3cret"))).detail.endsWith(": *** *** *** *** *** shop"))
        assert.includeMembers([...secrets("s3cret")], ["s3same", "a-p1", "pa55", "hu5h", "t0ken"])
        assert.notInclude(secrets("s3cret"), "shop")
      }))

    it.effect("is quoted without the secrets of the way to the endpoint, and so is what broke it", () =>
      Effect.gen(function*() {
        const { ask, secrets } = setUp(
          [
            respond(503, { error: "asked by pr0xied" }),
            Effect.fail(new NoConnection({ code: "ECONNRESET", detail: "reset by pr0xied" }))
          ],
          {},
          ["pr0xied"]
        )
        assert.isTrue((yield* Effect.flip(ask("s3cret"))).detail.endsWith(": asked by ***"))
        assert.isTrue((yield* Effect.flip(ask("s3cret"))).detail.endsWith(": reset by *** (ECONNRESET)"))
        assert.include(secrets("s3cret"), "pr0xied")
      }))

    it.effect("is quoted within bounds", () =>
      Effect.gen(function*() {
        const { ask } = setUp([respond(500, { error: "e".repeat(10_000) })])
        assert.strictEqual((yield* Effect.flip(ask("s3cret"))).detail.length, 512)
      }))
  })

  describe("without an answer", () => {
    const failures: ReadonlyArray<TransportError> = [
      new NoConnection({ code: "ECONNREFUSED", detail: "refused" }),
      noAnswer(Duration.seconds(10)),
      new NoConnection({ code: "CERT_HAS_EXPIRED", detail: "certificate has expired" }),
      new ProxyRefused({ status: 407, retryAfter: undefined, detail: "407 from the proxy" }),
      new BadRedirect({ status: 302, detail: "stopped" })
    ]
    for (const error of failures) {
      it.effect(`because of "${error.message}", the failure says so, after one request`, () =>
        Effect.gen(function*() {
          const { ask, requests } = setUp([Effect.fail(error)])
          const failure = yield* Effect.flip(ask("s3cret"))
          assert.strictEqual(
            failure.detail,
            `the token endpoint https://idp.example/token did not answer: ${error.message}`
          )
          assert.deepInclude({ ...failure }, { status: undefined, retryAfter: undefined })
          assert.strictEqual(requests.length, 1)
        }))
    }

    it.effect("the request goes on for as long as the link lets it", () =>
      Effect.gen(function*() {
        const { ask } = setUp([Effect.delay(grant("t"), "1 day")])
        const fiber = yield* Effect.forkChild(ask("s3cret"))
        yield* TestClock.adjust("1 day")
        assert.strictEqual((yield* Fiber.join(fiber)).accessToken, "t")
      }))
  })

  const text = Arbitrary.schema(Schema.String.check(Schema.isPattern(/^[\x20-\x7e]{8,40}$/)))

  it.effect.prop(
    "no failure shows a secret that somebody repeats",
    { secret: text, password: text },
    (texts) =>
      Effect.gen(function*() {
        const { password, secret } = texts
        const url = new URL("https://idp.example/token")
        url.password = password
        url.searchParams.set("key", password)
        const said = (request: Request): string =>
          [secret, request.headers["authorization"], new TextDecoder().decode(request.body)].join("; ")
        const answers: ReadonlyArray<(said: string) => Answer> = [
          (said) => respond(200, { error: "no", error_description: said }),
          (said) => respond(400, { error: said }),
          (said) => respond(503, { error_description: said }),
          (said) => respond(400, said),
          (said) => Effect.fail(new NoConnection({ code: "ECONNRESET", detail: said }))
        ]
        for (const answer of answers) {
          const { ask, requests, secrets } = setUp(
            [Effect.suspend(() => answer(said(requests.at(-1)!)))],
            { tokenUrl: url.href }
          )
          const { detail } = yield* Effect.flip(ask(secret))
          assert.include(detail, "https://idp.example/token ")
          for (const one of [...secrets(secret), password, url.password]) assert.notInclude(detail, one)
        }
      })
  )
})

import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Redacted, Schema } from "effect"
import { Base64 } from "effect/encoding"
import { TestClock } from "effect/testing"
import { unescape } from "node:querystring"
import { inspect } from "node:util"
import { defaults } from "../../src/delivery/RetrySchedule.ts"
import * as ScriptedServer from "../../src/testing/ScriptedServer.ts"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"
import { NoConnection } from "../../src/transport/TransportError.ts"
import * as endpoints from "./endpoints.ts"
import * as leaks from "./leaks.ts"
import { ownRegistry, withLog } from "./observations.ts"

const { answer, silence } = ScriptedServer

type Reaction = ScriptedServer.Reaction

const inline = (text: string) => Material.inline(Redacted.make(text))

const oauth2 = (clientSecret: string): Authentication.OAuth2Client => ({
  _tag: "OAuth2",
  clientId: "pusher",
  clientSecret: inline(clientSecret),
  tokenUrl: "https://idp.example/token",
  scopes: [],
  endpointParams: {},
  tls: Tls.defaults,
  proxy: Proxy.defaults
})

/** Every place of a configuration where a secret can be, but for proxies, which a scripted server knows nothing of. */
const places: Readonly<Record<string, (secret: string) => endpoints.Options>> = {
  "user info": (secret) => ({ url: `http://user:${encodeURIComponent(secret)}@pyroscope.example:4040/?token=x` }),
  "basic auth": (secret) => ({ transport: { authentication: Authentication.basic("user", inline(secret)) } }),
  "a bearer token": (secret) => ({ transport: { authentication: Authentication.token(inline(secret)) } }),
  "an authorization": (secret) => ({ transport: { authentication: Authentication.token(inline(secret), "Token") } }),
  "an authorization header": (secret) => ({ transport: { headers: { Authorization: `Custom ${secret}` } } }),
  "a header": (secret) => ({ transport: { headers: { "X-Api-Key": secret } } }),
  "a header of several": (secret) => ({ transport: { headers: { "x-key": ["public", secret], cookie: [secret] } } }),
  "a client secret": (secret) => ({ transport: { authentication: oauth2(secret) } })
}

/** All that a request says, in the ways in which a program may put it into a text. */
const echo = ({ body, headers, url }: ScriptedServer.Received): string => {
  // Of bytes beyond ASCII, as Latin-1 and as UTF-8.
  const texts = new Set(
    Object.values(headers).flatMap((value) => [value, Buffer.from(value, "latin1").toString()])
  )
  const values = [...texts].flatMap((value) => [value, value.replace(/^\w+ /, "")])
  const form = new URLSearchParams(Buffer.from(body).toString())
  const decoded = values.map((value) => Buffer.from(value, "base64").toString())
  // The client of OAuth 2.0 escapes what it makes basic auth of.
  const plain = url.host === "idp.example" ? decoded.map((value) => unescape(value.replaceAll("+", " "))) : []
  const known = [...values, ...decoded, ...plain, ...form.values()]
  return [
    ...known,
    JSON.stringify(known),
    JSON.stringify(known).replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
    JSON.stringify(known).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    ...known.map((value) => new URLSearchParams({ value }).toString()),
    Buffer.from(body).toString(),
    url.href
  ].join(" | ")
}

type React = (request: ScriptedServer.Received, secret: string) => Reaction

const json = (value: unknown) => ({ body: JSON.stringify(value), headers: { "content-type": "application/json" } })

const redirect = (status: number, location: (secret: string) => string): React => ({ url, ...request }, secret) =>
  url.host === "pyroscope.example:4040" && url.pathname.endsWith("/Push")
    ? answer(status, { headers: { location: location(secret) }, body: echo({ url, ...request }) })
    : answer(status === 308 ? 404 : 200, { body: echo({ url, ...request }) })

/** All that a server can do to a request, but for its status. */
const troubles: Readonly<Record<string, React>> = {
  "an error of Connect's": (request) => answer(400, json({ code: "invalid_argument", message: echo(request) })),
  "a body too large": (request) => answer(429, { body: `larger than configured max: ${echo(request)}` }),
  "a redirect": redirect(302, (secret) => `https://login.example/${encodeURI(secret)}?next=${secret}`),
  "a redirect to an error": redirect(308, (secret) => `https://login.example/${encodeURIComponent(secret)}`),
  "a redirect to no URL": redirect(307, (secret) => `http://[${secret}`),
  "a redirect to another scheme": redirect(301, (secret) => `x${Buffer.from(secret).toString("hex")}:${secret}`),
  "a redirect without end": (request, secret) =>
    answer(307, { headers: { location: `/Push?${encodeURIComponent(secret)}` }, body: echo(request) }),
  silence: () => silence,
  ...Object.fromEntries(
    ["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "CERT_HAS_EXPIRED", "EPROTO", "ERR_INVALID_URL", "UNKNOWN"].map((
      code
    ) => [
      code,
      (request: ScriptedServer.Received) => Effect.fail(new NoConnection({ code, detail: echo(request) }))
    ])
  )
}

const withStatus = (status: number): React => (request) => answer(status, { body: echo(request) })

/** What a token endpoint can do; else it grants the token. */
const tokenTroubles: Readonly<Record<string, React>> = {
  "a grant": (_, token) => answer(200, json({ access_token: token })),
  "a refusal": (request) => answer(401, json({ error: "invalid_client", error_description: echo(request) })),
  "a refusal by another word": (request) => answer(400, json({ error: echo(request) })),
  "no grant": (request) => answer(200, json({ echo: echo(request) })),
  "a page": (request) => answer(503, { body: `<h1>${echo(request)}</h1>` }),
  "a redirect": (_, secret) =>
    answer(302, { headers: { location: `https://idp.example/${encodeURIComponent(secret)}` } }),
  "no connection": (request) => Effect.fail(new NoConnection({ code: "ECONNRESET", detail: echo(request) })),
  "no certificate": (request) => Effect.fail(new NoConnection({ code: "CERT_HAS_EXPIRED", detail: echo(request) })),
  silence: () => silence
}

/** Pushes until the end, with one retry, and gives everything that there is to see. */
const push = (options: endpoints.Options, react: (request: ScriptedServer.Received) => Reaction) =>
  withLog((log) =>
    Effect.gen(function*() {
      const { lane, state } = yield* endpoints.makeEndpoint({
        ...options,
        lane: { retry: { ...defaults, maxRetries: 1 } }
      })
      const outcome = yield* endpoints.offer(lane)
      yield* TestClock.adjust(Duration.hours(2))
      const { requests } = yield* ScriptedServer.ScriptedServer
      const shown = `${yield* leaks.shown([yield* outcome], log)}\n${inspect(state.info(), { depth: 20 })}`
      return { shown, requests, outcome: yield* outcome }
    })
  ).pipe(Effect.scoped, endpoints.against(react), ownRegistry)

const isIdp = ({ url }: ScriptedServer.Received) => url.host === "idp.example"

/** Pushes with the secret in that place. */
const pushFrom = Effect.fnUntraced(function*(place: string, secret: string, react: React, what: string) {
  const { outcome, requests, shown } = yield* push(
    places[place]!(secret),
    (request) => isIdp(request) ? answer(200, json({ access_token: "granted" })) : react(request, secret)
  )
  assert.notStrictEqual(outcome._tag, "Delivered")
  leaks.assertNone(shown, secret, `${place}, ${what}`)
  leaks.assertSome(requests.map(echo).join(), secret, place)
})

const placeNames = Object.keys(places)

const place = Arbitrary.schema(Schema.Literals(placeNames))

const status = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 400, maximum: 599 })))

/** How much of an answer is read before it is cut off. */
const offset = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 })))

describe("Endpoint shows no secret", () => {
  const nasty = "p&ss <w>\u00f6/r\"d\\%41'+"

  it.effect("with statuses of every kind", () =>
    Effect.gen(function*() {
      for (let status = 400; status < 600; status += 7) {
        yield* pushFrom(placeNames[status % placeNames.length]!, nasty, withStatus(status), `${status}`)
      }
    }))

  it.effect.each(placeNames)("that it has as %s, with the statuses that mean most", (place) =>
    Effect.gen(function*() {
      for (const status of [300, 400, 401, 403, 407, 413, 429, 500, 503]) {
        yield* pushFrom(place!, nasty, withStatus(status), `${status}`)
      }
    }))

  it.effect.prop(
    "wherever the text of an answer is cut, and however the secret is written there",
    { place, secret: leaks.secret, status, offset },
    ({ offset, place, secret, status }) =>
      Effect.forEach(
        leaks.spellings(secret),
        (form) =>
          pushFrom(place, secret, () =>
            answer(status, { body: "x".repeat(2048 - offset) + form }), `${form} at ${offset}`),
        {
          discard: true
        }
      ),
    { arbitrary: { runs: 12 } }
  )

  it.effect.prop(
    "whatever else a server does",
    { place, secret: leaks.secret },
    ({ place, secret }) =>
      Effect.forEach(Object.entries(troubles), ([what, react]) => pushFrom(place, secret, react, what), {
        discard: true
      }),
    { arbitrary: { runs: 6 } }
  )

  it.effect.prop(
    "neither its client's nor its token, whatever a token endpoint does",
    { secret: leaks.secret, token: leaks.token, status },
    ({ secret, status, token }) =>
      Effect.forEach(Object.entries(tokenTroubles), ([what, react]) =>
        Effect.gen(function*() {
          const { outcome, requests, shown } = yield* push(
            { transport: { authentication: oauth2(secret) } },
            (request) =>
              isIdp(request) ? react(request, what === "a grant" ? token : secret) : withStatus(status)(request, "")
          )
          assert(outcome._tag === "Failed")
          leaks.assertNone(shown, secret, what)
          leaks.assertNone(shown, token, what)
          leaks.assertSome(requests.map(echo).join(), secret, what)
          if (what === "a grant") leaks.assertSome(requests.map(echo).join(), token, what)
          else assert.strictEqual(outcome.error.reason._tag, "AuthError")
        }), { discard: true }),
    { arbitrary: { runs: 6 } }
  )
})

describe("what is taken for a leak", () => {
  it("is a secret in any of its forms", () => {
    const secret = "p&ss word\u00e9"
    for (
      const text of [
        secret,
        encodeURIComponent(secret),
        Base64.encode(secret),
        JSON.stringify(secret),
        "p\\u0026ss word\u00e9"
      ]
    ) {
      assert.throws(() => leaks.assertNone(`a${text}b`, secret, "it"))
    }
    leaks.assertNone("a p& b", secret, "it")
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Redacted, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Client from "../../src/transport/Client.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Network from "../../src/transport/Network.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"
import { NoConnection, ProxyRefused, type TransportError } from "../../src/transport/TransportError.ts"
import * as Files from "../support/files.ts"

type Answer = Effect.Effect<Network.Response, TransportError>

const answer = (status: number, text = "", headers: Network.Response["headers"] = {}): Answer =>
  Effect.succeed({ status, headers, text, leave: () => {} })

const inline = (text: string) => Material.inline(Redacted.make(text))

const path = "/run/secret"
const fromFile = Authentication.token(Material.file(path))

const oauth2: Authentication.OAuth2Client = {
  _tag: "OAuth2",
  clientId: "pusher",
  clientSecret: inline("s3cret"),
  tokenUrl: "https://idp.example/token",
  scopes: [],
  endpointParams: {},
  tls: { ...Tls.defaults, serverName: "idp" },
  proxy: { ...Proxy.defaults, url: "http://proxy.example" }
}

const settings: Client.Settings = {
  headers: {},
  authentication: undefined,
  tls: Tls.defaults,
  proxy: Proxy.defaults,
  followRedirects: true,
  http2: false,
  timeout: Duration.seconds(10)
}

interface Options {
  readonly url?: string
  readonly settings?: Partial<Client.Settings>
  readonly files?: Files.Files
  readonly secrets?: ReadonlyArray<string>
}

/** A client over a network that answers by the request. */
const setUp = Effect.fnUntraced(function*(react: (request: Network.Request) => Answer, options: Options = {}) {
  const requests: Array<Network.Request> = []
  const opened: Array<Network.Settings> = []
  const network = Network.Network.of({
    open: (settings) =>
      Effect.sync(() => {
        opened.push(settings)
        return {
          roundTrip: (request: Network.Request) =>
            Effect.suspend(() => {
              requests.push(request)
              return react(request)
            }),
          secrets: options.secrets ?? []
        }
      })
  })
  const client = yield* Client.make({ ...settings, ...options.settings }).pipe(
    Effect.provideService(Network.Network, network),
    Effect.provide((options.files ?? Files.make()).layer)
  )
  const send = Client.below(client, options.url ?? "https://profiles.example")
  return {
    push: (headers: Readonly<Record<string, string>> = {}, path = "/push") =>
      send({ method: "POST", path, headers, body: Uint8Array.of(1) }),
    authorizations: () => requests.map(({ headers }) => headers["authorization"]),
    opened,
    problems: client.problems,
    requests
  }
})

const always = (answer: Answer) => () => answer

/** With the time that a file gets to settle. */
const pushed = <A, E>(push: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(push, { startImmediately: true })
    yield* TestClock.adjust("20 millis")
    return yield* Fiber.join(fiber)
  })

describe("Client", () => {
  describe("sends a request", () => {
    it.effect("below the path of its URL, over one link with its settings", () =>
      Effect.gen(function*() {
        for (const url of ["https://profiles.example:8443/a/b", "https://profiles.example:8443/a/b//"]) {
          const { opened, push, requests } = yield* setUp(always(answer(200)), { url })
          yield* push({}, "/push?name=a%20b")
          yield* push()
          assert.strictEqual(requests[0]!.origin, "https://profiles.example:8443")
          assert.deepStrictEqual(requests.map(({ path }) => path), ["/a/b/push?name=a%20b", "/a/b/push"])
          const { http2, proxy, timeout, tls } = settings
          assert.deepStrictEqual(opened, [{ http2, proxy, timeout, tls }])
        }
      }))

    it.effect("with its headers, its credentials, and those of the request before them", () =>
      Effect.gen(function*() {
        const { push, requests } = yield* setUp(always(answer(200)), {
          settings: {
            headers: { "content-type": "text/plain", "x-key": ["a", "b"], "user-agent": "pyroduct/1" },
            authentication: Authentication.token(inline("t0ken"))
          }
        })
        yield* push({ "content-type": "application/proto" })
        yield* push({ authorization: "Own" })
        assert.deepStrictEqual(requests.map(({ headers }) => headers), [
          {
            "content-type": "application/proto",
            "x-key": ["a", "b"],
            "user-agent": "pyroduct/1",
            authorization: "Bearer t0ken"
          },
          { "content-type": "text/plain", "x-key": ["a", "b"], "user-agent": "pyroduct/1", authorization: "Own" }
        ])
      }))

    it.effect("with the authorization of its headers, and needs no other credentials then", () =>
      Effect.gen(function*() {
        for (const authentication of [fromFile, oauth2, Authentication.basic("user", Material.file(path))]) {
          const files = Files.make()
          const { authorizations, opened, problems, push } = yield* setUp(always(answer(401)), {
            settings: { headers: { authorization: "Own" }, authentication },
            files
          })
          assert.strictEqual((yield* push()).status, 401)
          assert.deepStrictEqual(authorizations(), ["Own"])
          assert.strictEqual(files.reads(), 0)
          assert.strictEqual(opened.length, 1)
          assert.strictEqual(SubscriptionRef.getUnsafe(problems).size, 0)
        }
      }))

    it.effect("again where a redirect leads, if it may", () =>
      Effect.gen(function*() {
        const react = ({ path }: Network.Request) =>
          path === "/push" ? answer(307, "", { location: "/other" }) : answer(200)
        const follows = yield* setUp(react)
        assert.strictEqual((yield* follows.push()).status, 200)
        assert.deepStrictEqual(follows.requests.map(({ path }) => path), ["/push", "/other"])
        const stays = yield* setUp(react, { settings: { followRedirects: false } })
        assert.strictEqual((yield* stays.push()).status, 307)
        assert.strictEqual(stays.requests.length, 1)
      }))
  })

  describe("whose credentials are refused", () => {
    /** Takes that token only. */
    const taking = (token: string) => ({ headers }: Network.Request) =>
      answer(headers["authorization"] === `Bearer ${token}` ? 200 : 401)

    it.effect("tries once more with what the file has now", () =>
      Effect.gen(function*() {
        const files = Files.make({ [path]: "old" })
        const { authorizations, push } = yield* setUp(taking("new"), { settings: { authentication: fromFile }, files })
        files.write(path, "new")
        assert.strictEqual((yield* pushed(push())).status, 200)
        assert.deepStrictEqual(authorizations(), ["Bearer old", "Bearer new"])
      }))

    it.effect("tries no more when that is refused as well", () =>
      Effect.gen(function*() {
        const files = Files.make({ [path]: "old" })
        const { authorizations, push } = yield* setUp(taking("other"), {
          settings: { authentication: fromFile },
          files
        })
        files.write(path, "new")
        assert.strictEqual((yield* pushed(push())).status, 401)
        assert.deepStrictEqual(authorizations(), ["Bearer old", "Bearer new"])
      }))

    it.effect("does not try the same ones again, nor after another answer", () =>
      Effect.gen(function*() {
        for (const status of [400, 401, 403, 407, 503]) {
          const files = Files.make({ [path]: "old" })
          const { authorizations, push } = yield* setUp(always(answer(status)), {
            settings: { authentication: fromFile },
            files
          })
          if (status !== 401) files.write(path, "new")
          assert.strictEqual((yield* pushed(push())).status, status)
          assert.deepStrictEqual(authorizations(), ["Bearer old"])
        }
      }))

    it.effect("asks for another token, over a link of the token endpoint's own", () =>
      Effect.gen(function*() {
        let issued = 0
        let taken = "token1"
        const { opened, push, requests } = yield* setUp(
          (request) =>
            request.origin === "https://idp.example"
              ? answer(200, JSON.stringify({ access_token: `token${++issued}` }))
              : taking(taken)(request),
          { settings: { authentication: oauth2, http2: false, headers: { "user-agent": "pyroduct/1" } } }
        )
        assert.strictEqual((yield* push()).status, 200)
        assert.strictEqual((yield* push()).status, 200)
        assert.strictEqual(issued, 1)
        taken = "token2"
        assert.strictEqual((yield* push()).status, 200)
        assert.deepStrictEqual(
          requests.map(({ headers, origin }) => origin === "https://idp.example" ? "asks" : headers["authorization"]),
          ["asks", "Bearer token1", "Bearer token1", "Bearer token1", "asks", "Bearer token2"]
        )
        const { proxy, tls } = oauth2
        assert.deepStrictEqual(opened[1], { tls, proxy, http2: true, timeout: settings.timeout })
        assert.strictEqual(requests[0]!.headers["user-agent"], "pyroduct/1")
      }))
  })

  describe("sent on to another host, which does not get the credentials,", () => {
    /** The server sends all on to a host, which answers with a status. */
    const sending = (host: string, status: number) => ({ origin, path }: Network.Request) =>
      origin === "https://profiles.example" && path === "/push"
        ? answer(307, "", { location: `https://${host}/other` })
        : answer(status)

    it.effect("does not take that one's refusal for a refusal of them", () =>
      Effect.gen(function*() {
        const files = Files.make({ [path]: "old" })
        const options = { settings: { authentication: fromFile }, files }
        const { authorizations, push } = yield* setUp(sending("other.example", 401), options)
        files.write(path, "new")
        assert.strictEqual((yield* push()).status, 401)
        assert.deepStrictEqual(authorizations(), ["Bearer old", undefined])
        assert.strictEqual(files.reads(), 1)
      }))

    it.effect("takes the refusal of a host that gets them for one", () =>
      Effect.gen(function*() {
        const files = Files.make({ [path]: "old" })
        const options = { settings: { authentication: fromFile }, files }
        const { authorizations, push } = yield* setUp(sending("eu.profiles.example", 401), options)
        files.write(path, "new")
        assert.strictEqual((yield* pushed(push())).status, 401)
        assert.deepStrictEqual(authorizations(), ["Bearer old", "Bearer old", "Bearer new", "Bearer new"])
      }))

    /** How many tokens were asked for: one that was never taken is not replaced when it is refused. */
    const issuedWhenRefusedAfter = (host: string, status: number) =>
      Effect.gen(function*() {
        let issued = 0
        let react = sending(host, status)
        const { push } = yield* setUp(
          (request) =>
            request.origin === "https://idp.example"
              ? answer(200, JSON.stringify({ access_token: `token${++issued}` }))
              : react(request),
          { settings: { authentication: oauth2 } }
        )
        assert.strictEqual((yield* push()).status, status)
        assert.strictEqual(issued, 1)
        react = always(answer(401))
        assert.strictEqual((yield* push()).status, 401)
        return issued
      })

    it.effect("does not take its answer for one of a server that took them", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* issuedWhenRefusedAfter("other.example", 200), 1)
        assert.strictEqual(yield* issuedWhenRefusedAfter("other.example", 401), 1)
        assert.strictEqual(yield* issuedWhenRefusedAfter("eu.profiles.example", 200), 2)
      }))
  })

  it.effect("has nothing to send while there is no credential", () =>
    Effect.gen(function*() {
      const { problems, push, requests } = yield* setUp(always(answer(200)), { settings: { authentication: fromFile } })
      const error = yield* Effect.flip(push())
      assert(error._tag === "NoCredential")
      assert.strictEqual(error.source, "credential file")
      assert.deepStrictEqual(requests, [])
      assert.deepStrictEqual([...SubscriptionRef.getUnsafe(problems)], [[path, error.detail]])
    }))

  describe("shows no secret", () => {
    const textOf = (text: string, options: Options, status = 400) =>
      Effect.gen(function*() {
        const { push } = yield* setUp(always(answer(status, text)), options)
        return (yield* push()).text
      })

    it.effect("of its headers in the text of an answer, but what any server may see", () =>
      Effect.gen(function*() {
        const headers = {
          "x-key": ["hunter22", "s3cret"],
          authorization: "Bearer t0ken",
          "x-scope-orgid": "tenant",
          "user-agent": "pyroduct/1"
        }
        assert.strictEqual(
          yield* textOf("hunter22 s3cret Bearer t0ken, no Bearer, tenant pyroduct/1", { settings: { headers } }),
          "*** *** ***, no Bearer, tenant pyroduct/1"
        )
      }))

    it.effect("of its credentials, nor of its link, in the text of an answer", () =>
      Effect.gen(function*() {
        const authentication = Authentication.basic("user", inline("hunter22"))
        assert.strictEqual(
          yield* textOf(`user hunter22 ${btoa("user:hunter22")} pr0xy`, {
            settings: { authentication },
            secrets: ["pr0xy"]
          }),
          "user *** *** ***"
        )
      }))

    it.effect("in what is to be said of a body that was asked for", () =>
      Effect.gen(function*() {
        const authentication = Authentication.basic("user", inline("hunter22"))
        const body = Effect.map(answer(200), (response) => ({ ...response, body: Uint8Array.of(1) }))
        const { push } = yield* setUp(always(body), { settings: { authentication } })
        assert.strictEqual((yield* push()).scrub?.(`Basic ${btoa("user:hunter22")}`), "***")
      }))

    it.effect("that has been replaced while a request was under way", () =>
      Effect.gen(function*() {
        const files = Files.make({ [path]: "0ldToken" })
        const { push } = yield* setUp(always(Effect.delay(answer(400, "not 0ldToken"), "5 seconds")), {
          settings: { authentication: fromFile },
          files
        })
        const fiber = yield* Effect.forkChild(push(), { startImmediately: true })
        files.write(path, "newToken")
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual((yield* Fiber.join(fiber)).text, "not ***")
      }))

    it.effect("in an error, whose other fields stay", () =>
      Effect.gen(function*() {
        const errors = [
          new NoConnection({ code: "ECONNRESET", detail: "reset after t0ken" }),
          new ProxyRefused({ status: 407, retryAfter: "7", detail: "wrong: t0ken" })
        ]
        for (const error of errors) {
          const { push } = yield* setUp(always(Effect.fail(error)), {
            settings: { authentication: Authentication.token(inline("t0ken")) }
          })
          const shown = yield* Effect.flip(push())
          assert.deepStrictEqual({ ...shown }, { ...error, detail: error.detail.replace("t0ken", "***") })
        }
      }))

    it.effect("in where a redirect led that lost the body", () =>
      Effect.gen(function*() {
        const { push } = yield* setUp(
          ({ path }) => path === "/push" ? answer(302, "", { location: "https://login.example/t0ken" }) : answer(200),
          { settings: { authentication: Authentication.token(inline("t0ken")) } }
        )
        assert.deepStrictEqual((yield* push()).lostBody, { status: 302, location: "https://login.example/***" })
      }))

    it.effect("and looks for none where all is well", () =>
      Effect.gen(function*() {
        const authentication = Authentication.token(inline("t0ken"))
        assert.strictEqual(yield* textOf("t0ken", { settings: { authentication } }, 200), "t0ken")
      }))
  })

  it.effect("is not there with settings that the network cannot use", () =>
    Effect.gen(function*() {
      const network = Network.Network.of({ open: () => Effect.fail(new Network.UnusableSettings({ detail: "no" })) })
      const error = yield* Effect.flip(
        Client.make(settings).pipe(Effect.provideService(Network.Network, network), Effect.provide(Files.make().layer))
      )
      assert.strictEqual(error.message, "no")
    }))
})

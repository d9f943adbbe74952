import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { isPublic, type Request, type Response } from "../../src/transport/Network.ts"
import * as Redirects from "../../src/transport/Redirects.ts"
import { NoConnection, type TransportError } from "../../src/transport/TransportError.ts"

const push: Request = {
  method: "POST",
  origin: "https://profiles.example",
  path: "/prefix/push?name=a",
  headers: {
    accept: "*/*",
    authorization: "Bearer t0ken",
    "connect-protocol-version": "1",
    "content-encoding": "gzip",
    "content-type": "application/proto",
    cookie: "session=1",
    "user-agent": "pyroduct/1",
    "x-agent-id": "instance-7",
    "x-api-key": ["a", "b"],
    "x-scope-orgid": "tenant"
  },
  body: Uint8Array.of(1, 2),
  maxText: 99
}

const withoutSecrets = {
  accept: "*/*",
  "connect-protocol-version": "1",
  "content-encoding": "gzip",
  "content-type": "application/proto",
  "user-agent": "pyroduct/1",
  "x-agent-id": "instance-7",
  "x-scope-orgid": "tenant"
}

const leave = (): void => {}

const ok: Response = { status: 200, headers: {}, text: "done", leave }

const to = (location: string, status = 307): Response => ({ status, headers: { location }, text: "moved", leave })

const urlOf = ({ origin, path }: Request) => origin + path

/** Follows a chain of answers, which stays with its last. */
const follow = (script: ReadonlyArray<Response | TransportError>, request = push) => {
  const requests: Array<Request> = []
  const send = (request: Request) =>
    Effect.suspend(() => {
      requests.push(request)
      const answer = script[Math.min(requests.length, script.length) - 1]!
      return "status" in answer && !("_tag" in answer) ? Effect.succeed(answer) : Effect.fail(answer)
    })
  return Effect.map(Effect.result(Redirects.follow(send)(request)), (result) => ({ requests, result }))
}

const followed = (script: ReadonlyArray<Response>, request = push) =>
  Effect.map(follow(script, request), ({ requests, result }) => {
    assert(result._tag === "Success")
    return { requests, response: result.success, last: requests.at(-1)! }
  })

const refused = (script: ReadonlyArray<Response>) =>
  Effect.map(follow(script), ({ requests, result }) => {
    assert(result._tag === "Failure" && result.failure._tag === "BadRedirect")
    return { requests, ...result.failure }
  })

describe("Redirects", () => {
  it.effect.each([200, 204, 300, 304, 305, 306, 400, 404, 500])(
    "leave an answer with %s alone",
    (status) =>
      Effect.gen(function*() {
        const answer = to("https://other.example/", status)
        const { requests, response } = yield* followed([answer])
        assert.strictEqual(response, answer)
        assert.deepStrictEqual(requests, [push])
      })
  )

  it.effect.each([307, 308])("repeat a push after %s as it was", (status) =>
    Effect.gen(function*() {
      const { requests, response } = yield* followed([to("https://profiles.example/other?b=c#d", status), ok])
      assert.deepStrictEqual(requests, [push, { ...push, path: "/other?b=c", isRedirected: true }])
      assert.strictEqual(requests[1]!.body, push.body)
      assert.strictEqual(response, ok)
    }))

  it.effect.each([301, 302, 303])(
    "make a GET of a push after %s, which has lost its body",
    (status) =>
      Effect.gen(function*() {
        const { last, response } = yield* followed([to("https://profiles.example/other?b=c", status), ok])
        const { "content-encoding": _encoding, "content-type": _type, ...headers } = push.headers
        assert.deepStrictEqual(last, {
          ...push,
          method: "GET",
          path: "/other?b=c",
          isRedirected: true,
          headers,
          body: undefined
        })
        assert.deepStrictEqual(response, {
          ...ok,
          lostBody: { status, location: "https://profiles.example/other" }
        })
      })
  )

  it.effect.each(
    ["GET", "HEAD"].flatMap((method) => [301, 302, 303, 307, 308].map((status) => [method, status] as const))
  )("repeat a %s after %s", ([method, status]) =>
    Effect.gen(function*() {
      const get: Request = { ...push, method, body: undefined }
      const { last, response } = yield* followed([to("/other", status), ok], get)
      assert.deepStrictEqual(last, { ...get, path: "/other", isRedirected: true })
      assert.strictEqual(response, ok)
    }))

  it.effect("tell which of several lost the body, and give the last answer", () =>
    Effect.gen(function*() {
      const notFound: Response = { status: 404, headers: {}, text: "no", leave }
      const { requests, response } = yield* followed([to("/a"), to("/b", 303), to("/c", 301), to("/d"), notFound])
      assert.deepStrictEqual(
        requests.map(({ method, path }) => `${method} ${path}`),
        ["POST /prefix/push?name=a", "POST /a", "GET /b", "GET /c", "GET /d"]
      )
      assert.deepStrictEqual(response, {
        ...notFound,
        lostBody: { status: 303, location: "https://profiles.example/b" }
      })
    }))

  it.effect.each([
    ["other", "https://profiles.example/prefix/other"],
    ["../other?x", "https://profiles.example/other?x"],
    ["/other", "https://profiles.example/other"],
    ["?name=b", "https://profiles.example/prefix/push?name=b"],
    ["//sub.profiles.example:8443/x", "https://sub.profiles.example:8443/x"],
    ["https://PROFILES.example:443", "https://profiles.example/"],
    ["https://user:pass@profiles.example/x#y", "https://profiles.example/x"]
  ])("understand the location %s", ([location, expected]) =>
    Effect.gen(function*() {
      const { last } = yield* followed([to(location!), ok])
      assert.strictEqual(urlOf(last), expected)
      assert.deepStrictEqual(last.headers, push.headers)
    }))

  it.effect("go from where the last one led", () =>
    Effect.gen(function*() {
      const { requests } = yield* followed([to("https://other.example/a/b"), to("c"), to("/d"), ok])
      assert.deepStrictEqual(requests.map(urlOf), [
        "https://profiles.example/prefix/push?name=a",
        "https://other.example/a/b",
        "https://other.example/a/c",
        "https://other.example/d"
      ])
    }))

  it.effect("without a location are answers", () =>
    Effect.gen(function*() {
      for (const answer of [{ status: 302, headers: {}, text: "where?", leave }, to("")]) {
        assert.strictEqual((yield* followed([answer])).response, answer)
      }
    }))

  it.effect("are followed ten times", () =>
    Effect.gen(function*() {
      const { requests, response } = yield* followed([...Array<Response>(10).fill(to("/again")), ok])
      assert.strictEqual(requests.length, 11)
      assert.strictEqual(response, ok)
      const error = yield* refused([to("/again", 308)])
      assert.strictEqual(error.requests.length, 11)
      assert.deepStrictEqual([error.status, error.detail], [308, "stopped after 10 redirects"])
    }))

  it.effect.each([
    ["http://", "the redirect leads to what is no URL"],
    ["https://a b/", "the redirect leads to what is no URL"],
    ["ftp://profiles.example/", "the redirect has the unsupported protocol scheme \"ftp\""],
    ["javascript:alert(1)", "the redirect has the unsupported protocol scheme \"javascript\""]
  ])("to %s cannot be followed", ([location, detail]) =>
    Effect.gen(function*() {
      const error = yield* refused([to(location!, 301)])
      assert.deepStrictEqual([error.requests.length, error.status, error.detail], [1, 301, detail!])
    }))

  it.effect("end where the connection does", () =>
    Effect.gen(function*() {
      const error = new NoConnection({ code: "ECONNREFUSED", detail: "no connection" })
      const { requests, result } = yield* follow([to("https://other.example/"), error])
      assert.strictEqual(requests.length, 2)
      assert(result._tag === "Failure")
      assert.strictEqual(result.failure, error)
    }))

  describe("and what a configuration adds to requests", () => {
    const from = (origin: string, ...locations: ReadonlyArray<string>) =>
      Effect.map(
        followed([...locations.map((location) => to(location)), ok], { ...push, origin }),
        ({ last, requests }) => {
          assert.strictEqual(requests.length, locations.length + 1)
          return last.headers
        }
      )

    it.effect.each<readonly [from: string, to: string]>([
      ["https://profiles.example", "https://profiles.example:8443/"],
      ["https://profiles.example", "https://eu.profiles.example/"],
      ["https://profiles.example", "https://a.b.profiles.example/"],
      ["http://profiles.example", "http://profiles.example:4040/"],
      ["http://profiles.example", "https://profiles.example/"],
      ["http://127.0.0.1:1", "http://127.0.0.1:2/"],
      ["http://[::1]:1", "http://[::1]:2/"]
    ])("stays with it from %s to %s", ([origin, location]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* from(origin, location), push.headers)
      }))

    it.effect.each<readonly [from: string, to: string]>([
      ["https://profiles.example", "https://other.example/"],
      ["https://profiles.example", "https://example/"],
      ["https://profiles.example", "https://xprofiles.example/"],
      ["https://profiles.example", "https://profiles.example.evil.example/"],
      ["https://eu.profiles.example", "https://profiles.example/"],
      ["https://profiles.example", "http://profiles.example/"],
      ["https://profiles.example", "http://eu.profiles.example/"],
      ["http://127.0.0.1", "http://127.0.0.2/"],
      ["http://127.0.0.1", "http://localhost/"],
      ["http://[::1]", "http://[::2]/"]
    ])("is left behind from %s to %s, but for the tenant", ([origin, location]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* from(origin, location), withoutSecrets)
      }))

    it.effect("does not come back", () =>
      Effect.gen(function*() {
        const home = "https://profiles.example"
        assert.deepStrictEqual(yield* from(home, "https://other.example/", `${home}/x`), withoutSecrets)
        assert.deepStrictEqual(yield* from(home, "http://profiles.example/", `${home}/x`), withoutSecrets)
        assert.deepStrictEqual(yield* from(home, "https://eu.profiles.example/", `${home}/x`), push.headers)
      }))

    it.effect("is left behind where the body is too", () =>
      Effect.gen(function*() {
        const { last } = yield* followed([to("https://other.example/", 302), ok])
        const { "content-encoding": _encoding, "content-type": _type, ...headers } = withoutSecrets
        assert.deepStrictEqual(last.headers, headers)
        assert.isUndefined(last.body)
      }))
  })

  it("know what any server may see", () => {
    for (const name of Object.keys(withoutSecrets)) assert.isTrue(isPublic(name), name)
    for (const name of ["authorization", "cookie", "proxy-authorization", "x-api-key"]) {
      assert.isFalse(isPublic(name), name)
    }
  })
})

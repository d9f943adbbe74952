import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger, Redacted, Result } from "effect"
import * as HttpClient from "../../../src/components/HttpClient.ts"
import * as Write from "../../../src/components/pyroscope/Write.ts"
import { Receiver } from "../../../src/delivery/Receiver.ts"
import * as Arguments from "../../../src/engine/Arguments.ts"
import * as Scope from "../../../src/evaluation/Scope.ts"
import * as Value from "../../../src/evaluation/Value.ts"
import * as Labels from "../../../src/profile/Labels.ts"
import * as Profile from "../../../src/profile/Profile.ts"
import * as Parser from "../../../src/syntax/Parser.ts"
import * as Source from "../../../src/syntax/Source.ts"
import { ScriptedServer } from "../../../src/testing.ts"
import { Transport } from "../../../src/transport/Transport.ts"
import * as PushV1 from "../../../src/wire/PushV1.ts"
import { problem } from "../../syntax/notation.ts"

const scope = Scope.make(new Map([["secret", Value.secret(Redacted.make("hunter2"))]]))

const decode = (body: string) => {
  const { body: [block] } = Result.getOrThrow(Parser.parse(Source.make("test", `pyroscope.write "w" {\n${body}\n}`)))
  assert(block?._tag === "Block")
  return Arguments.decode(Write.Arguments, block, "test", scope)
}

const decoded = (body: string): Write.Arguments =>
  Result.getOrThrowWith(decode(body), (problems) => new Error(problems.map(problem).join("; ")))

/** What is wrong with the lines of an endpoint; they begin in line 3. */
const problems = (...lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const result = decode(`endpoint {\n${lines.join("\n")}\n}`)
  return Result.isFailure(result) ? result.failure.map(problem) : []
}

const url = "url = \"http://profiles.example\""

/** What is wrong with one more line, from the value on. */
const problemOf = (line: string): string | undefined => {
  const [first, ...others] = problems(url, line)
  assert.deepStrictEqual(others, [])
  return first?.replace(/^4:[-:\d]+ /, "")
}

const defaults = {
  url: "http://profiles.example",
  name: "",
  remote_timeout: Duration.seconds(10),
  headers: {},
  min_backoff_period: Duration.millis(500),
  max_backoff_period: Duration.minutes(5),
  max_backoff_retries: 10,
  retry_on_http_429: true,
  backoff_jitter: true,
  ...HttpClient.Arguments.make({})
}

const delivering = Effect.gen(function*() {
  const server = yield* Layer.build(
    Transport.layerHttpClient.pipe(Layer.provideMerge(ScriptedServer.layer()), Layer.merge(Logger.layer([])))
  )
  const push = Effect.fnUntraced(function*(options: Write.Options) {
    const receiver = Context.get(yield* Layer.build(Write.layer(options)), Receiver)
    const receipt = yield* receiver.push(
      Profile.series(Labels.make({ __name__: "memory", region: "south" }), [{ id: "1", profile: Uint8Array.of(1, 2) }])
    )
    return yield* receipt.outcomes
  }, Effect.provide(server))
  return { push, requests: Context.get(server, ScriptedServer.ScriptedServer).requests }
})

describe("Write.Arguments", () => {
  it("has the defaults that are written down, in a configuration and in an application", () => {
    assert.deepStrictEqual(decoded(""), { external_labels: {}, endpoint: [] })
    assert.deepStrictEqual(decoded(`endpoint {\n${url}\n}`), { external_labels: {}, endpoint: [defaults] })
    assert.deepStrictEqual(Write.Arguments.make({}), { external_labels: {}, endpoint: [] })
    assert.deepStrictEqual(Write.Arguments.make({ endpoint: [{ url: "http://profiles.example" }] }), {
      external_labels: {},
      endpoint: [defaults]
    })
    assert.deepStrictEqual(decoded(`endpoint {\n${url}\nqueue { }\nbasic_auth { }\n}`).endpoint[0], {
      ...defaults,
      queue: { max_bytes: 64 * 1024 * 1024, when_full: "drop_oldest", max_age: Duration.hours(1), concurrency: 8 },
      basic_auth: { username: "", password: Redacted.make(""), password_file: "" }
    })
  })

  it("takes everything it knows, for any number of endpoints", () => {
    const { endpoint, external_labels } = decoded(`
      external_labels = { region = "north", zone = 1 }
      endpoint {
        url                 = "https://profiles.example/prefix"
        name                = "first"
        remote_timeout      = "1m30s"
        headers             = { "X-Scope-OrgID" = "tenant" }
        min_backoff_period  = "1s"
        max_backoff_period  = "2s"
        max_backoff_retries = 0
        retry_on_http_429   = false
        backoff_jitter      = false
        basic_auth {
          username = "user"
          password = secret
        }
        queue {
          max_bytes   = "1MiB"
          when_full   = "reject"
          max_age     = "10m"
          concurrency = 1
        }
      }
      endpoint {
        url          = "http://profiles.example"
        bearer_token = "token"
      }
    `)
    assert.deepStrictEqual(external_labels, { region: "north", zone: "1" })
    const { basic_auth, ...first } = endpoint[0]!
    assert.deepStrictEqual(first, {
      ...defaults,
      url: "https://profiles.example/prefix",
      name: "first",
      remote_timeout: Duration.seconds(90),
      headers: { "X-Scope-OrgID": "tenant" },
      min_backoff_period: Duration.seconds(1),
      max_backoff_period: Duration.seconds(2),
      max_backoff_retries: 0,
      retry_on_http_429: false,
      backoff_jitter: false,
      queue: { max_bytes: 1024 * 1024, when_full: "reject", max_age: Duration.minutes(10), concurrency: 1 }
    })
    assert.strictEqual(basic_auth?.username, "user")
    assert.strictEqual(Redacted.value(basic_auth!.password), "hunter2")
    assert.strictEqual(Redacted.value(endpoint[1]!.bearer_token), "token")
  })

  it("takes only external labels that servers take, though they may be empty", () => {
    const problemsOf = (labels: string) => {
      const result = decode(`external_labels = { ${labels} }`)
      return Result.isFailure(result) ? result.failure.map(({ message }) => message) : []
    }
    assert.deepStrictEqual(problemsOf("region = \"north\", \"a.b\" = \"\", __name__ = \"x\""), [])
    assert.deepStrictEqual(problemsOf("\"a-b\" = \"\""), [
      "{\"a-b\" = \"\"} must be labels: invalid label name: a-b: character is not allowed: '-'"
    ])
  })

  it("needs a URL that can be pushed to", () => {
    assert.deepStrictEqual(problems(), ["2:1-4:1 missing required attribute \"url\""])
    const absolute = "must be an absolute URL such as \"https://profiles.example\""
    const values = [
      ["\"\"", absolute],
      ["\"profiles.example\"", absolute],
      ["\"/push\"", absolute],
      ["\"http://\"", absolute],
      ["\"ftp://profiles.example\"", "unsupported protocol scheme \"ftp\""],
      ["\"ftp://user:hunter2@profiles.example\"", "unsupported protocol scheme \"ftp\""],
      ["\"http://%ff@profiles.example\"", "the user info of the URL holds an invalid escape"],
      ["\"http://user:%zz@profiles.example\"", "the user info of the URL holds an invalid escape"],
      [
        "\"http://profiles.example/?tenant=a\"",
        "must have no query: requests have their own; what a server is to know can be a header"
      ],
      ["\"http://profiles.example/#a\"", "must have no fragment"]
    ] as const
    for (const [value, message] of values) {
      const shown = message === absolute && value !== "\"\""
        ? "\"***\""
        : value.replace(/\/\/.*@/, "//***@").replace(/[?#][^"]*/, (rest) => `${rest[0]}***`)
      assert.deepStrictEqual(problems(`url = ${value}`), [`3:7-3:${6 + value.length} ${shown} ${message}`])
    }
    for (const url of ["http://user:12/34@profiles.example", "http://a?b@profiles.example", "http://h/a@b"]) {
      assert.match(problems(`url = "${url}"`)[0]!, /^3:7-3:\d+ "\*\*\*" the URL has an @ behind its host: /)
    }
    for (const value of ["HTTP://[::1]:4040/a?", "https://us%20er:p%40ss@profiles.example/"]) {
      assert.deepStrictEqual(problems(`url = "${value}"`), [])
    }
  })

  it("takes only periods, counts and sizes that can be meant", () => {
    for (const name of ["remote_timeout", "min_backoff_period", "max_backoff_period"]) {
      assert.strictEqual(problemOf(`${name} = "0s"`), "\"0s\" must be greater than 0")
      assert.strictEqual(problemOf(`${name} = "-5s"`), "\"-5s\" must be greater than 0")
      assert.strictEqual(problemOf(`${name} = "5"`), "\"5\" time: missing unit in duration")
      assert.strictEqual(problemOf(`${name} = true`), "true should be string, got bool")
    }
    assert.strictEqual(problemOf("max_backoff_retries = -1"), "-1 must be at least 0")
    assert.strictEqual(problemOf("retry_on_http_429 = 1"), "1 should be bool, got number")
    assert.strictEqual(problemOf("headers = { a = [] }"), "[] should be string, got array")
    assert.strictEqual(problemOf("queue { max_age = \"0s\" }"), "\"0s\" must be greater than 0")
    assert.strictEqual(problemOf("queue { concurrency = 0 }"), "0 must be at least 1")
    assert.strictEqual(
      problemOf("queue { when_full = \"wait\" }"),
      "\"wait\" must be one of \"drop_oldest\", \"drop_newest\", \"reject\""
    )
    assert.strictEqual(
      problemOf("queue { max_bytes = \"a lot\" }"),
      "\"a lot\" should be a size such as \"64MiB\" or \"10KB\""
    )
    assert.strictEqual(problemOf("queue { max_bytes = 0 }"), "0 must be at least 1")
    assert.strictEqual(problemOf("queue { }\nqueue { }"), "block \"queue\" may only be specified once")
  })

  it("takes only headers that can be sent, and does not repeat their values", () => {
    assert.strictEqual(
      problemOf("headers = { a = \"hunter\\n2\" }"),
      "the value of a holds what a header cannot carry"
    )
    assert.strictEqual(
      problemOf("headers = { \"a b\" = \"1\" }"),
      "the name of a header has no blanks and no colons, only letters, digits and !#$%&'*+.^`|~-_"
    )
    assert.deepStrictEqual(problems(url, "headers = { host = \"profiles.example\" }"), [])
    for (const name of ["Connection", "expect", "Keep-Alive", "TE", "upgrade"]) {
      assert.match(problemOf(`headers = { "${name}" = "a" }`)!, /^setting header "[A-Z][\w-]+" is not allowed$/)
    }
  })

  it("has the arguments of an HTTP client, with their rules", () => {
    const { endpoint } = decoded(
      "endpoint {\nurl = \"http://profiles.example\"\nproxy_url = \"http://proxy.example\"\ntls_config { }\n}"
    )
    assert.strictEqual(endpoint[0]?.proxy_url, "http://proxy.example")
    assert.strictEqual(endpoint[0]?.tls_config?.insecure_skip_verify, false)
    assert.deepStrictEqual(
      problems(url, "basic_auth { }", "bearer_token = \"t\"", "tls_config { cert_file = \"/c\" }"),
      [
        "5:16-5:18 at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured",
        "6:26-6:29 exactly one of key_pem or key_file must be configured when a client certificate is configured"
      ]
    )
    const userInfo = "url = \"http://user:hunter2@profiles.example\""
    assert.deepStrictEqual(problems(userInfo, "basic_auth { }"), [
      "3:7-3:44 the user info of the URL would be ignored beside basic_auth: configure one of them"
    ])
    assert.deepStrictEqual(problems(userInfo, "bearer_token = \"\""), [])
    assert.deepStrictEqual(problems(url, "basic_auth { }", "bearer_token = \"t\"", "no_proxy = \"*\""), [
      "5:16-5:18 at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured",
      "6:12-6:14 if no_proxy is configured, proxy_url must also be configured"
    ])
  })

  it("says of each of Alloy's other settings that it is not supported yet", () => {
    assert.strictEqual(
      problemOf("debug_info_upload_timeout = 1"),
      "attribute \"debug_info_upload_timeout\" is not supported by pyroduct yet"
    )
    const tracing = decode("tracing { }")
    assert(Result.isFailure(tracing))
    assert.deepStrictEqual(tracing.failure.map(problem), [
      "2:1-2:11 block \"tracing\" is not supported by pyroduct yet"
    ])
  })

  it("finds the problems of all endpoints at once", () => {
    assert.deepStrictEqual(
      problems(
        "min_backoff_period = \"5\"",
        "urll = \"http://profiles.example\"",
        "}",
        "endpoint {",
        "url = \"profiles.example\"",
        "remote_timeout = \"0s\"",
        "}",
        "endpoint {",
        url,
        "basic_auth { }",
        "bearer_token = \"t\""
      ),
      [
        "2:1-5:1 missing required attribute \"url\"",
        "3:22-3:24 \"5\" time: missing unit in duration",
        "4:1-4:32 unrecognized attribute name \"urll\"; did you mean \"url\"?",
        "7:7-7:24 \"***\" must be an absolute URL such as \"https://profiles.example\"",
        "8:18-8:21 \"0s\" must be greater than 0",
        "13:16-13:18 at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"
      ]
    )
  })
})

describe("Write.layer", () => {
  it.effect("delivers what an application pushes to all endpoints of its options", () =>
    Effect.gen(function*() {
      const { push, requests } = yield* delivering
      const outcomes = yield* push({
        endpoint: [{ url: "http://one.example/prefix/" }, { url: "http://two.example" }],
        external_labels: { region: "north", zone: "a" }
      })
      assert.deepStrictEqual(outcomes, [
        { _tag: "Delivered", endpoint: "http://one.example/prefix/" },
        { _tag: "Delivered", endpoint: "http://two.example" }
      ])
      assert.sameMembers(requests.map(({ method, url }) => `${method} ${url.href}`), [
        "POST http://one.example/prefix/push.v1.PusherService/Push",
        "POST http://two.example/push.v1.PusherService/Push"
      ])
      for (const { body } of requests) {
        const [series] = Result.getOrThrow(PushV1.decode(body))
        assert.deepStrictEqual(series?.labels, [["__name__", "memory"], ["region", "north"], ["zone", "a"]])
        assert.deepStrictEqual(series?.samples, [{ id: "1", profile: Buffer.from([1, 2]) }])
      }
    }))

  it.effect("succeeds without endpoints", () =>
    Effect.gen(function*() {
      const { push, requests } = yield* delivering
      assert.deepStrictEqual(yield* push({}), [])
      assert.deepStrictEqual(requests, [])
    }))

  it.effect("authenticates as it is told, and not at all with an empty token", () =>
    Effect.gen(function*() {
      const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`
      const password = Redacted.make("päss:word")
      const cases: ReadonlyArray<
        readonly [Omit<NonNullable<Write.Options["endpoint"]>[0], "url">, string | undefined]
      > = [
        [{}, undefined],
        [{ bearer_token: Redacted.make("token") }, "Bearer token"],
        [{ bearer_token: Redacted.make("") }, undefined],
        [{ basic_auth: { username: "user", password } }, basic("user:päss:word")],
        [{ basic_auth: {}, bearer_token: Redacted.make("") }, basic(":")],
        [{ authorization: { type: "Token", credentials: Redacted.make("token") } }, "Token token"],
        [{ basic_auth: { password }, headers: { AUTHORIZATION: "Own" } }, "Own"]
      ]
      for (const [endpoint, expected] of cases) {
        const { push, requests } = yield* delivering
        yield* push({ endpoint: [{ url: "http://one.example", ...endpoint }] })
        assert.strictEqual(requests[0]?.headers["authorization"], expected)
      }
    }))

  it.effect("refuses an application's mistakes, and shows no secret", () =>
    Effect.gen(function*() {
      const { push } = yield* delivering
      const token = Redacted.make("hunter2")
      const mistakes = [
        [{ url: "profiles.example", bearer_token: token }, "must be an absolute URL"],
        [{ url: "http://one.example", basic_auth: { password: token }, bearer_token: token }, "at most one of"],
        [{ url: "http://one.example", remote_timeout: Duration.zero, bearer_token: token }, "must be greater than 0"],
        [{ url: "ftp://user:hunter2@one.example" }, "unsupported protocol scheme"]
      ] as const
      for (const [endpoint, message] of mistakes) {
        const error = yield* Effect.flip(push({ endpoint: [endpoint] }))
        assert.include(error.message, message)
        assert.notInclude(error.message, "hunter2")
      }
    }))
})

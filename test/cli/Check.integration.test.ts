import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdir, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import * as Certificates from "../support/certificates.ts"
import { temporaryDirectory } from "../support/engine.ts"
import { answering, makeBrokenProxy, makeHttpProxy } from "../support/proxies.ts"
import { answer, listening, makeWebServer, type Respond } from "../support/webServer.ts"
import { said } from "./commandLine.ts"

const json = (status: number, value: unknown): Respond =>
  answer(status, { "content-type": "application/json" }, JSON.stringify(value))

/** What Pyroscope says to a push without profiles. */
const pyroscope = json(400, { code: "invalid_argument", message: "no profiles received" })

/** What is said of a configuration of that text, each thing that was tried by itself. */
const checked = Effect.fnUntraced(function*(text: string, flags = ["--ports=false"]) {
  const directory = yield* temporaryDirectory
  const file = join(directory, "x.alloy")
  yield* Effect.promise(() => writeFile(file, text))
  const { isTaken, lines } = yield* said(["check", ...flags, file])
  const blocks = lines.join("\n").replace(/answers in \d+ ms/g, "answers in N ms").split(/\n(?=\S)/)
  return { isTaken, blocks, left: yield* Effect.promise(() => readdir(directory)) }
})

const writing = (...endpoints: ReadonlyArray<string>) =>
  `pyroscope.write "x" {\n${endpoints.map((endpoint) => `endpoint {\n${endpoint}\n}`).join("\n")}\n}`

describe("pyroduct check", () => {
  it.live("sends a push without profiles and with the credentials, and takes Pyroscope's word for that", () =>
    Effect.gen(function*() {
      const server = yield* makeWebServer(pyroscope)
      const tokens = yield* makeWebServer(json(200, { access_token: "abc" }))
      const proxy = yield* makeHttpProxy()
      const { blocks, isTaken, left } = yield* checked(writing(
        `url = "${server.url}/prefix"\nbasic_auth {\nusername = "ann"\npassword = "s3cret"\n}`,
        `url = "${server.url}"\noauth2 {\nclient_id = "me"\nclient_secret = "s"\ntoken_url = "${tokens.url}"\n}`,
        `url = "http://profiles.invalid:${server.port}"\nproxy_url = "http://127.0.0.1:${proxy.port}"`
      ))
      assert.deepStrictEqual(blocks, [
        `ok      pyroscope.write.x  ${server.url}/prefix: it takes pushes, and answers in N ms`,
        `ok      pyroscope.write.x  ${server.url}: it takes pushes, and answers in N ms`,
        `ok      pyroscope.write.x  http://profiles.invalid:${server.port}: it takes pushes, and answers in N ms`
      ])
      assert.isTrue(isTaken)
      assert.deepStrictEqual(left, ["x.alloy"])
      const path = "/push.v1.PusherService/Push"
      assert.sameMembers(server.requests.map(({ path }) => path), [`/prefix${path}`, path, path])
      assert.includeMembers(server.requests.map(({ headers }) => headers.authorization), [
        `Basic ${btoa("ann:s3cret")}`,
        "Bearer abc"
      ])
      for (const { body, headers, method } of server.requests) {
        assert.deepInclude({ method, length: body.length, type: headers["content-type"] }, {
          method: "POST",
          length: 0,
          type: "application/proto"
        })
      }
    }))

  it.live("says of each endpoint how far it got, why no further, and what to do", () =>
    Effect.gen(function*() {
      const at = (respond: Respond) => Effect.map(makeWebServer(respond), ({ url }) => url)
      const authority = yield* Effect.promise(() => Certificates.authority())
      const { certificate, key } = yield* Effect.promise(() => Certificates.issue(authority, { addresses: [] }))
      const tls = yield* makeWebServer(pyroscope, { cert: certificate, key })
      const unauthorized = yield* at(answer(401))
      const plain = yield* at(pyroscope)
      const page = yield* at(answer(200, { "content-type": "text/html" }, "<html>"))
      const other = yield* at(answer(400, {}, "what?"))
      const login = yield* at((response, { path }) =>
        path === "/login"
          ? answer(200)(response, undefined!)
          : answer(302, { location: "/login" })(response, undefined!)
      )
      const tokens = yield* at(json(401, { error: "invalid_client" }))
      const refusing = yield* makeBrokenProxy(answering("HTTP/1.1 403 Forbidden"))
      const { blocks, isTaken } = yield* checked(
        writing(
          `url = "${unauthorized}"\nbearer_token = "t0ken"`,
          `url = "${tls.url}"\ntls_config {\nca_pem = ${JSON.stringify(authority.certificate)}\n}`,
          `url = "${tls.url}"`,
          `url = "${tls.url.replace("https:", "http:")}"`,
          `url = "${plain.replace("http:", "https:")}"`,
          `url = "${page}"`,
          `url = "${other}"`,
          `url = "${login}"`,
          `url = "${plain}"\noauth2 {\nclient_id = "me"\nclient_secret = "s"\ntoken_url = "${tokens}"\n}`,
          `url = "https://profiles.invalid"\nproxy_url = "http://user:pa55@127.0.0.1:${refusing}"`
        )
      )
      assert.isFalse(isTaken)
      const scheme = "correct the scheme or the port of the URL"
      const expected: ReadonlyArray<readonly [url: string, how: string, step: string, reason: RegExp, remedy: string]> =
        [
          [unauthorized, ", with a token", "the credentials", /the server answered 401/, "correct basic_auth, "],
          [
            tls.url,
            "",
            "the TLS handshake",
            /\(ERR_TLS_CERT_ALTNAME_INVALID\)/,
            "use the certificate's name in the URL, "
          ],
          [tls.url, "", "the TLS handshake", /\(UNABLE_TO_\w+\)/, "set ca_file to the authority's certificate; "],
          [
            tls.url.replace("https:", "http:"),
            "",
            "the connection",
            /\((UND_ERR_SOCKET|ECONNRESET)\)/,
            "where the server speaks TLS, "
          ],
          [plain.replace("http:", "https:"), "", "the TLS handshake", /\(ERR_SSL_\w+\)/, scheme],
          [
            page,
            "",
            "the answer",
            /^the server answered 200 with text\/html$/,
            "correct the URL: it is no Pyroscope's"
          ],
          [other, "", "the answer", /^the server answered 400: what\?$/, "correct the URL: it is no Pyroscope's"],
          [login, "", "the answer", /made a GET of the push/, "write the URL where the server is. A login page "],
          [plain, ", with a token of OAuth 2.0", "the token endpoint", /invalid_client/, "correct client_id, "],
          [
            "https://profiles.invalid",
            `, by the proxy http://127.0.0.1:${refusing}`,
            "the proxy",
            / 403/,
            "have the proxy allow "
          ]
        ]
      assert.strictEqual(blocks.pop(), `Error: ${expected.length} of ${expected.length} failed`)
      for (const [index, [url, how, step, reason, remedy]] of expected.entries()) {
        const [first, second = "", third = ""] = blocks[index]!.split("\n")
        assert.match(first!, new RegExp(`^failed  pyroscope.write.x  ${url}( \\(\\d\\))?$`))
        const [, tried, found = ""] = /^ {8}a push without profiles(.*), failed at (.*)$/.exec(second)!
        assert.strictEqual(tried!.replace(", without credentials", ""), how)
        assert.isTrue(found.startsWith(`${step}: `), found)
        assert.match(found.slice(step.length + 2), reason)
        assert.isTrue(third.startsWith(`        what to do: ${remedy}`), third)
      }
      assert.notMatch(blocks.join("\n"), /t0ken|pa55/)
    }))

  it.live("waits for an answer as long as it is told", () =>
    Effect.gen(function*() {
      const { url } = yield* makeWebServer(() => {})
      const { blocks } = yield* checked(writing(`url = "${url}"`), ["--ports=false", "--timeout=50ms"])
      assert.include(
        blocks[0]!,
        "failed at the answer: no answer within 50ms\n        what to do: find what is slow; raise --timeout"
      )
    }))

  it.live("evaluates blocks as a run does, and starts none of them", () =>
    Effect.gen(function*() {
      const server = yield* makeWebServer(pyroscope)
      const remote = yield* makeWebServer(answer(200, {}, server.url))
      const taken = yield* listening(createServer())
      const { blocks, isTaken, left } = yield* checked(
        `remote.http "url" { url = "${remote.url}" }
        pyroscope.receive_http "in" {
          http {
            listen_address = "127.0.0.1"
            listen_port = ${taken}
          }
          forward_to = [pyroscope.write.x.receiver]
        }
        pyroduct.sink "s" {
          http { listen_port = 0 }
          directory = "profiles"
        }
        pyroduct.self_profile "me" { forward_to = [pyroscope.write.x.receiver] }
        ${writing("url = remote.http.url.content", `url = "http://localhost:${taken}"`)}`,
        ["--server.http.listen-addr=127.0.0.1:0"]
      )
      const port = `127.0.0.1:${taken}`
      assert.deepStrictEqual(blocks, [
        "ok      the engine's own server  127.0.0.1:0: the port is free",
        "ok      remote.http.url  its server: it answers",
        [
          `failed  pyroscope.receive_http.in  ${port}`,
          `        listening, for a moment, failed at the port: cannot listen on ${port}: address already in use`,
          "        what to do: end what listens there, or choose another port; beside a running engine, --ports=false"
        ].join("\n"),
        "ok      pyroduct.sink.s  127.0.0.1:0: the port is free",
        `ok      pyroscope.write.x  ${server.url}: it takes pushes, and answers in N ms`,
        `ok      pyroscope.write.x  http://localhost:${taken}: this configuration listens there itself`,
        "Error: 1 of 6 failed"
      ])
      assert.isFalse(isTaken)
      assert.deepStrictEqual(left, ["x.alloy"])
    }))

  it.live("asks targets for the profiles that take no time", () =>
    Effect.gen(function*() {
      const profile = answer(200, { "content-type": "application/octet-stream" }, "\u0008\u0001\u0008\u0001")
      const well = yield* makeWebServer(profile)
      const ill = yield* makeWebServer((response, received) =>
        (received.path.endsWith("/mutex") ? answer(404, {}, "no mutexes") : profile)(response, received)
      )
      const targets = [well, ill].map(({ port }) => `{ __address__ = "127.0.0.1:${port}" }`)
      const { blocks, isTaken } = yield* checked(
        `pyroscope.scrape "s" {
          targets = [${targets.join(", ")}, { __address__ = "agent.internal:12345" }, {}]
          forward_to = []
        }`
      )
      assert.isFalse(isTaken)
      assert.deepStrictEqual(blocks, [
        [
          "failed  pyroscope.scrape.s  target 3",
          "        the target, failed at the settings: no address",
          "        what to do: correct the target"
        ].join("\n"),
        `ok      pyroscope.scrape.s  ${well.url}: it has its profiles; those that take time were not tried`,
        [
          `failed  pyroscope.scrape.s  ${ill.url}`,
          `        profiles that take no time, failed at the answer: ${ill.url}/debug/pprof/mutex: ` +
          "server returned HTTP status (404) no mutexes",
          "        what to do: disable the block of the profile that the target has not"
        ].join("\n"),
        "Error: 2 of 3 failed"
      ])
    }))

  it.live("tries what there is when a block cannot be built, and says why it cannot", () =>
    Effect.gen(function*() {
      const server = yield* makeWebServer(pyroscope)
      const { blocks, isTaken } = yield* checked(
        `local.file "f" { filename = "/nowhere/x" }\n${writing(`url = "${server.url}"`)}`
      )
      assert.isFalse(isTaken)
      const text = blocks.join("\n")
      assert.match(text, /Failed to build component: .*\/nowhere\/x/)
      assert.match(text, /^ok {6}pyroscope.write.x /m)
      assert.match(text, /^Error: not all blocks could be built, and be tried$/m)
    }))
})

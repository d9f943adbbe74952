import { assert, describe } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { gzipSync } from "node:zlib"
import * as Authentication from "../../src/transport/Authentication.ts"
import { defaults } from "../../src/transport/Transport.ts"
import { makeHttpProxy } from "../support/proxies.ts"
import { trusted } from "../support/servers.ts"
import { makeWebServer } from "../support/webServer.ts"
import { connectTo, inline, live, push } from "./connecting.ts"

/** The text of a header's bytes: Node gives a character for each. */
const textOf = (value: string | ReadonlyArray<string> | undefined) =>
  Buffer.from(String(value), "latin1").toString("utf8")

const word = "Z\u00fcrich \u20ac \u{1f525}"

describe("A text beyond ASCII goes out as UTF-8", () => {
  for (const http2 of [false, true]) {
    live(`in headers and credentials, over HTTP/${http2 ? "2" : "1.1"}`, () =>
      Effect.gen(function*() {
        const { requests, url } = yield* makeWebServer(undefined, trusted)
        const headers = { "x-one": word, "x-list": [word, "a"], "user-agent": `agent of ${word}` }
        const { send } = yield* connectTo(url, { http2, headers, authentication: Authentication.token(inline(word)) })
        yield* send(push())
        const received = requests[0]!.headers
        assert.strictEqual(requests[0]!.version, http2 ? "2.0" : "1.1")
        assert.strictEqual(textOf(received["x-one"]), word)
        assert.strictEqual(textOf(received["x-list"]), `${word}, a`)
        assert.strictEqual(textOf(received["user-agent"]), `agent of ${word}`)
        assert.strictEqual(textOf(received.authorization), `Bearer ${word}`)
      }))
  }

  live("in basic auth, and in what only a proxy gets", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* makeWebServer(undefined, trusted)
      const { port, seen } = yield* makeHttpProxy()
      const { send } = yield* connectTo(url, {
        authentication: Authentication.basic(word, inline(word)),
        proxy: {
          ...defaults.proxy,
          url: `http://localhost:${port}`,
          connectHeaders: { "x-proxy": [Redacted.make(word), Redacted.make("a")] }
        }
      })
      yield* send(push())
      const credentials = requests[0]!.headers.authorization!.replace("Basic ", "")
      assert.strictEqual(Buffer.from(credentials, "base64").toString("utf8"), `${word}:${word}`)
      assert.strictEqual(textOf(seen[0]?.headers["x-proxy"]), `${word}, a`)
    }))

  live("in a token, and a token endpoint may compress its answer", () =>
    Effect.gen(function*() {
      const token = "t\u00f6ken"
      const { requests, url } = yield* makeWebServer()
      const provider = yield* makeWebServer((response) =>
        void response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" })
          .end(gzipSync(JSON.stringify({ access_token: token })))
      )
      const { send } = yield* connectTo(url, {
        authentication: {
          _tag: "OAuth2",
          clientId: "pusher",
          clientSecret: inline("s3cret"),
          tokenUrl: provider.url,
          scopes: [],
          endpointParams: {},
          tls: defaults.tls,
          proxy: defaults.proxy
        }
      })
      yield* send(push())
      assert.strictEqual(textOf(requests[0]!.headers.authorization), `Bearer ${token}`)
    }))
})

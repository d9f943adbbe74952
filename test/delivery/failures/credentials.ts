import { Duration, Effect, Redacted } from "effect"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { answering, makeHttpProxy, socksReply } from "../../support/proxies.ts"
import { answer, makeWebServer, type Respond } from "../../support/webServer.ts"
import { brokenProxy, nowhere, row, server, type Settings, socksProxy, unreached } from "./failure.ts"
import { good } from "./tls.ts"

const user = { username: "user", password: "password" }

const proxyOf = (url: string) =>
  Effect.map(makeHttpProxy({ user }), ({ port }) => ({ url, proxy_url: `http://localhost:${port}` }))

const connectAnswered = (status: string) => brokenProxy(answering(`HTTP/1.1 ${status}`))

/** A file of that text, or none. */
const tokenFile = (text: string | Uint8Array | undefined) =>
  Effect.gen(function*() {
    const directory = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "pyroduct-"))),
      (path) => Effect.promise(() => rm(path, { recursive: true }))
    )
    const path = join(directory, "token")
    if (text !== undefined) yield* Effect.promise(() => writeFile(path, text))
    return { ...unreached, bearer_token_file: path }
  })

const tokensAt = (token_url: string, settings: Settings = unreached): Settings => ({
  ...settings,
  oauth2: { client_id: "me", client_secret: Redacted.make("secret"), token_url }
})

const tokensFrom = (respond: Respond) => Effect.map(makeWebServer(respond), ({ url }) => tokensAt(url))

const json = (status: number, value: unknown): Respond =>
  answer(status, { "content-type": "application/json" }, JSON.stringify(value))

const tokenThatIsRefused = Effect.gen(function*() {
  const tokens = yield* makeWebServer(json(200, { access_token: "abcdef" }))
  return tokensAt(tokens.url, yield* server(answer(401)))
})

export const credentials = [
  row("the server answers 401 or 403", {
    "401": [server(answer(401, {}, "who are you?")), { source: "server", status: 401, detail: "who are you?" }],
    "403": [server(answer(403)), { source: "server", status: 403, detail: "" }]
  }),
  row("the proxy answers 407, or its SOCKS5 takes no such user", {
    "for a URL without TLS": [proxyOf("http://profiles.invalid"), { source: "proxy", status: 407 }, /proxy http:/],
    "for a URL with TLS": [proxyOf("https://profiles.invalid"), { source: "proxy", status: 407 }, /proxy http:/],
    "SOCKS5": [socksProxy({ user }), { source: "proxy", status: 407 }, /proxy socks5:/]
  }),
  row("the proxy answers 401 or 403 to CONNECT, or its SOCKS5 does not allow it", {
    "401": [connectAnswered("401 Unauthorized"), { source: "proxy", status: 401 }, /proxy http:/],
    "403": [connectAnswered("403 Forbidden"), { source: "proxy", status: 403 }, /proxy http:/],
    "SOCKS5": [socksProxy({ reply: socksReply.notAllowed }), { source: "proxy", status: 403 }, /proxy socks5:/]
  }),
  row("a credential or certificate file cannot be read, is empty, is no UTF-8, or does not hold what it should", {
    "missing": [tokenFile(undefined), { source: "credential file", status: undefined }, /no such file or directory$/],
    "empty": [tokenFile(" \n"), { source: "credential file", status: undefined }, /is empty$/],
    "Latin-1": [
      tokenFile(Buffer.from("t\u00f6ken", "latin1")),
      { source: "credential file", status: undefined },
      /is not UTF-8$/
    ],
    "two lines": [tokenFile("one\ntwo"), { source: "credential file", status: undefined }, /header cannot carry$/]
  }),
  row("the token endpoint does not answer, or answers 408, 429, 5xx or what holds no token", {
    "down": [
      Effect.map(nowhere, (address) => tokensAt(`http://${address}`)),
      { source: "token endpoint", status: undefined },
      /ECONNREFUSED/
    ],
    "silent": [
      Effect.map(tokensFrom(() => {}), (settings) => ({ ...settings, remote_timeout: Duration.millis(50) })),
      { source: "token endpoint", status: undefined },
      /did not answer: no answer within 50ms \(ETIMEDOUT\)$/
    ],
    "408": [tokensFrom(answer(408)), { source: "token endpoint", status: 408 }],
    "429": [tokensFrom(answer(429)), { source: "token endpoint", status: 429 }],
    "503": [tokensFrom(answer(503)), { source: "token endpoint", status: 503 }],
    "no token": [tokensFrom(json(200, {})), { source: "token endpoint", status: 200 }, /without an access_token/]
  }),
  row("the token endpoint refuses the client, or is not trusted", {
    "refuses": [
      tokensFrom(json(401, { error: "invalid_client" })),
      { source: "token endpoint", status: 401 },
      /invalid_client/
    ],
    "not trusted": [
      Effect.map(server(answer(200), {}, good), ({ url }) => tokensAt(url)),
      { source: "token endpoint", status: undefined },
      /UNABLE_TO_GET_ISSUER_CERT_LOCALLY/
    ]
  }),
  row("the server refuses a new token", {
    // The retry comes when there may be another token.
    "401": [
      Effect.map(tokenThatIsRefused, (settings) => ({ ...settings, min_backoff_period: Duration.millis(1100) })),
      { source: "server", status: 401 }
    ]
  }),
  row("there is no token yet, after one of these failures", {
    "a refused token": [
      tokenThatIsRefused,
      { source: "token endpoint", status: undefined },
      { message: /^the server does not take the tokens of the token endpoint/, isPaused: true }
    ],
    "a refused client": [
      tokensFrom(json(401, { error: "invalid_client" })),
      { source: "token endpoint", status: 401 },
      { message: /invalid_client$/, isPaused: true }
    ]
  })
].flat()

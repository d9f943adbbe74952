import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Redacted, type Scope } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server as ProxyServer } from "proxy-chain"
import { afterAll } from "vitest"
import * as Write from "../../src/components/pyroscope/Write.ts"
import { Receiver } from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import { Transport } from "../../src/transport/Transport.ts"
import * as Certificates from "../support/certificates.ts"
import * as IdentityProvider from "../support/identityProvider.ts"
import * as Push from "../support/push.ts"
import type { EndpointOptions } from "../support/rotating.ts"
import { makeTarget, type Target } from "../support/target.ts"

const directory = mkdtempSync(join(tmpdir(), "pyroduct-matrix-"))
afterAll(() => rmSync(directory, { recursive: true }))

const secret = "pass: wörd"
const password = Redacted.make(secret)
const token = "abc.DEF-123"
const passwordFile = join(directory, "password")
const tokenFile = join(directory, "token")
writeFileSync(passwordFile, `${secret}\n`)
writeFileSync(tokenFile, `${token}\n`)

const authority = await Certificates.authority()
const identity = await Certificates.issue(authority)
const clientAuthority = await Certificates.authority()
const client = await Certificates.issue(clientAuthority, { client: true, subject: "CN=a client" })

const basic = `Basic ${Buffer.from(`user:${secret}`).toString("base64")}`

interface Authentication {
  readonly name: string
  readonly endpoint: (provider: IdentityProvider.IdentityProvider) => Partial<EndpointOptions>
  /** In front of the host in the URL. */
  readonly userInfo?: string
  readonly header: string | undefined
  /** Over TLS. */
  readonly client?: string
}

const authentications: ReadonlyArray<Authentication> = [
  { name: "nothing", endpoint: () => ({}), header: undefined },
  { name: "user info", endpoint: () => ({}), userInfo: "user:pass%3A%20w%C3%B6rd@", header: basic },
  { name: "basic_auth", endpoint: () => ({ basic_auth: { username: "user", password } }), header: basic },
  {
    name: "basic_auth from a file",
    endpoint: () => ({ basic_auth: { username: "user", password_file: passwordFile } }),
    header: basic
  },
  {
    name: "bearer_token",
    endpoint: () => ({ bearer_token: Redacted.make(token) }),
    header: `Bearer ${token}`
  },
  { name: "bearer_token_file", endpoint: () => ({ bearer_token_file: tokenFile }), header: `Bearer ${token}` },
  {
    name: "authorization",
    endpoint: () => ({ authorization: { type: "Token", credentials: Redacted.make(token) } }),
    header: `Token ${token}`
  },
  {
    name: "oauth2",
    endpoint: ({ tokenUrl }) => ({
      oauth2: {
        client_id: IdentityProvider.clientId,
        client_secret: Redacted.make(IdentityProvider.secret),
        token_url: tokenUrl
      }
    }),
    header: "Bearer token-1"
  },
  {
    name: "a header of its own, before basic_auth",
    endpoint: () => ({ headers: { Authorization: "Custom 42" }, basic_auth: { username: "user", password } }),
    header: "Custom 42"
  },
  {
    name: "a client certificate",
    endpoint: () => ({
      tls_config: { cert_pem: client.certificate, key_pem: Redacted.make(client.key), ca_pem: authority.certificate }
    }),
    header: undefined,
    client: "CN=a client"
  }
]

interface Way {
  readonly name: string
  readonly scheme: "http" | "https"
  readonly http2?: boolean
  readonly enableHttp2?: boolean
  /** And what it sees of the request. */
  readonly proxy?: readonly [scheme: "http" | "https", seen: "whole" | "tunnel"]
  readonly isRedirected?: boolean
  readonly httpVersion: string
}

const ways: ReadonlyArray<Way> = [
  { name: "HTTP", scheme: "http", httpVersion: "1.1" },
  { name: "HTTPS as HTTP/1.1", scheme: "https", http2: false, httpVersion: "1.1" },
  { name: "HTTPS without HTTP/2", scheme: "https", enableHttp2: false, httpVersion: "1.1" },
  { name: "HTTPS as HTTP/2", scheme: "https", http2: true, httpVersion: "2.0" },
  { name: "an HTTP proxy to HTTP", scheme: "http", proxy: ["http", "whole"], httpVersion: "1.1" },
  { name: "an HTTP proxy to HTTPS", scheme: "https", proxy: ["http", "tunnel"], httpVersion: "2.0" },
  { name: "an HTTPS proxy to HTTP", scheme: "http", proxy: ["https", "whole"], httpVersion: "1.1" },
  { name: "an HTTPS proxy to HTTPS", scheme: "https", proxy: ["https", "tunnel"], httpVersion: "2.0" },
  { name: "a redirect on the same host", scheme: "https", isRedirected: true, httpVersion: "2.0" }
]

const makeProxy = (scheme: "http" | "https", seen: Array<string>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const options = {
        host: "127.0.0.1",
        port: 0,
        prepareRequestFunction: ({ isHttp }: { readonly isHttp: boolean }) => {
          seen.push(isHttp ? "whole" : "tunnel")
          return {}
        }
      }
      const proxy = new ProxyServer(
        scheme === "http"
          ? options
          : { ...options, serverType: "https", httpsOptions: { cert: identity.certificate, key: identity.key } }
      )
      await proxy.listen()
      return proxy
    }),
    (proxy) => Effect.promise(() => proxy.close(true))
  )

const profile = Uint8Array.from({ length: 50_000 }, (_, index) => index)

const push = Effect.fnUntraced(function*(endpoint: EndpointOptions) {
  const receiver = Context.get(yield* Layer.build(Write.layer({ endpoint: [endpoint] })), Receiver)
  const labels = Labels.make({ __name__: "memory", service_name: "shop" })
  return yield* (yield* receiver.push(Profile.series(labels, [{ id: "1", profile }]))).outcomes
})

const urlOf = ({ url }: Target, userInfo = ""): string => url.replace("//", `//${userInfo}`)

const live = <E>(name: string, test: Effect.Effect<void, E, Transport | Scope.Scope>) =>
  it.live(name, () => Effect.provide(test, [Transport.layer, Logger.layer([])]))

describe.each(authentications)("$name", ({ client, endpoint, header, userInfo }) => {
  for (const { enableHttp2 = true, http2 = true, httpVersion, isRedirected = false, name, proxy, scheme } of ways) {
    live(
      `by ${name}`,
      Effect.gen(function*() {
        const provider = yield* IdentityProvider.makeIdentityProvider()
        const target = yield* makeTarget(
          scheme === "http" ? {} : { identity, http2, ...(client !== undefined && { clientAuthority }) }
        )
        if (isRedirected) {
          target.judge(({ path }) =>
            path.startsWith("/old/")
              ? { status: 308, headers: { location: path.replace("/old/", "/new/") } }
              : { status: 200 }
          )
        }
        const seen: Array<string> = []
        const proxyUrl = proxy && `${proxy[0]}://localhost:${(yield* makeProxy(proxy[0], seen)).port}`
        const outcomes = yield* push({
          url: `${urlOf(target, userInfo)}${isRedirected ? "/old" : ""}`,
          tls_config: { ca_pem: authority.certificate },
          enable_http2: enableHttp2,
          ...(proxyUrl !== undefined && { proxy_url: proxyUrl }),
          ...endpoint(provider)
        })

        assert.deepStrictEqual(outcomes.map(({ _tag }) => _tag), ["Delivered"])
        assert.deepStrictEqual(seen, proxy === undefined ? [] : [proxy[1]])
        assert.deepStrictEqual(
          target.requests.all.map(({ path }) => path),
          isRedirected ? [`/old${Push.path}`, `/new${Push.path}`] : [Push.path]
        )
        for (const request of target.requests.all) {
          assert.strictEqual(request.headers.authorization, header)
          assert.strictEqual(request.httpVersion, httpVersion)
          assert.strictEqual(request.client, scheme === "https" ? client : undefined)
          const [sample] = Push.decode(request.body).flatMap(({ samples }) => samples)
          assert.isTrue(Buffer.from(profile).equals(sample!.profile))
        }
      })
    )
  }
})

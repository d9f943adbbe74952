import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Server as ProxyServer } from "proxy-chain"
import * as Certificates from "../support/certificates.ts"
import { lineOf, startEngine, temporaryDirectory } from "../support/engine.ts"
import { makeIdentityProvider, secret } from "../support/identityProvider.ts"
import { freePort } from "../support/ports.ts"
import { makePprof } from "../support/pprof.ts"
import * as Push from "../support/push.ts"
import { makeSink } from "../support/sink.ts"
import { makeTarget, type Received } from "../support/target.ts"

const config = (...endpoints: ReadonlyArray<string>): string => `
pyroscope.receive_http "sdk" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = 0
  }
  forward_to = [pyroscope.write.all.receiver]
}

pyroscope.write "all" {
${endpoints.map((lines) => `endpoint {\n${lines}\n}`).join("\n")}
}
`

const start = Effect.fnUntraced(function*(...endpoints: ReadonlyArray<string>) {
  const engine = yield* startEngine(config(...endpoints))
  return { engine, url: yield* engine.listening("pyroscope.receive_http.sdk") }
})

const makeFiles = Effect.map(temporaryDirectory, (directory) => (name: string, text: string): string => {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
})

const profile = makePprof({ gzip: true })

const samplesOf = ({ body }: Pick<Received, "body">) => Push.decode(body).flatMap(({ samples }) => samples)

const ids = (requests: ReadonlyArray<Pick<Received, "body">>): ReadonlyArray<string> =>
  requests.flatMap(samplesOf).map(({ id }) => id)

describe("the ways to an endpoint, as they are configured", () => {
  it.live("may be all there are at once, and no secret of theirs is told", () =>
    Effect.gen(function*() {
      const file = yield* makeFiles
      const [servers, providers, clients] = yield* Effect.promise(() =>
        Promise.all([Certificates.authority(), Certificates.authority(), Certificates.authority()])
      )
      const identity = yield* Effect.promise(() => Certificates.issue(servers, { names: ["profiles.example"] }))
      const client = yield* Effect.promise(() => Certificates.issue(clients, { client: true, subject: "CN=a client" }))
      const provider = yield* makeIdentityProvider({
        identity: yield* Effect.promise(() => Certificates.issue(providers))
      })
      const target = yield* makeTarget({ identity, clientAuthority: clients, http2: true })
      target.judge(({ headers, path }) => {
        if (!provider.isGood(headers.authorization)) return { status: 401 }
        return path.startsWith("/old/")
          ? { status: 307, headers: { location: path.replace("/old/", "/new/") } }
          : { status: 200 }
      })
      const tunnels: Array<string> = []
      const proxy = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const proxy = new ProxyServer({
            host: "127.0.0.1",
            port: 0,
            prepareRequestFunction: ({ hostname, password, port, request, username }) => {
              tunnels.push(`${hostname}:${port} ${request.headers["x-via"]}`)
              return { requestAuthentication: username !== "proxied" || password !== "by us" }
            }
          })
          await proxy.listen()
          return proxy
        }),
        (proxy) => Effect.promise(() => proxy.close(true))
      )
      const proxied = `
        proxy_url            = "http://proxied:by%20us@localhost:${proxy.port}"
        proxy_connect_header = { "X-Via" = ["an engine"] }
      `
      const { engine, url } = yield* start(`
        url                = "${target.url}/old"
        headers            = { "X-Scope-OrgID" = "tenant" }
        http_headers       = { "X-Team" = ["red team", "blue team"] }
        remote_timeout     = "5s"
        enable_http2       = true
        follow_redirects   = true
        ${proxied}
        tls_config {
          ca_file     = "${file("ca.pem", servers.certificate)}"
          cert_file   = "${file("cert.pem", client.certificate)}"
          key_file    = "${file("key.pem", client.key)}"
          server_name = "profiles.example"
          min_version = "TLS13"
        }
        oauth2 {
          client_id          = "a client: 100%"
          client_secret_file = "${file("secret", `${secret}\n`)}"
          token_url          = "${provider.tokenUrl}?realm=one"
          scopes             = ["profiles:write", "metrics"]
          endpoint_params    = { audience = "a server" }
          ${proxied}
          tls_config {
            ca_pem = ${JSON.stringify(providers.certificate)}
          }
        }
      `)
      for (const id of ["1", "2", "3"]) assert.strictEqual((yield* Push.push(url, id, profile)).status, 200)

      const requests = yield* target.requests.until((all) => all.filter(({ status }) => status === 200).length >= 3)
      const taken = requests.filter(({ path }) => path === `/new${Push.path}`)
      assert.sameMembers([...ids(taken)], ["1", "2", "3"])
      assert.strictEqual(requests.length, 2 * taken.length, "each was redirected")
      for (const request of requests) {
        assert.isTrue(Buffer.from(profile).equals(samplesOf(request)[0]!.profile))
        assert.strictEqual(request.httpVersion, "2.0")
        assert.strictEqual(request.client, "CN=a client")
        const { authorization, "x-scope-orgid": tenant, "x-team": team, "x-via": via } = request.headers
        assert.deepStrictEqual({ authorization, team, tenant, via }, {
          authorization: "Bearer token-1",
          team: "red team, blue team",
          tenant: "tenant",
          via: undefined
        })
      }
      const [asked, ...others] = provider.requests.all
      assert.deepStrictEqual(others, [])
      assert.strictEqual(asked!.path, "/oauth2/token?realm=one")
      assert.deepStrictEqual(Object.fromEntries(asked!.form), {
        grant_type: "client_credentials",
        scope: "profiles:write metrics",
        audience: "a server"
      })
      assert.deepStrictEqual(tunnels, [
        `${new URL(provider.tokenUrl).host} an engine`,
        `${new URL(target.url).host} an engine`
      ])

      // What goes wrong is told, and quotes what a server says.
      provider.revoke()
      provider.changeSecret("another")
      yield* Push.push(url, "4", profile)
      yield* lineOf(engine.log, ({ err }) => /^the token endpoint \S+ answered 401: invalid_client/.test(String(err)))
      yield* Push.push(url, "5", profile)
      const told = JSON.stringify(engine.log.all) +
        (yield* Effect.promise(async () => (await fetch(`${engine.url}/metrics`)).text()))
      for (const word of [secret, "by us", "by%20us", "token-1", "red team", "an engine", client.key]) {
        assert.notInclude(told, word)
      }
    }))

  it.live("do not hold back one another when TLS fails, and recover when a file does", () =>
    Effect.gen(function*() {
      const file = yield* makeFiles
      const [servers, others] = yield* Effect.promise(() =>
        Promise.all([Certificates.authority(), Certificates.authority()])
      )
      const identity = yield* Effect.promise(() => Certificates.issue(servers))
      const healthy = yield* makeTarget({ identity, http2: true })
      const unknown = yield* makeTarget({ identity, http2: true })
      const outdated = yield* makeTarget({ identity, tls: { maxVersion: "TLSv1.2" } })
      const ca = file("ca.pem", servers.certificate)
      const wrongCa = file("wrong.pem", others.certificate)
      const { engine, url } = yield* start(
        `url = "${unknown.url}"\ntls_config {\nca_file = "${wrongCa}"\n}`,
        `url = "${outdated.url}"\ntls_config {\nca_file = "${ca}"\nmin_version = "TLS13"\n}`,
        `url = "${healthy.url}"\ntls_config {\nca_file = "${ca}"\nmin_version = "TLS13"\n}`
      )
      const sent = Array.from({ length: 20 }, (_, n) => String(n))
      for (const id of sent) assert.strictEqual((yield* Push.push(url, id, profile)).status, 200)
      assert.sameMembers([...ids(yield* healthy.requests.atLeast(20))], sent)
      const failureOf = (endpoint: string) =>
        Effect.map(
          lineOf(engine.log, (line) => line["msg"] === "pushes failed" && line["endpoint"] === endpoint),
          ({ err }) => err
        )
      assert.strictEqual(
        yield* failureOf(unknown.url),
        "TLS: unable to get local issuer certificate (UNABLE_TO_GET_ISSUER_CERT_LOCALLY)"
      )
      assert.strictEqual(
        yield* failureOf(outdated.url),
        "TLS: tlsv1 alert protocol version (ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION)"
      )
      assert.deepStrictEqual([...unknown.requests.all, ...outdated.requests.all], [])

      file("wrong.pem", servers.certificate)
      yield* Push.push(url, "last", profile)
      // Nothing of what waited was given up.
      yield* unknown.requests.until((requests) => [...sent, "last"].every((id) => ids(requests).includes(id)))
    }))

  it.live("leave out a proxy as they are told", () =>
    Effect.gen(function*() {
      const sink = yield* makeSink
      const port = yield* Effect.promise(freePort)
      const { url } = yield* start(`
        url       = "${sink.url}"
        proxy_url = "http://127.0.0.1:${port}"
        no_proxy  = "other.example,127.0.0.0/8"
      `)
      yield* Push.push(url, "1", profile)
      assert.deepStrictEqual(ids(yield* sink.taken.atLeast(1)), ["1"])
    }))

  it.live("with a file that is not there are said at the start, which goes on", () =>
    Effect.gen(function*() {
      const missing = join(yield* temporaryDirectory, "missing.pem")
      const { log } = yield* startEngine(
        config(`url = "https://profiles.example"\ntls_config {\nca_file = "${missing}"\n}`)
      )
      const { component_id, err } = yield* lineOf(log, ({ msg }) => msg === `cannot use file ${missing}`)
      assert.deepStrictEqual([component_id, err], [
        "pyroscope.write.all",
        `unable to read CA cert: unable to read file ${missing}: no such file or directory`
      ])
    }))
})

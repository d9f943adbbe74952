import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Redacted, Scope } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Http from "node:http"
import * as Https from "node:https"
import * as tls from "node:tls"
import * as BasicAuth from "../../src/server/BasicAuth.ts"
import * as Listener from "../../src/server/Listener.ts"
import * as OwnServer from "../../src/server/OwnServer.ts"
import * as ServerTls from "../../src/server/ServerTls.ts"
import * as Material from "../../src/transport/Material.ts"
import { authority, issue } from "../support/certificates.ts"
import { send } from "./client.ts"

const issuer = await authority()
const own = await issue(issuer)
const client = await issue(issuer, { client: true })
const stranger = await issue(await authority(), { client: true })

const inline = (text: string) => Material.inline(Redacted.make(text))

const settings: ServerTls.Settings = {
  certificate: inline(own.certificate),
  key: inline(own.key),
  clientCa: undefined,
  clientAuth: "NoClientCert",
  cipherSuites: [],
  curves: [],
  minVersion: undefined,
  maxVersion: undefined
}

const secured = (more: Partial<ServerTls.Settings> = {}) =>
  Effect.provide(ServerTls.make({ ...settings, ...more }), NodeFileSystem.layer)

const auth = (password: string) =>
  BasicAuth.make({ username: "admin", password: Redacted.make(password), paths: [], areProtected: true })

/** Answers with what the access makes of a request; `/slow` when it is told to. */
const serving = Effect.gen(function*() {
  const reached = yield* Deferred.make<void>()
  const released = yield* Deferred.make<void>()
  const server = yield* OwnServer.make(
    { ...Listener.defaults, host: "127.0.0.1", port: 0 },
    (access) =>
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        if (request.url === "/slow") {
          yield* Deferred.succeed(reached, undefined)
          yield* Deferred.await(released)
        }
        return HttpServerResponse.text(access.auth?.("/", request.headers["authorization"]) ?? "everybody")
      })
  )
  /** In force until its end. */
  const configure = Effect.fnUntraced(function*(access: OwnServer.Access) {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    yield* Scope.provide(server.configure(access), scope)
    return { end: Scope.close(scope, Exit.void) }
  })
  return { configure, reached: Deferred.await(reached), release: Deferred.succeed(released, undefined), server }
}).pipe(Effect.provide(Listener.Listener.layer))

const authorization = (password: string) => `Basic ${btoa(`admin:${password}`)}`

const ask = (port: number, options: Https.RequestOptions & { readonly isPlain?: boolean } = {}) =>
  Effect.callback<string>((resume) => {
    const { request } = options.isPlain === true ? Http : Https
    const asking = request(
      { host: "127.0.0.1", port, ca: issuer.certificate, agent: false, ...options },
      (response) => response.setEncoding("utf8").on("data", (text: string) => resume(Effect.succeed(text)))
    ).on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message))).end()
    return Effect.sync(() => asking.destroy())
  })

describe("OwnServer", () => {
  it.live("listens once it has an access, and is open only when it was said to be", () =>
    Effect.gen(function*() {
      const { configure, server } = yield* serving
      const agent = yield* Effect.acquireRelease(
        Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 1 })),
        (agent) => Effect.sync(() => agent.destroy())
      )
      const first = yield* configure({ auth: auth("one") })
      const { port } = yield* server.address
      const connections = new Set<number | undefined>()
      const verdict = Effect.fnUntraced(function*(password: string) {
        const headers = { authorization: authorization(password) }
        const answer = yield* send(`http://127.0.0.1:${port}`, { method: "GET", agent, headers })
        connections.add(answer.port)
        return answer.body
      })
      assert.deepStrictEqual([yield* verdict("one"), yield* verdict("two")], ["known", "refused"])
      // A changed block is there beside the old one, which then goes.
      const other = yield* configure({ auth: auth("two") })
      assert.deepStrictEqual([yield* verdict("one"), yield* verdict("two")], ["refused", "known"])
      yield* first.end
      assert.strictEqual(yield* verdict("two"), "known")
      // As on shutdown.
      yield* other.end
      assert.deepStrictEqual([yield* verdict("one"), yield* verdict("two")], ["refused", "known"])
      assert.strictEqual((yield* server.open).port, port)
      assert.strictEqual(yield* verdict("any"), "everybody")
      // It may be said before the last one has gone.
      const third = yield* configure({ auth: auth("three") })
      yield* server.open
      assert.strictEqual(yield* verdict("two"), "refused")
      yield* third.end
      assert.strictEqual(yield* verdict("any"), "everybody")
      // No connection was closed for all that.
      assert.strictEqual(connections.size, 1)
    }))

  it.live("falls back to the one before when the newest ends first", () =>
    Effect.gen(function*() {
      const { configure, server } = yield* serving
      yield* configure({ auth: auth("one") })
      const failed = yield* configure({ auth: auth("two") })
      yield* failed.end
      const { port } = yield* server.address
      assert.strictEqual(
        yield* ask(port, { isPlain: true, headers: { authorization: authorization("one") } }),
        "known"
      )
    }))

  it.live("goes over to TLS and back on its port, and answers the request that had it done", () =>
    Effect.gen(function*() {
      const { configure, reached, release, server } = yield* serving
      const { port } = yield* server.open
      const slow = yield* Effect.forkChild(ask(port, { isPlain: true, path: "/slow" }))
      yield* reached
      const first = yield* configure({ tls: yield* secured() })
      assert.strictEqual(yield* ask(port), "everybody")
      assert.strictEqual(yield* ask(port, { isPlain: true }), "ECONNRESET")
      yield* release
      assert.strictEqual(yield* Fiber.join(slow), "everybody")
      yield* server.open
      yield* first.end
      assert.strictEqual(yield* ask(port, { isPlain: true }), "everybody")
    }))

  it.live("asks clients for what it is to ask them for", () =>
    Effect.gen(function*() {
      const { configure, server } = yield* serving
      const identities = [{}, { cert: client.certificate, key: client.key }, {
        cert: stranger.certificate,
        key: stranger.key
      }]
      const isIn = (answer: string) => answer === "everybody"
      const expected: ReadonlyArray<readonly [ServerTls.ClientAuth, ReadonlyArray<boolean>]> = [
        ["NoClientCert", [true, true, true]],
        ["RequestClientCert", [true, true, true]],
        ["RequireAnyClientCert", [false, true, true]],
        ["VerifyClientCertIfGiven", [true, true, false]],
        ["RequireAndVerifyClientCert", [false, true, false]]
      ]
      for (const [clientAuth, verdicts] of expected) {
        const clientCa = clientAuth === "NoClientCert" ? undefined : inline(issuer.certificate)
        yield* configure({ tls: yield* secured({ clientAuth, clientCa }) })
        const { port } = yield* server.address
        for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
          const answers = yield* Effect.forEach(identities, (identity) => ask(port, { ...identity, maxVersion }))
          assert.deepStrictEqual(answers.map(isIn), verdicts, `${clientAuth} ${answers.join()}`)
        }
      }
    }))

  it.live("speaks the versions and ciphers that it is told, by Go's names", () =>
    Effect.gen(function*() {
      const { configure, server } = yield* serving
      const spoken = Effect.fnUntraced(function*(options: tls.ConnectionOptions) {
        const { port } = yield* server.address
        return yield* Effect.callback<string>((resume) => {
          const socket = tls.connect({ host: "127.0.0.1", port, ca: issuer.certificate, ...options }, () => {
            resume(Effect.succeed(`${socket.getProtocol()} ${socket.getCipher().name}`))
            socket.destroy()
          })
          socket.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(String(error.code))))
          return Effect.sync(() => socket.destroy())
        })
      })
      const cipherSuites = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
      yield* configure({ tls: yield* secured({ cipherSuites, curves: ["CurveP384"] }) })
      assert.strictEqual(yield* spoken({ maxVersion: "TLSv1.2" }), "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384")
      assert.match(yield* spoken({ ecdhCurve: "P-384" }), /^TLSv1.3 TLS_/)
      assert.match(yield* spoken({ ecdhCurve: "X25519" }), /^ERR_SSL/)
      yield* configure({ tls: yield* secured({ minVersion: "TLS13" }) })
      assert.match(yield* spoken({ maxVersion: "TLSv1.2" }), /^ERR_SSL/)
      yield* configure({ tls: yield* secured({ minVersion: "TLS10", maxVersion: "TLS12" }) })
      assert.match(yield* spoken({}), /^TLSv1.2/)
      assert.match(
        yield* spoken({ minVersion: "TLSv1", maxVersion: "TLSv1", ciphers: "DEFAULT:@SECLEVEL=0" }),
        /^TLSv1 /
      )
    }))

  it.live("gives new connections the certificate that is new, and leaves the others alone", () =>
    Effect.gen(function*() {
      const { configure, server } = yield* serving
      const next = yield* Effect.promise(() => issue(issuer))
      let current: ServerTls.Options = { clientAuth: "NoClientCert", context: { cert: own.certificate, key: own.key } }
      yield* configure({ tls: () => current })
      const { port } = yield* server.address
      const agent = new Https.Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 })
      yield* Effect.addFinalizer(() => Effect.sync(() => agent.destroy()))
      const serial = (keptAlive: boolean) =>
        Effect.callback<string>((resume) => {
          Https.get(
            { host: "127.0.0.1", port, ca: issuer.certificate, agent: keptAlive ? agent : false },
            (response) => {
              const { serialNumber } = (response.socket as tls.TLSSocket).getPeerCertificate()
              response.resume().on("end", () => resume(Effect.succeed(serialNumber)))
            }
          )
        })
      const first = yield* serial(true)
      current = { clientAuth: "NoClientCert", context: { cert: next.certificate, key: next.key } }
      assert.strictEqual(yield* serial(true), first)
      assert.notStrictEqual(yield* serial(false), first)
    }))
})

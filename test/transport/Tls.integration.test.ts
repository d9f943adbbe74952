import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type FileSystem, Redacted, type Scope } from "effect"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import * as tls from "node:tls"
import * as Material from "../../src/transport/Material.ts"
import * as Problems from "../../src/transport/Problems.ts"
import * as Tls from "../../src/transport/Tls.ts"
import * as Certificates from "../support/certificates.ts"

const authority = await Certificates.authority()
const other = await Certificates.authority()
const server = await Certificates.issue(authority, { names: ["profiles.example"] })
const client = await Certificates.issue(authority, { client: true, subject: "CN=a client" })

const inline = (text: string): Material.Source => Material.inline(Redacted.make(text))

/** A server on any free port, until the scope closes. It tells each client the name in the client's certificate. */
const listen = Effect.fnUntraced(function*(options: tls.TlsOptions) {
  const listener = tls.createServer(
    { cert: server.certificate, key: server.key, ciphers: "DEFAULT:@SECLEVEL=0", ...options },
    (socket) => socket.on("error", () => {}).end(socket.getPeerX509Certificate()?.subject ?? "nobody")
  )
  listener.listen(0, "127.0.0.1")
  yield* Effect.promise(() => once(listener, "listening"))
  yield* Effect.addFinalizer(() => Effect.sync(() => listener.close()))
  return (listener.address() as AddressInfo).port
})

/** The version that was agreed on and what the server said, or the code of the error. */
const connect = Effect.fnUntraced(function*(port: number, settings: Partial<Tls.Settings>) {
  const material = yield* Effect.provideService(
    Tls.material({ ...Tls.defaults, ca: inline(authority.certificate), ...settings }),
    Problems.Problems,
    yield* Problems.make
  )
  const { context, ...options } = yield* Effect.fromResult(material.current())
  return yield* Effect.callback<string>((resume) => {
    const socket = tls.connect({ ...options, secureContext: context(), host: "127.0.0.1", port })
    socket.on("data", (data) => resume(Effect.succeed(`${socket.getProtocol()} ${data}`)))
    socket.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(String(error.code))))
    return Effect.sync(() => socket.destroy())
  })
})

const refused = "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"

/** What comes of a server that has one version only, by `minVersion`. */
const agreements: ReadonlyArray<readonly [tls.SecureVersion, Readonly<Record<Tls.Version | "unset", string>>]> = [
  ["TLSv1", { TLS10: "TLSv1 nobody", TLS11: refused, TLS12: refused, TLS13: refused, unset: refused }],
  ["TLSv1.1", { TLS10: "TLSv1.1 nobody", TLS11: "TLSv1.1 nobody", TLS12: refused, TLS13: refused, unset: refused }],
  ["TLSv1.2", {
    TLS10: "TLSv1.2 nobody",
    TLS11: "TLSv1.2 nobody",
    TLS12: "TLSv1.2 nobody",
    TLS13: refused,
    unset: "TLSv1.2 nobody"
  }],
  ["TLSv1.3", {
    TLS10: "TLSv1.3 nobody",
    TLS11: "TLSv1.3 nobody",
    TLS12: "TLSv1.3 nobody",
    TLS13: "TLSv1.3 nobody",
    unset: "TLSv1.3 nobody"
  }]
]

const live = <E>(name: string, test: () => Effect.Effect<void, E, FileSystem.FileSystem | Scope.Scope>) =>
  it.live(name, () => Effect.provide(test(), NodeFileSystem.layer))

describe("A TLS connection", () => {
  for (const [version, expected] of agreements) {
    live(`to a server of ${version} is made as the least version allows`, () =>
      Effect.gen(function*() {
        const port = yield* listen({ minVersion: version, maxVersion: version })
        const actual = {
          TLS10: yield* connect(port, { minVersion: "TLS10" }),
          TLS11: yield* connect(port, { minVersion: "TLS11" }),
          TLS12: yield* connect(port, { minVersion: "TLS12" }),
          TLS13: yield* connect(port, { minVersion: "TLS13" }),
          unset: yield* connect(port, {})
        }
        assert.deepStrictEqual(actual, expected)
      }))
  }

  live("trusts each authority of a bundle, and no other", () =>
    Effect.gen(function*() {
      const port = yield* listen({})
      const bundle = `One\n${other.certificate}\nTwo\n${authority.certificate}`.replaceAll("\n", " \r\n")
      assert.strictEqual(yield* connect(port, { ca: inline(bundle) }), "TLSv1.3 nobody")
      assert.strictEqual(
        yield* connect(port, { ca: inline(other.certificate) }),
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
      )
      assert.strictEqual(
        yield* connect(port, { ca: inline(other.certificate), insecureSkipVerify: true }),
        "TLSv1.3 nobody"
      )
    }))

  live("is to the server of the given name or address", () =>
    Effect.gen(function*() {
      const port = yield* listen({})
      assert.strictEqual(yield* connect(port, { serverName: "profiles.example" }), "TLSv1.3 nobody")
      assert.strictEqual(yield* connect(port, { serverName: "127.0.0.1" }), "TLSv1.3 nobody")
      for (const serverName of ["other.example", "127.0.0.2"]) {
        assert.strictEqual(yield* connect(port, { serverName }), "ERR_TLS_CERT_ALTNAME_INVALID", serverName)
      }
    }))

  live("shows the client's certificate", () =>
    Effect.gen(function*() {
      const port = yield* listen({ requestCert: true, ca: authority.certificate })
      assert.strictEqual(
        yield* connect(port, { certificate: inline(client.certificate), key: inline(client.key) }),
        "TLSv1.3 CN=a client"
      )
      assert.strictEqual(yield* connect(port, {}), "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")
    }))
})

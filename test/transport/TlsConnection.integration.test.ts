import { assert, describe } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { type SecureVersion, type TlsOptions, TLSSocket } from "node:tls"
import type * as Tls from "../../src/transport/Tls.ts"
import * as Certificates from "../support/certificates.ts"
import { answer, authority, makeHttpServer, trusted } from "../support/servers.ts"
import { listening, makeWebServer } from "../support/webServer.ts"
import { connectTo, inline, live, push, verdictOf } from "./connecting.ts"

const day = 86_400_000
const expired = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }
const tooEarly = { notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 2 * day) }

const other = await Certificates.authority()

const server = async (options: Certificates.Options): Promise<TlsOptions> => {
  const { certificate: cert, key } = await Certificates.issue(authority, options)
  return { cert, key }
}
const servers = {
  trusted,
  expired: await server(expired),
  tooEarly: await server(tooEarly),
  named: await server({ names: ["profiles.example"], addresses: [] }),
  wildcard: await server({ names: ["*.profiles.example"], addresses: [] }),
  addressed: await server({ names: [], addresses: ["127.0.0.1"], subject: "CN=localhost" }),
  unnamed: await server({ names: [], addresses: [], subject: "CN=localhost" }),
  weak: { ...await server({ algorithm: "RSA-1024" }), ciphers: "DEFAULT:@SECLEVEL=0" }
}
const intermediate = await Certificates.authority({}, authority)
const { certificate: leaf, key: leafKey } = await Certificates.issue(intermediate)

const client = async (issuer: Certificates.Authority, subject: string): Promise<Partial<Tls.Settings>> => {
  const identity = await Certificates.issue(issuer, { client: true, subject })
  identities.push(identity)
  return { certificate: inline(identity.certificate), key: inline(identity.key) }
}
const identities: Array<Certificates.Identity> = []
const clients = {
  revoked: await client(authority, "CN=revoked"),
  known: await client(authority, "CN=known"),
  foreign: await client(other, "CN=foreign")
}
const crl = await Certificates.revoke(authority, identities.slice(0, 1))

interface Options {
  readonly tls?: Partial<Tls.Settings>
  /** In the URL. */
  readonly host?: string
  readonly http2?: boolean
  readonly bytes?: number
}

/** What comes of a push to that port of this machine. */
const pushTo = Effect.fnUntraced(function*(
  port: number,
  { bytes = 1000, host = "localhost", http2 = true, tls = {} }: Options = {}
) {
  const connection = yield* connectTo(`https://${host}:${port}`, { tls, http2 })
  return yield* verdictOf(connection.send(push(bytes)))
})

type Verdict = Effect.Success<ReturnType<typeof pushTo>>

const refused = (code: string): Verdict => ({ reason: "TlsError", code, concerns: "endpoint" })

/** A test that pushes to a server with these settings. */
const pushing = (name: string, server: TlsOptions, options: Options, expected: Verdict) =>
  live(name, () =>
    Effect.gen(function*() {
      const { port, requests } = yield* makeWebServer(undefined, server)
      assert.deepStrictEqual(yield* pushTo(port, options), expected)
      assert.strictEqual(requests.length, expected === undefined ? 1 : 0)
    }))

describe("A server's certificate", () => {
  const unknown = refused("UNABLE_TO_GET_ISSUER_CERT_LOCALLY")
  const misnamed = refused("ERR_TLS_CERT_ALTNAME_INVALID")
  const skip = { insecureSkipVerify: true }
  const foreign = { ca: inline(other.certificate) }

  pushing("is of the authority that is given", trusted, {}, undefined)
  pushing("is of another authority", trusted, { tls: foreign }, unknown)
  pushing("is of none that Node trusts by itself", trusted, { tls: { ca: undefined } }, unknown)
  pushing("has expired", servers.expired, {}, refused("CERT_HAS_EXPIRED"))
  pushing("is not valid yet", servers.tooEarly, {}, refused("CERT_NOT_YET_VALID"))
  pushing("has another name than the URL", servers.named, {}, misnamed)
  pushing(
    "has the name that is expected instead",
    servers.named,
    { tls: { serverName: "profiles.example" } },
    undefined
  )
  pushing("has a name for many", servers.wildcard, { tls: { serverName: "eu.profiles.example" } }, undefined)
  pushing("has another name than is expected", trusted, { tls: { serverName: "profiles.example" } }, misnamed)
  pushing("has the address of the URL", servers.addressed, { host: "127.0.0.1" }, undefined)
  pushing("has an address and not the name of the URL", servers.addressed, {}, misnamed)
  pushing("has a name and not the address of the URL", servers.named, { host: "127.0.0.1" }, misnamed)
  pushing("has the address that is expected", servers.addressed, { tls: { serverName: "127.0.0.1" } }, undefined)
  pushing("has another address than is expected", servers.addressed, { tls: { serverName: "127.0.0.2" } }, misnamed)
  pushing("has the name of the URL in its subject alone", servers.unnamed, {}, misnamed)
  pushing("has an address, and the name of the URL in its subject alone", servers.addressed, {}, misnamed)
  pushing("has too short a key", servers.weak, {}, refused("UNSPECIFIED"))
  for (
    const [what, given, expected] of [
      ["the root", authority.certificate, undefined],
      ["the intermediate one", intermediate.certificate, undefined],
      ["the certificate itself", leaf, undefined],
      ["another", other.certificate, unknown]
    ] as const
  ) {
    const chain = { cert: `${leaf}\n${intermediate.certificate}`, key: leafKey }
    pushing(
      `is of an intermediate authority, where ${what} is trusted`,
      chain,
      { tls: { ca: inline(given) } },
      expected
    )
  }
  pushing("is of another authority, which is all the same", trusted, { tls: { ...foreign, ...skip } }, undefined)
  pushing("has expired, which is all the same", servers.expired, { tls: skip }, undefined)
  pushing("has another name, which is all the same", servers.named, { tls: skip }, undefined)

  live("is asked for by the name that is expected", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* makeHttpServer(answer(200), servers.named)
      yield* pushTo(port, { tls: { serverName: "profiles.example" } })
      assert.strictEqual((sockets.all[0] as TLSSocket).servername, "profiles.example")
    }))

  live("is asked for without the dot at the end of a name", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* makeHttpServer(answer(200), trusted)
      const { send } = yield* connectTo(`https://localhost.:${port}`)
      assert.strictEqual((yield* send(push())).status, 200)
      assert.strictEqual((sockets.all[0] as TLSSocket).servername, "localhost")
    }))
})

/** The old ones need ciphers that OpenSSL counts as weak. */
const only = (version: SecureVersion): TlsOptions => ({
  minVersion: version,
  maxVersion: version,
  ...(version === "TLSv1.1" && { ciphers: "DEFAULT:@SECLEVEL=0" })
})

describe("A server's version of TLS", () => {
  const old = refused("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION")
  for (
    const [version, minVersion, expected] of [
      ["TLSv1.1", "TLS11", undefined],
      ["TLSv1.1", "TLS10", undefined],
      ["TLSv1.2", undefined, undefined],
      ["TLSv1.2", "TLS12", undefined],
      ["TLSv1.2", "TLS13", old],
      ["TLSv1.3", undefined, undefined],
      ["TLSv1.3", "TLS10", undefined],
      ["TLSv1.3", "TLS12", undefined],
      ["TLSv1.3", "TLS13", undefined]
    ] as const
  ) {
    const name = `is ${version}, and the least is ${minVersion ?? "not set"}`
    pushing(name, { ...trusted, ...only(version) }, { tls: { minVersion } }, expected)
  }

  live("may be too old for HTTP/2, which is not offered then", () =>
    Effect.gen(function*() {
      const { port, requests } = yield* makeWebServer(undefined, { ...trusted, ...only("TLSv1.1") })
      assert.isUndefined(yield* pushTo(port, { tls: { minVersion: "TLS11" } }))
      assert.deepStrictEqual(requests.map(({ version }) => version), ["1.1"])
    }))

  live("is none, because it speaks plain text", () =>
    Effect.gen(function*() {
      const { port, requests } = yield* makeHttpServer()
      assert.deepStrictEqual(yield* pushTo(port), refused("ERR_SSL_WRONG_VERSION_NUMBER"))
      assert.strictEqual(requests.all.length, 0)
    }))

  live("is not known, because it closes the connection instead", () =>
    Effect.gen(function*() {
      const port = yield* listening(createServer((socket) => socket.destroy()))
      assert.deepStrictEqual(yield* pushTo(port), { reason: "Unreachable", code: "ECONNRESET", concerns: "endpoint" })
    }))

  live("is not known, because it does not answer", () =>
    Effect.gen(function*() {
      const port = yield* listening(createServer(() => {}))
      const connection = yield* connectTo(`https://localhost:${port}`, { timeout: Duration.millis(200) })
      assert.deepStrictEqual(yield* verdictOf(connection.send(push())), { reason: "Timeout", concerns: "endpoint" })
    }))
})

describe("A client's certificate", () => {
  const asking: TlsOptions = {
    ...trusted,
    ca: authority.certificate,
    crl,
    requestCert: true,
    rejectUnauthorized: true
  }
  const ways: ReadonlyArray<Options> = [{ http2: true }, { http2: false }, { http2: true, bytes: 300_000 }]

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const way of ways) {
      const over = `${version} and ${way.http2 === true ? "HTTP/2" : "HTTP/1.1"}, ${way.bytes ?? 1000} bytes`
      const server = { ...asking, minVersion: version, maxVersion: version }
      pushing(`is known, over ${over}`, server, { ...way, tls: clients.known }, undefined)
      pushing(
        `is missing, over ${over}`,
        server,
        way,
        refused(
          version === "TLSv1.2"
            ? "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"
            : "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"
        )
      )
    }

    // Node's servers close the connection when they do not trust a certificate, and do not say why.
    for (const [what, tls] of [["revoked", clients.revoked], ["of another authority", clients.foreign]] as const) {
      live(`is ${what}, over ${version}, and the server does not say so`, () =>
        Effect.gen(function*() {
          const server = { ...asking, minVersion: version, maxVersion: version }
          const { port, requests } = yield* makeWebServer(undefined, server)
          assert.deepInclude(yield* pushTo(port, { tls }), { reason: "Unreachable", concerns: "endpoint" })
          assert.strictEqual(requests.length, 0)
        }))
    }
  }

  live("is what the server sees", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* makeHttpServer(answer(200), asking)
      assert.isUndefined(yield* pushTo(port, { tls: clients.known }))
      const [socket] = sockets.all
      assert.instanceOf(socket, TLSSocket)
      assert.strictEqual(socket.getPeerX509Certificate()?.subject, "CN=known")
    }))
})

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0

/** Says, as most servers do, why it does not trust a client. It never answers. */
const makeOpensslServer = Effect.fnUntraced(function*(...options: ReadonlyArray<string>) {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "pyroduct-openssl-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )
  const file = (name: string, text: unknown) =>
    Effect.promise(async () => {
      const path = join(folder, name)
      await writeFile(path, String(text))
      return path
    })
  const identity = yield* file("server.pem", `${trusted.cert}\n${trusted.key}`)
  const authorities = yield* file("authorities.pem", `${authority.certificate}\n${crl}`)
  const process = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(
        "openssl",
        `s_server -accept 127.0.0.1:0 -crl_check -Verify 1 -verify_return_error`.split(" ").concat(
          "-cert",
          identity,
          "-key",
          identity,
          "-CAfile",
          authorities,
          options
        ),
        { stdio: ["pipe", "pipe", "ignore"] }
      )
    ),
    (process) =>
      Effect.promise(async () => {
        process.kill()
        if (process.exitCode === null && process.signalCode === null) await once(process, "exit")
      })
  )
  return yield* Effect.promise(async () => {
    for await (const line of createInterface(process.stdout)) {
      const port = /^ACCEPT .*:(\d+)$/.exec(line)?.[1]
      if (port !== undefined) return Number(port)
    }
    throw new Error("openssl does not listen")
  })
})

describe.skipIf(!hasOpenssl)("A client's certificate, at a server of the command openssl", () => {
  const codes = [
    ["missing", {}, "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"],
    ["revoked", clients.revoked, "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED"],
    ["of another authority", clients.foreign, "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"]
  ] as const
  for (const [protocol, ...options] of [["HTTP/1.1"], ["HTTP/2", "-alpn", "h2"]] as const) {
    live(`is refused with the reason, over ${protocol}`, () =>
      Effect.gen(function*() {
        const port = yield* makeOpensslServer(...options)
        for (const [what, tls, code] of codes) {
          for (const bytes of [100, 200_000]) {
            assert.deepStrictEqual(yield* pushTo(port, { tls, bytes }), refused(code), `${what}, ${bytes} bytes`)
          }
        }
      }))
  }
})

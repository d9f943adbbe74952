import { Effect, Redacted } from "effect"
import { connect, createServer } from "node:net"
import type { TlsOptions } from "node:tls"
import * as Certificates from "../../support/certificates.ts"
import { makeHttpProxy } from "../../support/proxies.ts"
import { selfSigned } from "../../support/selfSigned.ts"
import { answer, listening, makeWebServer } from "../../support/webServer.ts"
import { row, server, type Settings, unreached } from "./failure.ts"

const inHours = (hours: number): Date => new Date(Date.now() + hours * 3_600_000)

const authority = await Certificates.authority()
const proxy = await Certificates.issue(authority)
const client = await Certificates.issue(authority, { client: true })
const stranger = await Certificates.issue(await Certificates.authority(), { client: true })

const as = ({ certificate, key }: Certificates.Identity): TlsOptions => ({ cert: certificate, key })

/** What a server with a certificate that is in order is made of. */
export const good = as(proxy)
const expired = as(await Certificates.issue(authority, { notBefore: inHours(-2), notAfter: inHours(-1) }))
const early = as(await Certificates.issue(authority, { notBefore: inHours(1) }))
const other = as(await Certificates.issue(authority, { names: ["other.example"], addresses: [] }))
const weak = as(await Certificates.issue(authority, { algorithm: "RSA-1024" }))

const trusting = { ca_pem: authority.certificate }

const secure = (tls: TlsOptions, tls_config: Settings["tls_config"] = trusting) =>
  server(answer(200), { tls_config }, tls)

const demanding = { ...good, requestCert: true, ca: authority.certificate }

const showing = ({ certificate, key }: Certificates.Identity) => ({
  ...trusting,
  cert_pem: certificate,
  key_pem: Redacted.make(key)
})

/**
 * A server that says what it has against a client's certificate: Node's own, of TLS 1.2, would only close the connection,
 * so its second word is replaced by an alert (RFC 5246, section 7.2).
 */
const alerting = (description: number) =>
  Effect.gen(function*() {
    const { port: behind } = yield* makeWebServer(answer(200), { ...demanding, maxVersion: "TLSv1.2" })
    const port = yield* listening(createServer((client) => {
      const server = connect(behind, "127.0.0.1")
      client.once("data", (hello) => {
        server.write(hello)
        server.pipe(client)
        client.once("data", () => {
          server.unpipe(client)
          server.destroy()
          client.end(Buffer.of(alert, 3, 3, 0, 2, fatal, description))
        })
      })
      client.once("close", () => server.destroy())
      server.on("error", () => client.destroy())
    }))
    return { url: `https://127.0.0.1:${port}`, tls_config: showing(client) }
  })

const alert = 21
const fatal = 2
const alerts = { revoked: 44, expired: 45, unknownAuthority: 48 }

export const tls = [
  row("the server's certificate is of an unknown authority, or signed by itself", {
    "unknown": [secure(good, {}), { code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" }],
    "unknown, sent along": [
      secure({ ...good, cert: `${proxy.certificate}\n${authority.certificate}` }, {}),
      { code: "SELF_SIGNED_CERT_IN_CHAIN" }
    ],
    "signed by itself": [secure(as(await selfSigned()), {}), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }]
  }),
  row("the server's certificate is not in date", {
    "expired": [secure(expired), { code: "CERT_HAS_EXPIRED" }],
    "early": [secure(early), { code: "CERT_NOT_YET_VALID" }]
  }),
  row("the server's certificate is not for servers", {
    "an authority's": [secure(as(authority)), { code: "INVALID_PURPOSE" }],
    "a client's": [secure(as(client)), { code: "INVALID_PURPOSE" }]
  }),
  row("the server's certificate is for another name", {
    "other.example": [secure(other), { code: "ERR_TLS_CERT_ALTNAME_INVALID" }]
  }),
  row(
    "the server's certificate has a key too short, a signature with SHA-1, or a name that its authority may not give",
    {
      "RSA of 1024 bits": [secure({ ...weak, ciphers: "DEFAULT:@SECLEVEL=0" }), { code: "UNSPECIFIED" }]
    }
  ),
  row("the server has no version of TLS that is allowed", {
    "TLS 1.3 only": [
      secure({ ...good, maxVersion: "TLSv1.2" }, { ...trusting, min_version: "TLS13" }),
      { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" }
    ]
  }),
  row("the server speaks TLS alone, and the URL is http", {
    "Go's words": [
      server(answer(400, {}, "Client sent an HTTP request to an HTTPS server.\n")),
      { code: "ERR_TLS_EXPECTED" }
    ]
  }),
  row("the server speaks no TLS", {
    "plain text": [
      Effect.map(makeWebServer(), ({ port }) => ({ url: `https://127.0.0.1:${port}` })),
      { code: "ERR_SSL_WRONG_VERSION_NUMBER" }
    ]
  }),
  row("the server wants a client certificate", {
    "TLS 1.3": [secure({ ...demanding, minVersion: "TLSv1.3" }), { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" }],
    "TLS 1.2": [secure({ ...demanding, maxVersion: "TLSv1.2" }), { code: "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE" }]
  }),
  row("the server refuses the client certificate", {
    "unknown": [alerting(alerts.unknownAuthority), { code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA" }],
    "expired": [alerting(alerts.expired), { code: "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED" }],
    "revoked": [alerting(alerts.revoked), { code: "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED" }],
    "nginx": [
      server(answer(400, {}, "<title>400 The SSL certificate error</title>")),
      { code: "ERR_TLS_CLIENT_CERTIFICATE" }
    ]
  }),
  row("the connection broke", {
    "for a client certificate": [secure(demanding, showing(stranger)), {}]
  }),
  row("the proxy's certificate is not trusted", {
    "unknown": [
      Effect.map(
        makeHttpProxy({ identity: proxy }),
        ({ port }) => ({ ...unreached, proxy_url: `https://localhost:${port}` })
      ),
      { code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" },
      /proxy https:/
    ]
  })
].flat()

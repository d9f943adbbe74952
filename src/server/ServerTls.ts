/**
 * The TLS of a listener: its certificate, whom it knows, and what it speaks.
 */
import { Effect, type FileSystem, Redacted, Result, type Scope, Stream, SubscriptionRef } from "effect"
import { X509Certificate } from "node:crypto"
import * as tls from "node:tls"
import * as Outages from "../telemetry/Outages.ts"
import * as Material from "../transport/Material.ts"
import * as Problems from "../transport/Problems.ts"
import type { Version } from "../transport/Tls.ts"

/** What is asked of clients, by Go's names. */
export const clientAuths = [
  "NoClientCert",
  "RequestClientCert",
  "RequireAnyClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert"
] as const
/** Whether clients are asked for a certificate, and what of it is checked: as Go names it. */
export type ClientAuth = (typeof clientAuths)[number]

/** Go's names of the suites it has on, with OpenSSL's. Those of TLS 1.3 are always on, as they are in Go. */
export const cipherSuites: ReadonlyMap<string, string> = new Map([
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"],
  ["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"],
  ["TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"],
  ["TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"],
  ["TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"]
])

const always = [...cipherSuites.keys()].filter((name) => !name.includes("_WITH_"))

/** Go's names, with OpenSSL's. */
export const curves: ReadonlyMap<string, string> = new Map([
  ["CurveP256", "P-256"],
  ["CurveP384", "P-384"],
  ["CurveP521", "P-521"],
  ["X25519", "X25519"]
])

export interface Settings {
  readonly certificate: Material.Source
  readonly key: Material.Source
  /** Those who sign the certificates of clients; those that Node trusts by itself if there are none. */
  readonly clientCa: Material.Source | undefined
  readonly clientAuth: ClientAuth
  /** Keys of `cipherSuites`; Node's own where there are none. */
  readonly cipherSuites: ReadonlyArray<string>
  /** Keys of `curves`; Node's own where there are none. */
  readonly curves: ReadonlyArray<string>
  /** TLS 1.2 if there is none. */
  readonly minVersion: Version | undefined
  readonly maxVersion: Version | undefined
}

/** What a new connection gets; the same object until it changes. */
export interface Options {
  /** The server's certificate and key, and whom a client's certificate may be from. */
  readonly context: tls.SecureContextOptions
  /** Whether clients are asked for a certificate, and what of it is checked. */
  readonly clientAuth: ClientAuth
}

/**
 * Follows the files until the scope closes. What is wrong with them later is logged and in the component's health, and
 * the last good ones go on.
 */
export const make = Effect.fnUntraced(function*(
  settings: Settings
): Effect.fn.Return<() => Options, string, FileSystem.FileSystem | Scope.Scope> {
  const problems = yield* Problems.make
  const outages = yield* Outages.make
  const inputs = inputsOf(settings)
  const material = yield* Material.make(inputs, (texts, now) => optionsOf(settings, texts, now), ({ flaw }) => flaw)
    .pipe(Effect.provideService(Problems.Problems, problems))
  yield* Effect.fromResult(material.current())
  yield* Effect.forkScoped(
    Stream.runForEach(SubscriptionRef.changes(problems), (all) =>
      all.size === 0
        ? outages.end("cannot use the certificate")
        : outages.begin("cannot use the certificate", [...all.values()].join("; ")))
  )
  return () => Result.getOrThrow(material.current())
})

const inputsOf = ({ certificate, clientCa, key }: Settings): ReadonlyArray<Material.Input> => [
  { name: "server certificate", source: certificate },
  { name: "server key", source: key },
  ...(clientCa === undefined ? [] : [{ name: "client CA", source: clientCa }])
]

/** What is wrong with the texts, if all of them are inline. */
export const problem = (settings: Settings): string | undefined => {
  const texts = inputsOf(settings).flatMap(({ source }) =>
    source._tag === "Inline" ? [Redacted.value(source.text)] : []
  )
  if (texts.length < inputsOf(settings).length) return undefined
  const options = optionsOf(settings, texts, 0)
  return Result.isFailure(options) ? options.failure : undefined
}

const optionsOf = (
  settings: Settings,
  [cert, key, ca]: ReadonlyArray<string>,
  now: number
): Result.Result<Options & { readonly flaw: string | undefined }, string> => {
  const { cipherSuites: suites, clientAuth, curves: groups, maxVersion, minVersion = "TLS12" } = settings
  // See `transport/Tls`: OpenSSL has the old versions at its security level 0 alone.
  const isWeak = minVersion === "TLS10" || minVersion === "TLS11"
  const names = suites.length === 0
    ? [tls.DEFAULT_CIPHERS]
    : [...new Set([...always, ...suites])].map((name) => cipherSuites.get(name)!)
  const context: tls.SecureContextOptions = {
    cert,
    key,
    ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
    ciphers: [...names, ...(isWeak ? ["@SECLEVEL=0"] : [])].join(":"),
    ...(groups.length === 0 ? {} : { ecdhCurve: groups.map((name) => curves.get(name)!).join(":") }),
    minVersion: versions[minVersion],
    ...(maxVersion === undefined ? {} : { maxVersion: versions[maxVersion] })
  }
  return Result.map(
    Result.try({
      try: () => {
        tls.createSecureContext(context)
        // Of other texts it would make authorities that know nobody.
        return [cert!, ca ?? cert!].map((pem) => new X509Certificate(pem).validToDate.getTime())
      },
      catch: (cause) =>
        `the certificate, its key or the client CA cannot be used: ${
          cause instanceof Error ? cause.message : String(cause)
        }`
    }),
    // Clients refuse it, but it is no reason to do without a server.
    (ends) => ({ context, clientAuth, flaw: Math.min(...ends) < now ? "a certificate has expired" : undefined })
  )
}

const versions: Readonly<Record<Version, tls.SecureVersion>> = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3"
}

/** Of `node:tls`. A certificate that is only looked at where there is one is for `isWelcome`. */
export const verification = ({ clientAuth }: Options) => ({
  requestCert: clientAuth !== "NoClientCert",
  rejectUnauthorized: clientAuth === "RequireAndVerifyClientCert"
})

/** Whether a client has shown what it must. */
export const isWelcome = ({ clientAuth }: Options, socket: tls.TLSSocket): boolean => {
  const hasCertificate = Object.keys(socket.getPeerCertificate()).length > 0
  switch (clientAuth) {
    case "RequireAnyClientCert":
      return hasCertificate
    case "VerifyClientCertIfGiven":
      return !hasCertificate || socket.authorized
    default:
      return true
  }
}

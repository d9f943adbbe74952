/**
 * What makes a TLS connection trusted, on both sides.
 */
import { Context, Effect, type FileSystem, Redacted, Result, type Scope } from "effect"
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import * as tls from "node:tls"
import * as Material from "./Material.ts"
import * as Materials from "./Materials.ts"
import type { Problems } from "./Problems.ts"

/**
 * The oldest version of TLS that a server may choose; the newest that both sides know is always preferred.
 *
 * OpenSSL 3 has TLS 1.0 and 1.1 only at its security level 0, because their handshakes rest on MD5 and SHA-1. With
 * `TLS10` and `TLS11` that level holds for the connection whatever version is agreed on: keys of any length and
 * certificates signed with SHA-1 are taken as well. The ciphers are the same at each level.
 */
export type Version = "TLS10" | "TLS11" | "TLS12" | "TLS13"

/** What makes a connection trusted. Certificates and keys are PEM. */
export interface Settings {
  /** PEM; instead of the authorities that Node trusts by itself. */
  readonly ca: Material.Source | undefined
  /** The client certificate, with any intermediate ones behind it, and its key, PEM. */
  readonly certificate: Material.Source | undefined
  /** Of the client certificate. */
  readonly key: Material.Source | undefined
  /** The name or address in the server's certificate, where it is not the URL's; "" for the URL's. */
  readonly serverName: string
  /** Whether any certificate of a server will do. */
  readonly insecureSkipVerify: boolean
  /** TLS 1.2 if there is none. */
  readonly minVersion: Version | undefined
}

/** The authorities that Node trusts, no client certificate, TLS 1.2 at least. */
export const defaults: Settings = {
  ca: undefined,
  certificate: undefined,
  key: undefined,
  serverName: "",
  insecureSkipVerify: false,
  minVersion: undefined
}

/**
 * For `tls.connect` and undici's connector. The context of connections is made when one needs it first: many clients have
 * none, and the authorities that it trusts take megabytes.
 *
 * @internal
 */
export interface ConnectionOptions
  extends Pick<tls.ConnectionOptions, "rejectUnauthorized" | "servername" | "checkServerIdentity">
{
  readonly context: () => tls.SecureContext
}

/**
 * Done before a context is made that trusts whom Node trusts by itself: a program may add to those.
 *
 * @internal
 */
export const BeforeTrust = Context.Reference<() => void>("pyroduct/transport/Tls/BeforeTrust", {
  defaultValue: () => () => {}
})

/**
 * Whom a server's certificate must name: `serverName`, or the URL's host where that is empty. An address is checked, but
 * not sent in the handshake, where only names may be. Names count in the subject alternative name alone, as in RFC 9525
 * and in Go's client; Node would look into the subject where there are none.
 *
 * @internal
 */
export const expecting = (serverName: string): Omit<ConnectionOptions, "context"> => ({
  ...(serverName !== "" && isIP(serverName) === 0 ? { servername: serverName } : {}),
  checkServerIdentity: (host, certificate) =>
    tls.checkServerIdentity(serverName === "" ? host : serverName, { ...certificate, subject: noSubject })
})

const noSubject = {} as tls.PeerCertificate["subject"]

/**
 * One secure context serves all connections of equal settings, until a file changes.
 *
 * @internal
 */
export const material = (
  settings: Settings
): Effect.Effect<Material.Material<ConnectionOptions>, never, FileSystem.FileSystem | Problems | Scope.Scope> => {
  const inputs = inputsOf(settings)
  const rest = { rejectUnauthorized: !settings.insecureSkipVerify, ...expecting(settings.serverName) }
  return Effect.flatMap(BeforeTrust, (beforeTrust) => {
    const make = Material.make(
      inputs,
      (texts, now) => {
        const pem = Object.fromEntries(inputs.map(({ part }, index) => [part, texts[index]]))
        return Result.map(secureContext(settings, pem, now, beforeTrust), ({ context, flaw }) => ({
          options: { context, ...rest },
          flaw
        }))
      },
      ({ flaw }) => flaw
    )
    return Effect.map(Materials.shared(settings, make), ({ current, refresh }) => ({
      refresh,
      current: () => Result.map(current(), ({ options }) => options)
    }))
  })
}

/**
 * What is wrong with the inline texts, if anything is, at a time in milliseconds since the epoch.
 *
 * @internal
 */
export const problem = (settings: Settings, now: number): string | undefined => {
  const pem = Object.fromEntries(
    inputsOf(settings).flatMap(({ part, source }) =>
      source._tag === "Inline" ? [[part, Redacted.value(source.text)]] : []
    )
  )
  const made = secureContext(settings, pem, now, () => {})
  return Result.isFailure(made) ? made.failure : undefined
}

/**
 * Whether HTTP/2 may be offered: it asks for TLS 1.2 (RFC 9113, 9.2), and a server of both may choose it with less.
 *
 * @internal
 */
export const allowsHttp2 = ({ minVersion }: Settings): boolean => minVersion !== "TLS10" && minVersion !== "TLS11"

/**
 * Whether the material can never be another.
 *
 * @internal
 */
export const isFixed = (settings: Settings): boolean =>
  inputsOf(settings).every(({ source }) => source._tag === "Inline")

type Part = "ca" | "certificate" | "key"

interface Input extends Material.Input {
  readonly part: Part
}

const inputsOf = ({ ca, certificate, key }: Settings): ReadonlyArray<Input> => {
  const input = (part: Part, name: string, source: Material.Source | undefined): ReadonlyArray<Input> =>
    source === undefined ? [] : [{ part, name, source }]
  return [
    ...input("ca", "CA cert", ca),
    ...input("certificate", "specified client cert", certificate),
    ...input("key", "specified client key", key)
  ]
}

/** The texts that are known. */
type Pem = Partial<Record<Part, string>>

const secureContext = (
  settings: Settings,
  pem: Pem,
  now: number,
  beforeTrust: () => void
): Result.Result<{ readonly context: () => tls.SecureContext; readonly flaw: string | undefined }, string> =>
  Result.gen(function*() {
    const ofAuthorities = (wrong: string) => `unable to use specified CA cert ${describe(settings.ca)}: ${wrong}`
    const { ca, flaw } = yield* Result.mapError(authorities(pem, now), ofAuthorities)
    // The configuration itself can be set right, and is to be.
    if (flaw !== undefined && settings.ca?._tag === "Inline") return yield* Result.fail(ofAuthorities(flaw))
    const [certificate, key] = [describe(settings.certificate), describe(settings.key)]
    const context = yield* Result.mapError(
      Result.flatMap(identity(pem, now), (identity) => {
        let made: tls.SecureContext | undefined
        const make = (): tls.SecureContext => {
          if (ca === undefined) beforeTrust()
          return tls.createSecureContext({
            ...versions[settings.minVersion ?? "TLS12"],
            // Each certificate is trusted as it is, as Go's client has it: an intermediate one too, or the server's own.
            allowPartialTrustChain: true,
            ca,
            ...identity
          })
        }
        const context = (): tls.SecureContext => made ??= make()
        // OpenSSL may have an objection too, such as to a short key. To authorities it has none before a handshake.
        if (identity.cert === undefined && identity.key === undefined) return Result.succeed(context)
        return Result.try({
          try: () => (context(), context),
          catch: (cause) => cause instanceof Error ? cause.message : String(cause)
        })
      }),
      (wrong) => `unable to use specified client cert (${certificate}) & key (${key}): ${wrong}`
    )
    return { context, flaw: flaw === undefined ? undefined : ofAuthorities(flaw) }
  })

const describe = (source: Material.Source | undefined): string =>
  source?._tag === "File" ? `file ${source.path}` : "inline"

/** See `Version`. */
const weak: tls.SecureContextOptions = { ciphers: `${tls.DEFAULT_CIPHERS}:@SECLEVEL=0` }

const versions: Readonly<Record<Version, tls.SecureContextOptions>> = {
  TLS10: { ...weak, minVersion: "TLSv1" },
  TLS11: { ...weak, minVersion: "TLSv1.1" },
  TLS12: { minVersion: "TLSv1.2" },
  TLS13: { minVersion: "TLSv1.3" }
}

interface Authorities {
  /** PEM; those that Node trusts by itself where there are none. */
  readonly ca: Array<string> | undefined
  readonly flaw: string | undefined
}

/**
 * Many a bundle has a certificate that is long expired, or one that cannot be parsed: it is of use as long as any can be
 * used.
 */
const authorities = ({ ca }: Pem, now: number): Result.Result<Authorities, string> =>
  Result.gen(function*() {
    if (ca === undefined) return { ca: undefined, flaw: undefined }
    const found = yield* certificatesIn(ca)
    const unparsable = found.find(Result.isFailure)
    const certificates = found.filter(Result.isSuccess).map(({ success }) => success)
    if (certificates.length === 0) return yield* Result.fail(unparsable!.failure)
    const end = Math.max(...certificates.map(({ validToDate }) => validToDate.getTime()))
    if (end < now) {
      return yield* Result.fail(
        certificates.length === 1
          ? `the certificate expired on ${date(end)}`
          : `all ${certificates.length} certificates have expired, the last on ${date(end)}`
      )
    }
    return { ca: certificates.map(String), flaw: unparsable?.failure }
  })

const identity = (pem: Pem, now: number): Result.Result<tls.SecureContextOptions, string> =>
  Result.gen(function*() {
    const chain = pem.certificate === undefined
      ? []
      : yield* Result.flatMap(certificatesIn(pem.certificate), (found) => Result.all(found))
    const key = pem.key === undefined ? undefined : yield* privateKeyIn(pem.key)
    const [own] = chain
    if (own !== undefined) {
      const [start, end] = [own.validFromDate.getTime(), own.validToDate.getTime()]
      if (end < now) return yield* Result.fail(`the certificate expired on ${date(end)}`)
      if (start > now) return yield* Result.fail(`the certificate is not valid before ${date(start)}`)
      if (key !== undefined && !own.checkPrivateKey(key)) {
        return yield* Result.fail("the private key does not belong to the certificate")
      }
    }
    return {
      cert: own && chain.join(""),
      key: key?.export({ type: "pkcs8", format: "pem" })
    }
  })

const date = (millis: number): string => new Date(millis).toISOString().replace(".000Z", "Z")

interface Block {
  readonly label: string
  readonly text: string
}

/** A block that does not end reaches to the end of the text, so that it is found not to parse. */
const blockPattern = /-----BEGIN ([A-Z0-9 ]+)-----[^]*?(?:-----END \1-----|$)/g

/** Whatever is between the blocks is a comment; the white space around a line has no meaning, and any line end will do. */
const blocksOf = (pem: string): ReadonlyArray<Block> =>
  Array.from(
    pem.split(/[\r\n]+/).map((line) => line.trim()).join("\n").matchAll(blockPattern),
    ([text, label = ""]) => ({ label, text })
  )

const isCertificate = ({ label }: Block): boolean => label === "CERTIFICATE"
/** With OpenSSL's own remarks on what it is trusted for, which no other library reads. */
const isTrusted = ({ label }: Block): boolean => label === "TRUSTED CERTIFICATE"
const isPrivateKey = ({ label }: Block): boolean => label.endsWith("PRIVATE KEY")
const isEncrypted = ({ label, text }: Block): boolean =>
  label.startsWith("ENCRYPTED") || /^Proc-Type:.*ENCRYPTED/m.test(text)

const missing = (what: string, pem: string): string =>
  pem.includes("\0") ? `there is no ${what} in it that can be read, as it is not UTF-8` : `there is no ${what} in it`

/** In their order; there is at least one. */
const certificatesIn = (pem: string): Result.Result<ReadonlyArray<Result.Result<X509Certificate, string>>, string> => {
  const blocks = blocksOf(pem)
  const certificates = blocks.filter(isCertificate)
  if (certificates.length === 0) {
    return Result.fail(
      blocks.some(isPrivateKey)
        ? "a private key is where a certificate should be"
        : blocks.some(isTrusted)
        ? "TRUSTED CERTIFICATE is a form that is not read, `openssl x509` makes a CERTIFICATE of it"
        : missing("certificate", pem)
    )
  }
  return Result.succeed(certificates.map(({ text }, index) =>
    Result.try({
      try: () => new X509Certificate(text),
      catch: () => `certificate ${index + 1} of ${certificates.length} cannot be parsed`
    })
  ))
}

/** The first one, as a file may hold others, or the certificate as well. */
const privateKeyIn = (pem: string): Result.Result<KeyObject, string> => {
  const blocks = blocksOf(pem)
  const block = blocks.find(isPrivateKey)
  if (block === undefined) {
    return Result.fail(
      blocks.some(isCertificate) ? "a certificate is where the private key should be" : missing("private key", pem)
    )
  }
  if (isEncrypted(block)) return Result.fail("the private key is encrypted, and passphrases are not supported")
  return Result.try({ try: () => createPrivateKey(block.text), catch: () => "the private key cannot be parsed" })
}

/**
 * Authorities, certificates and revocations, made when a test needs them. All texts are PEM.
 */
import { webcrypto } from "node:crypto"

// The library is built on decorators and asks for their metadata, of which it has none.
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined })
const x509 = await import("@peculiar/x509")

export interface Identity {
  readonly certificate: string
  readonly key: string
}

export interface Authority extends Identity {
  /** Its distinguished name, such as `CN=Authority 1`. */
  readonly subject: string
  readonly signingKey: webcrypto.CryptoKey
}

export interface Validity {
  /** An hour ago by default. */
  readonly notBefore?: Date
  /** In a day by default. */
  readonly notAfter?: Date
}

export interface Options extends Validity {
  /** `localhost` by default. Without names and addresses there is no subject alternative name. */
  readonly names?: ReadonlyArray<string>
  /** `127.0.0.1` by default. */
  readonly addresses?: ReadonlyArray<string>
  /** A distinguished name. */
  readonly subject?: string
  /** For a client instead of a server. */
  readonly client?: boolean
  /** `P-256` by default, which takes no time. */
  readonly algorithm?: keyof typeof algorithms
}

const algorithms = {
  "P-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "RSA-2048": rsa(2048),
  "RSA-1024": rsa(1024),
  "RSA-512": rsa(512)
}

function rsa(modulusLength: number) {
  return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: Uint8Array.of(1, 0, 1), modulusLength }
}

const signing = algorithms["P-256"]

let authorities = 0

/** Its own issuer, unless there is another. */
export const authority = async (validity: Validity = {}, issuer?: Authority): Promise<Authority> => {
  const { privateKey, publicKey } = await generateKeys("P-256")
  // No two have the same name, so that a certificate of another's is of an unknown authority.
  const subject = `CN=Authority ${++authorities}`
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer?.subject ?? subject,
    ...period(validity),
    publicKey,
    signingKey: issuer?.signingKey ?? privateKey,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)
    ]
  })
  return { certificate: certificate.toString("pem"), key: await exportKey(privateKey), subject, signingKey: privateKey }
}

export const issue = async (issuer: Authority, options: Options = {}): Promise<Identity> => {
  const {
    addresses = ["127.0.0.1"],
    algorithm = "P-256",
    client = false,
    names = ["localhost"],
    subject = client ? "CN=client" : "CN=server"
  } = options
  const { privateKey, publicKey } = await generateKeys(algorithm)
  const alternatives = [
    ...names.map((value) => ({ type: "dns", value }) as const),
    ...addresses.map((value) => ({ type: "ip", value }) as const)
  ]
  const usage = client ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer: issuer.subject,
    ...period(options),
    publicKey,
    signingKey: issuer.signingKey,
    signingAlgorithm: signing,
    extensions: [
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)])
    ]
  })
  return { certificate: certificate.toString("pem"), key: await exportKey(privateKey) }
}

/** The authority's list of those that are revoked, for the option `crl` of `node:tls`. */
export const revoke = async (issuer: Authority, revoked: ReadonlyArray<Identity>): Promise<string> => {
  const { notAfter, notBefore } = period({})
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subject,
    thisUpdate: notBefore,
    nextUpdate: notAfter,
    entries: revoked.map(({ certificate }) => ({
      serialNumber: new x509.X509Certificate(certificate).serialNumber,
      revocationDate: notBefore
    })),
    signingKey: issuer.signingKey,
    signingAlgorithm: signing
  })
  return x509.PemConverter.encode(list.rawData, "X509 CRL")
}

const generateKeys = (algorithm: keyof typeof algorithms): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithms[algorithm], true, ["sign", "verify"])

const exportKey = async (key: webcrypto.CryptoKey): Promise<string> =>
  x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")

const hour = 3_600_000

const period = ({ notAfter, notBefore }: Validity): Required<Validity> => ({
  notBefore: notBefore ?? new Date(Date.now() - hour),
  notAfter: notAfter ?? new Date(Date.now() + 24 * hour)
})

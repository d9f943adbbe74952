/**
 * Endpoints whose credentials are in files, and servers that take only the newest.
 */
import { Duration, Effect, type Scope } from "effect"
import { renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type * as Write from "../../src/components/pyroscope/Write.ts"
import { type Authority, authority, issue } from "./certificates.ts"
import { temporaryDirectory } from "./engine.ts"
import { clientId, makeIdentityProvider } from "./identityProvider.ts"
import { makeTarget, type Options as TargetOptions, type Target } from "./target.ts"

export type EndpointOptions = NonNullable<NonNullable<Write.Options>["endpoint"]>[number]

/** How a file is written. */
export type Way = (path: string, text: string) => void

export const inPlace: Way = (path, text) => writeFileSync(path, text)

/** At no time is there anything else than the whole text. */
export const byRenaming: Way = (path, text) => {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

export interface Rotating {
  readonly target: Target
  readonly endpoint: EndpointOptions
  readonly files: ReadonlyArray<string>
  /** Writes new credentials, after which the server takes no others. */
  readonly rotate: (write: Way) => Effect.Effect<void>
}

export interface Kind {
  readonly name: string
  readonly make: Effect.Effect<Rotating, never, Scope.Scope>
}

const temporaryFile = (name: string) => Effect.map(temporaryDirectory, (directory) => join(directory, name))

export const impatient = { min_backoff_period: Duration.millis(5), max_backoff_period: Duration.millis(20) }

/** In a header, as it is in the file. */
const inHeader = (
  name: string,
  endpoint: (path: string) => Partial<EndpointOptions>,
  headerOf: (secret: string) => string
): Kind => ({
  name,
  make: Effect.gen(function*() {
    const target = yield* makeTarget()
    const path = yield* temporaryFile(name)
    let secrets = 0
    const rotate = (write: Way) =>
      Effect.sync(() => {
        const secret = `secret-${++secrets}`
        write(path, `${secret}\n`)
        const header = headerOf(secret)
        target.judge(({ headers }) => ({ status: headers.authorization === header ? 200 : 401 }))
      })
    yield* rotate(inPlace)
    return { target, endpoint: { url: target.url, ...impatient, ...endpoint(path) }, files: [path], rotate }
  })
})

/** With a secret that is not known any more tokens are not either. */
const atIdentityProvider: Kind = {
  name: "client_secret_file",
  make: Effect.gen(function*() {
    const provider = yield* makeIdentityProvider()
    const target = yield* makeTarget()
    target.judge(({ headers }) => ({ status: provider.isGood(headers.authorization) ? 200 : 401 }))
    const path = yield* temporaryFile("client_secret")
    let secrets = 0
    const rotate = (write: Way) =>
      Effect.sync(() => {
        const secret = `secret-${++secrets}`
        write(path, `${secret}\n`)
        provider.changeSecret(secret)
      })
    yield* rotate(inPlace)
    const oauth2 = { client_id: clientId, client_secret_file: path, token_url: provider.tokenUrl }
    return { target, endpoint: { url: target.url, ...impatient, oauth2 }, files: [path], rotate }
  })
}

/** The server is of another authority. */
const authorityFile = (name: string, options: TargetOptions): Kind => ({
  name: `ca_file over ${name}`,
  make: Effect.gen(function*() {
    const first = yield* Effect.promise(() => authority())
    const target = yield* makeTarget({ ...options, identity: yield* Effect.promise(() => issue(first)) })
    const path = yield* temporaryFile("ca.pem")
    inPlace(path, first.certificate)
    const rotate = Effect.fnUntraced(function*(write: Way) {
      const next = yield* Effect.promise(() => authority())
      const identity = yield* Effect.promise(() => issue(next))
      write(path, next.certificate)
      target.renew({ identity })
    })
    return { target, endpoint: { url: target.url, ...impatient, tls_config: { ca_file: path } }, files: [path], rotate }
  })
})

/** The server trusts another authority. */
const clientCertificate = (name: string, options: TargetOptions): Kind => ({
  name: `cert_file and key_file over ${name}`,
  make: Effect.gen(function*() {
    const server = yield* Effect.promise(() => authority())
    const identity = yield* Effect.promise(() => issue(server))
    const certificate = yield* temporaryFile("cert.pem")
    const key = yield* temporaryFile("key.pem")
    const another = Effect.fnUntraced(function*(write: Way) {
      const clientAuthority: Authority = yield* Effect.promise(() => authority())
      const client = yield* Effect.promise(() => issue(clientAuthority, { client: true }))
      write(certificate, client.certificate)
      write(key, client.key)
      return clientAuthority
    })
    const target = yield* makeTarget({ ...options, identity, clientAuthority: yield* another(inPlace) })
    return {
      target,
      endpoint: {
        url: target.url,
        ...impatient,
        tls_config: { ca_pem: server.certificate, cert_file: certificate, key_file: key }
      },
      files: [certificate, key],
      rotate: (write: Way) => Effect.map(another(write), (clientAuthority) => target.renew({ clientAuthority }))
    }
  })
})

const user = "user"

export const passwordFile = inHeader(
  "password_file",
  (path) => ({ basic_auth: { username: user, password_file: path } }),
  (secret) => `Basic ${btoa(`${user}:${secret}`)}`
)
export const credentialsFile = inHeader(
  "credentials_file",
  (path) => ({ authorization: { type: "Token", credentials_file: path } }),
  (secret) => `Token ${secret}`
)
export const bearerTokenFile = inHeader(
  "bearer_token_file",
  (path) => ({ bearer_token_file: path }),
  (secret) => `Bearer ${secret}`
)
export const clientSecretFile = atIdentityProvider
export const caFile = authorityFile("HTTP/2", { http2: true })
export const certificateFiles = clientCertificate("HTTP/2", { http2: true })
export const certificateFilesInHttp = clientCertificate("HTTP/1.1, refused with a 400", {
  http2: false,
  refusesInHttp: true
})

export const all: ReadonlyArray<Kind> = [
  passwordFile,
  credentialsFile,
  bearerTokenFile,
  clientSecretFile,
  caFile,
  authorityFile("HTTP/1.1", { http2: false }),
  certificateFiles,
  clientCertificate("HTTP/1.1", { http2: false }),
  certificateFilesInHttp
]

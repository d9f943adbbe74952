/**
 * `http`: TLS and basic authentication of the engine's own server.
 */
import { Data, Effect, Layer, Redacted, Schema } from "effect"
import * as Block from "../engine/Block.ts"
import type { Component } from "../engine/Component.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as BasicAuth from "../server/BasicAuth.ts"
import type { ListenError } from "../server/Listener.ts"
import { OwnServer } from "../server/OwnServer.ts"
import * as ServerTls from "../server/ServerTls.ts"
import * as Suggestion from "../syntax/Suggestion.ts"
import * as PatientFileSystem from "../transport/PatientFileSystem.ts"
import type * as Tls from "../transport/Tls.ts"
import { both, checks, File, isGiven, rule, Secret, sourceOf, Text } from "./Settings.ts"

// ---- TLS ----

/** One of a few texts. What it is instead may be a secret that is in the wrong place. */
const name = <const Name extends string>(what: string, names: ReadonlyArray<Name>) =>
  Decode.String.check(
    Schema.makeFilter((text: string) =>
      names.includes(text as Name)
        ? undefined
        : `unknown ${what}, use one of ${names.filter(isGiven).join(", ")}${Suggestion.didYouMean(text, names)}`
    ).abort()
  ).pipe(Schema.refine((text): text is Name => names.includes(text as Name)))

const versions = ["TLS10", "TLS11", "TLS12", "TLS13"] as const satisfies ReadonlyArray<Tls.Version>

const Version = Decode.withDefault(name("TLS version", ["", ...versions]), "")

const TlsSettings = Schema.Struct({
  cert_pem: Text,
  cert_file: File,
  key_pem: Secret,
  key_file: File,
  client_ca_pem: Text,
  client_ca_file: File,
  client_auth_type: Decode.withDefault(name("client auth type", ServerTls.clientAuths), "NoClientCert"),
  cipher_suites: Decode.withDefault(Decode.list(name("cipher", [...ServerTls.cipherSuites.keys()])), []),
  curve_preferences: Decode.withDefault(Decode.list(name("curve", [...ServerTls.curves.keys()])), []),
  min_version: Version,
  max_version: Version,
  windows_certificate_filter: Block.unsupported
})
type TlsSettings = typeof TlsSettings.Type

const hasClientCa = (args: TlsSettings): boolean => isGiven(args.client_ca_pem) || isGiven(args.client_ca_file)

const rules = [
  both("client_ca_pem", "client_ca_file", "cannot specify both client_ca_pem and client_ca_file"),
  both("cert_pem", "cert_file", "cannot specify both cert_pem and cert_file"),
  both("key_pem", "key_file", "cannot specify both key_pem and key_file"),
  rule<TlsSettings>(
    [],
    "must specify either cert_pem or cert_file",
    (args) => !isGiven(args.cert_pem) && !isGiven(args.cert_file)
  ),
  rule<TlsSettings>(
    [],
    "must specify either key_pem or key_file",
    (args) => !isGiven(args.key_pem) && !isGiven(args.key_file)
  ),
  rule<TlsSettings>(
    ["client_auth_type"],
    "cannot specify client_ca_pem or client_ca_file when client_auth_type is NoClientCert",
    (args) => args.client_auth_type === "NoClientCert" && hasClientCa(args)
  ),
  rule<TlsSettings>(
    ["max_version"],
    "is below min_version",
    ({ max_version, min_version }) =>
      max_version !== "" && versions.indexOf(max_version) < versions.indexOf(min_version || "TLS12")
  )
] as const

const tlsOf = (args: TlsSettings): ServerTls.Settings => ({
  certificate: sourceOf(Redacted.make(args.cert_pem), args.cert_file)!,
  key: sourceOf(args.key_pem, args.key_file)!,
  clientCa: sourceOf(Redacted.make(args.client_ca_pem), args.client_ca_file),
  clientAuth: args.client_auth_type,
  cipherSuites: args.cipher_suites,
  curves: args.curve_preferences,
  minVersion: args.min_version || undefined,
  maxVersion: args.max_version || undefined
})

const TlsBlock = TlsSettings.check(
  checks<TlsSettings>(...rules),
  Schema.makeFilter((args: TlsSettings) =>
    rules.some(({ problem }) => problem(args) !== undefined) ? undefined : ServerTls.problem(tlsOf(args))
  )
)

// ---- authentication ----

const Basic = Schema.Struct({ username: Decode.String, password: Decode.Secret }).check(
  // It would let in everybody who knows the name, as when a variable is not set.
  checks<{ readonly username: string; readonly password: Redacted.Redacted<string> }>(
    rule(["username"], "must not be empty", ({ username }) => !isGiven(username)),
    rule(["password"], "must not be empty", ({ password }) => !isGiven(password))
  )
)

const Filter = Schema.Struct({
  paths: Decode.withDefault(
    Decode.list(
      Decode.String.check(
        Schema.makeFilter((path) => path.startsWith("/") ? undefined : "must begin with a slash, as every path does")
      )
    ),
    []
  ),
  authenticate_matching_paths: Decode.withDefault(Decode.Bool, true)
})

const Auth = Schema.Struct({ basic: Basic, filter: Block.optional(Filter) })

const authOf = ({ basic, filter }: typeof Auth.Type): BasicAuth.Settings => ({
  username: basic.username,
  password: basic.password,
  paths: filter?.paths ?? [],
  areProtected: filter?.authenticate_matching_paths ?? true
})

// ---- the block ----

export const Arguments = Schema.Struct({ tls: Block.optional(TlsBlock), auth: Block.optional(Auth) })
export type Arguments = typeof Arguments.Type

export class UnusableTls extends Data.TaggedError("UnusableTls")<{ readonly message: string }> {}

type Failure = UnusableTls | ListenError

/** In force until its scope closes. */
export const layer = ({ auth, tls }: Arguments): Layer.Layer<never, Failure, OwnServer> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const server = yield* OwnServer
    yield* server.configure({
      tls: tls && (yield* Effect.mapError(ServerTls.make(tlsOf(tls)), (message) => new UnusableTls({ message }))),
      auth: auth && BasicAuth.make(authOf(auth))
    })
  })).pipe(Layer.provide(PatientFileSystem.layer))

export const component: Component<Arguments, never, Failure, OwnServer> = {
  name: "http",
  isSingleton: true,
  arguments: Arguments,
  exports: {},
  layer
}

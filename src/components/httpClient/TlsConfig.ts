/**
 * `tls_config`: what makes a connection trusted.
 */
import { Redacted, Schema } from "effect"
import * as Decode from "../../evaluation/Decode.ts"
import * as Suggestion from "../../syntax/Suggestion.ts"
import * as Tls from "../../transport/Tls.ts"
import { both, checks, File, isGiven, rule, Secret, sourceOf, Text } from "../Settings.ts"

const versions: ReadonlyArray<string> = ["TLS10", "TLS11", "TLS12", "TLS13"] satisfies ReadonlyArray<Tls.Version>

const isVersion = (text: string): text is Tls.Version | "" => text === "" || versions.includes(text)

const MinVersion = Decode.String.check(
  Schema.makeFilter((text: string) =>
    isVersion(text)
      ? undefined
      : `unknown TLS version, use one of ${versions.join(", ")}${Suggestion.didYouMean(text, versions)}`
  ).abort()
).pipe(Schema.refine(isVersion))

const TlsSettings = Schema.Struct({
  ca_pem: Text,
  ca_file: File,
  cert_pem: Text,
  cert_file: File,
  key_pem: Secret,
  key_file: File,
  server_name: Text,
  insecure_skip_verify: Decode.withDefault(Decode.Bool, false),
  min_version: Decode.withDefault(MinVersion, "")
})

export const settingsOf = (args: typeof TlsSettings.Type): Tls.Settings => ({
  ca: sourceOf(Redacted.make(args.ca_pem), args.ca_file),
  certificate: sourceOf(Redacted.make(args.cert_pem), args.cert_file),
  key: sourceOf(args.key_pem, args.key_file),
  serverName: args.server_name,
  insecureSkipVerify: args.insecure_skip_verify,
  minVersion: args.min_version === "" ? undefined : args.min_version
})

type TlsArguments = typeof TlsSettings.Type

const hasCertificate = (args: TlsArguments): boolean => isGiven(args.cert_pem) || isGiven(args.cert_file)
const hasKey = (args: TlsArguments): boolean => isGiven(args.key_pem) || isGiven(args.key_file)

const lacksKey = "exactly one of key_pem or key_file must be configured when a client certificate is configured"
const lacksCertificate = "exactly one of cert_pem or cert_file must be configured when a client key is configured"

const tlsRules = [
  both("ca_pem", "ca_file", "at most one of ca_pem and ca_file must be configured"),
  both("cert_pem", "cert_file", "at most one of cert_pem and cert_file must be configured"),
  both("key_pem", "key_file", "at most one of key_pem and key_file must be configured"),
  rule<TlsArguments>(["cert_file"], lacksKey, (args) => isGiven(args.cert_file) && !hasKey(args)),
  rule<TlsArguments>(
    ["cert_pem"],
    lacksKey,
    (args) => isGiven(args.cert_pem) && !isGiven(args.cert_file) && !hasKey(args)
  ),
  rule<TlsArguments>(["key_file"], lacksCertificate, (args) => isGiven(args.key_file) && !hasCertificate(args)),
  rule<TlsArguments>(
    ["key_pem"],
    lacksCertificate,
    (args) => isGiven(args.key_pem) && !isGiven(args.key_file) && !hasCertificate(args)
  )
] as const

export const TlsConfig = TlsSettings.check(
  checks<TlsArguments>(...tlsRules),
  Schema.makeFilter((args: TlsArguments) =>
    // No clock is within reach of a check, and what has expired today will not do under any other.
    tlsRules.some(({ problem }) => problem(args) !== undefined) ? undefined : Tls.problem(settingsOf(args), Date.now())
  )
)

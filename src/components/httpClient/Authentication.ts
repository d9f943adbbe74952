/**
 * How requests say who sends them: the blocks `basic_auth`, `authorization` and `oauth2`.
 */
import { Redacted, Schema } from "effect"
import * as Block from "../../engine/Block.ts"
import * as Decode from "../../evaluation/Decode.ts"
import * as Exposure from "../../syntax/Exposure.ts"
import * as Authentication from "../../transport/Authentication.ts"
import * as Material from "../../transport/Material.ts"
import * as Tls from "../../transport/Tls.ts"
import { both, checks, File, isGiven, rule, Secret, sourceOf, Text } from "../Settings.ts"
import { carried } from "./Headers.ts"
import * as Proxy from "./ProxySettings.ts"
import * as TlsConfig from "./TlsConfig.ts"
import * as Url from "./Url.ts"

export const BasicAuth = Schema.Struct({ username: Text, password: Secret, password_file: File }).check(
  checks(
    both("password", "password_file", "at most one of basic_auth password & password_file must be configured")
  )
)

const AuthorizationSettings = Schema.Struct({ type: Text, credentials: Secret, credentials_file: File })

export const Authorization = AuthorizationSettings.check(
  checks<typeof AuthorizationSettings.Type>(
    both(
      "credentials",
      "credentials_file",
      "at most one of authorization credentials & credentials_file must be configured"
    ),
    rule(
      ["type"],
      "authorization type cannot be set to \"basic\", use \"basic_auth\" block instead",
      ({ type }) => type.trim().toLowerCase() === "basic"
    ),
    carried("type", (type) => type.trim()),
    carried("credentials")
  )
)

export const OAuth2 = Schema.Struct({
  client_id: Text,
  client_secret: Secret,
  client_secret_file: File,
  scopes: Decode.withDefault(Decode.list(Decode.String), []),
  token_url: Decode.withDefault(
    Decode.String.check(Schema.makeFilter((text) => isGiven(text) ? Url.problem(text) : undefined)).annotate(
      Url.annotations("http", "https")
    ),
    ""
  ),
  /** An assertion, perhaps. */
  endpoint_params: Decode.withDefault(
    Decode.map(Decode.String).annotate({ [Decode.exposure]: Exposure.short }),
    {}
  ),
  ...Proxy.ProxySettings.fields,
  tls_config: Block.optional(TlsConfig.TlsConfig)
}).check(
  checks(
    rule([], "oauth2 client_id must be configured", (args) => !isGiven(args.client_id)),
    rule(
      [],
      "either oauth2 client_secret or client_secret_file must be configured",
      (args) => !isGiven(args.client_secret) && !isGiven(args.client_secret_file)
    ),
    rule([], "oauth2 token_url must be configured", (args) => !isGiven(args.token_url)),
    both(
      "client_secret",
      "client_secret_file",
      "at most one of oauth2 client_secret & client_secret_file must be configured"
    ),
    ...Proxy.rules
  )
)

/** All ways to authenticate, one of which is there at most. */
export const fields = {
  bearer_token: Secret,
  bearer_token_file: File,
  basic_auth: Block.optional(BasicAuth),
  authorization: Block.optional(Authorization),
  oauth2: Block.optional(OAuth2)
}

const Fields = Schema.Struct(fields)

export const settingsOf = (args: typeof Fields.Type): Authentication.Settings | undefined => {
  const { authorization, basic_auth, oauth2 } = args
  if (basic_auth !== undefined) {
    const password = sourceOf(basic_auth.password, basic_auth.password_file) ?? nothing
    return Authentication.basic(basic_auth.username, password)
  }
  if (authorization !== undefined) {
    const token = sourceOf(authorization.credentials, authorization.credentials_file) ?? nothing
    return Authentication.token(token, authorization.type.trim() || undefined)
  }
  if (oauth2 !== undefined) {
    return {
      _tag: "OAuth2",
      clientId: oauth2.client_id,
      clientSecret: sourceOf(oauth2.client_secret, oauth2.client_secret_file) ?? nothing,
      tokenUrl: oauth2.token_url,
      scopes: oauth2.scopes,
      endpointParams: oauth2.endpoint_params,
      tls: oauth2.tls_config === undefined ? Tls.defaults : TlsConfig.settingsOf(oauth2.tls_config),
      proxy: Proxy.settingsOf(oauth2)
    }
  }
  const token = sourceOf(args.bearer_token, args.bearer_token_file)
  return token && Authentication.token(token)
}

const nothing = Material.inline(Redacted.make(""))

/**
 * An `OAuth2` authenticator whose token endpoint answers by a script.
 */
import { Duration, Effect, Redacted } from "effect"
import * as Material from "../../src/transport/Material.ts"
import * as OAuth2 from "../../src/transport/OAuth2.ts"
import * as Problems from "../../src/transport/Problems.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"
import type { NoCredential } from "../../src/transport/TransportError.ts"
import * as Files from "../support/files.ts"
import { type Answer, scripted } from "../support/tokenEndpoint.ts"

export const settings: OAuth2.Settings = {
  clientId: "pusher",
  clientSecret: Material.inline(Redacted.make("s3cret")),
  tokenUrl: "https://idp.example/token",
  scopes: [],
  endpointParams: {},
  tls: Tls.defaults,
  proxy: Proxy.defaults
}

export const path = "/run/secret"

const make = Effect.fnUntraced(
  function*(script: ReadonlyArray<Answer>, clientSecret: Material.Source) {
    const tokens = scripted(script, ["pr0xied"])
    const authenticator = yield* OAuth2.make({ ...settings, clientSecret }, tokens, undefined)
    /** As one server sees it. */
    const at = (origin: string) => ({
      header: authenticator.header(origin),
      refused: (header: string) => authenticator.refused(header, origin),
      accepted: (header: string) => authenticator.accepted(header, origin)
    })
    return { ...at("https://pyroscope.example"), at, secrets: authenticator.secrets, requests: tokens.requests }
  },
  Effect.provideServiceEffect(Problems.Problems, Problems.make)
)

export const setUp = (script: ReadonlyArray<Answer>, clientSecret = settings.clientSecret) =>
  Effect.provide(make(script, clientSecret), Files.make().layer)

export const setUpFile = (script: ReadonlyArray<Answer>, text?: string) => {
  const { layer, write } = Files.make(text === undefined ? {} : { [path]: text })
  return Effect.map(Effect.provide(make(script, Material.file(path)), layer), (made) => ({
    ...made,
    write: (text: string) => write(path, text)
  }))
}

export const detailOf = (header: Effect.Effect<string, { readonly detail: string }>): Effect.Effect<string, string> =>
  Effect.map(Effect.flip(header), ({ detail }) => detail)

/** How long to wait until there may be a token, in milliseconds. */
export const waitOf = (header: Effect.Effect<string, NoCredential>) =>
  Effect.map(
    Effect.flip(header),
    ({ retryAfter }) => retryAfter === undefined ? undefined : Duration.toMillis(retryAfter)
  )

/**
 * How requests say who sends them: credentials, and the `authorization` header that they make.
 */
import { Effect, type FileSystem, Redacted, Result, type Scope } from "effect"
import { Base64 } from "effect/encoding"
import type { Authenticator } from "./Authenticator.ts"
import * as HeaderValue from "./HeaderValue.ts"
import * as Material from "./Material.ts"
import * as Materials from "./Materials.ts"
import type { RoundTripper } from "./Network.ts"
import * as OAuth2 from "./OAuth2.ts"
import type { Problems } from "./Problems.ts"
import { NoCredential } from "./TransportError.ts"
import * as UserInfo from "./UserInfo.ts"

export type { Settings as OAuth2Settings } from "./OAuth2.ts"
export type { Settings as TokenEndpointSettings } from "./TokenEndpoint.ts"

/** How requests say who sends them. */
export type Settings = Basic | Token | OAuth2Client

/** A header `Authorization: Basic ...`. */
export interface Basic {
  readonly _tag: "Basic"
  /** As the server knows it. */
  readonly username: string
  /** The one that goes with it, or the file that holds it. */
  readonly password: Material.Source
}

/** A header `<scheme> <token>`. */
export interface Token {
  readonly _tag: "Token"
  /** `Bearer`, as a rule. */
  readonly scheme: string
  /** The token, or the file that holds it. */
  readonly token: Material.Source
}

/** Tokens by the client credentials grant of OAuth 2.0. */
export interface OAuth2Client extends OAuth2.Settings {
  readonly _tag: "OAuth2"
}

/** With no password where none is given. */
export const basic = (username: string, password: Material.Source = Material.inline(Redacted.make(""))): Basic => ({
  _tag: "Basic",
  username,
  password
})

/** With the scheme `Bearer` where none is given. */
export const token = (token: Material.Source, scheme = "Bearer"): Token => ({ _tag: "Token", scheme, token })

/**
 * The user info of a URL, as Go's HTTP client uses it: of a URL whose escapes are valid.
 *
 * @internal
 */
export const fromUrl = (url: URL): Basic | undefined => {
  const userInfo = Result.getOrThrow(UserInfo.parse(url))
  return userInfo && basic(userInfo.username, Material.inline(userInfo.password))
}

/**
 * `open` makes the way to a token endpoint, where one is needed.
 *
 * @internal
 */
export const make = <E, R>(
  settings: Settings,
  open: (settings: OAuth2.Settings) => Effect.Effect<RoundTripper, E, R>,
  userAgent: string | undefined
): Effect.Effect<Authenticator, E, FileSystem.FileSystem | Problems | Scope.Scope | R> => {
  switch (settings._tag) {
    case "Basic": {
      const { password, username } = settings
      return fromSource(settings, "basic auth password", password, (password) => [
        `Basic ${Base64.encode(`${username}:${password}`)}`,
        password
      ])
    }
    case "Token": {
      const { scheme, token } = settings
      return fromSource(settings, "authorization credentials", token, (token) => [`${scheme} ${token}`, token])
    }
    case "OAuth2":
      return Effect.flatMap(open(settings), (tokens) => OAuth2.make(settings, tokens, userAgent))
  }
}

/** A header of one secret: the header, and what of it is to be kept secret. */
const fromSource = Effect.fnUntraced(function*(
  settings: Settings,
  name: string,
  source: Material.Source,
  toHeader: (secret: string) => readonly [header: string, secret: string]
) {
  const input = { name, source }
  const material = yield* Materials.shared(
    settings,
    Material.make(
      [input],
      ([text = ""]) =>
        Result.flatMap(Material.secretIn(input, text), (secret) => {
          const made = toHeader(secret)
          return source._tag === "Inline" || HeaderValue.isValid(made[0])
            ? Result.succeed(made)
            : Result.fail(`unable to read ${name}: file ${source.path} holds what a header cannot carry`)
        })
    )
  )
  const header = Effect.suspend(() =>
    Result.match(material.current(), {
      onFailure: (detail) => Effect.fail(NoCredential.ofFile(detail)),
      onSuccess: ([header]) => Effect.succeed(header)
    })
  )
  const isOther = (refused: string): boolean =>
    Result.match(material.current(), { onFailure: () => false, onSuccess: ([header]) => header !== refused })
  const authenticator: Authenticator = {
    header: () => header,
    refused: (refused) =>
      Effect.suspend(() =>
        isOther(refused) ? Effect.succeed(true) : Effect.map(material.refresh, () => isOther(refused))
      ),
    accepted: () => {},
    secrets: () =>
      Result.match(material.current(), {
        onFailure: () => [],
        onSuccess: ([header, secret]) => [secret, header.slice(header.indexOf(" ") + 1)]
      })
  }
  return authenticator
})

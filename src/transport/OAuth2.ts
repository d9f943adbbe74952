/**
 * Access tokens for the client credentials of OAuth 2.0, as long as each of them lasts.
 *
 * - One request at a time, however many wait for it. It runs in the scope of the authenticator, so that a waiter who is
 *   interrupted does not end it for the others.
 * - A token is used until it expires. Shortly before, or once the client's secret is another, the next push starts a
 *   request for another, and does not wait.
 * - After a failure the token endpoint is left alone for a while, twice as long each time. Who asks in the meantime gets
 *   that failure, and how long it will be. A token that is refused at its first use is such a failure as well: a server
 *   that takes none of them must not cause a request for each push. Only a token that was taken makes the next pause short
 *   again.
 * - All of that is by a clock that only goes forward: a wall clock that is set neither prolongs a pause nor a token.
 */
import { Clock, Duration, Effect, Fiber, FiberHandle, type FileSystem, Option, Result, type Scope } from "effect"
import type { Authenticator } from "./Authenticator.ts"
import * as Material from "./Material.ts"
import * as Materials from "./Materials.ts"
import type { RoundTripper } from "./Network.ts"
import type { Problems } from "./Problems.ts"
import type * as Proxy from "./Proxy.ts"
import type * as Tls from "./Tls.ts"
import * as TokenEndpoint from "./TokenEndpoint.ts"
import { NoCredential } from "./TransportError.ts"

export interface Settings extends TokenEndpoint.Settings {
  readonly clientSecret: Material.Source
  /** Of the connection to the token endpoint. */
  readonly tls: Tls.Settings
  readonly proxy: Proxy.Settings
}

interface Token {
  readonly header: string
  /** What it was asked for with. */
  readonly secret: string
  /** In milliseconds of the monotonic clock. */
  readonly refreshAt: number
  readonly expiresAt: number
  /** Whether a server has taken it. */
  isAccepted: boolean
}

interface Asked {
  readonly grant: TokenEndpoint.Grant
  readonly secret: string
}

/** While it lasts nothing is asked for, unless with another secret. */
interface Pause {
  /** In milliseconds of the monotonic clock. */
  readonly until: number
  readonly secret: string | undefined
  readonly failure: NoCredential
}

/** In milliseconds. */
const shortestPause = 1_000
const longestPause = 60_000
const longestSlack = 30_000

const monotonicMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/** `tokens` leads to the token endpoint, and follows no redirects: they would lead the client's secret elsewhere. */
export const make = Effect.fnUntraced(function*(
  settings: Settings,
  tokens: RoundTripper,
  userAgent: string | undefined
): Effect.fn.Return<Authenticator, never, FileSystem.FileSystem | Problems | Scope.Scope> {
  const input = { name: "oauth2 client secret", source: settings.clientSecret }
  const material = yield* Materials.shared(
    input,
    Material.make([input], ([text = ""]) => Material.secretIn(input, text))
  )
  const endpoint = TokenEndpoint.make(settings, tokens, userAgent)
  const flight = yield* FiberHandle.make<Token, NoCredential>()
  const fork = yield* FiberHandle.runtime(flight)()

  let token: Token | undefined
  /** The last header that a server has taken. */
  let worked: string | undefined
  /** The last two access tokens, the newest first. */
  let issued: ReadonlyArray<string> = []
  let pause: Pause | undefined
  let failures = 0

  const fail = (failure: NoCredential, now: number): void => {
    const asked = failure.retryAfter === undefined ? 0 : Duration.toMillis(failure.retryAfter)
    pause = {
      until: now + Math.max(Math.min(shortestPause * 2 ** failures, longestPause), asked),
      secret: Result.getOrUndefined(material.current()),
      failure
    }
    failures++
  }

  /** Whether the file has another secret than the one that was refused is worth a look, and another try. */
  const ask = (secret: string): Effect.Effect<Asked, NoCredential> =>
    Effect.catchIf(
      askWith(secret),
      ({ status }) => status === 400 || status === 401,
      (failure) =>
        Effect.flatMap(material.refresh, () => {
          const latest = Result.getOrElse(material.current(), () => secret)
          return latest === secret ? Effect.fail(failure) : askWith(latest)
        })
    )
  const askWith = (secret: string): Effect.Effect<Asked, NoCredential> =>
    Effect.map(endpoint.ask(secret), (grant) => ({ grant, secret }))

  const renew = Effect.gen(function*() {
    const now = yield* monotonicMillis
    const secret = material.current()
    if (Result.isFailure(secret)) return yield* NoCredential.ofFile(secret.failure)
    if (pause !== undefined && now < pause.until && pause.secret === secret.success) {
      return yield* new NoCredential({
        ...pause.failure,
        retryAfter: Duration.millis(pause.until - now)
      })
    }
    const asked = yield* Effect.tapError(
      ask(secret.success),
      (failure) => Effect.map(monotonicMillis, (now) => fail(failure, now))
    )
    const { accessToken, lifetime, type } = asked.grant
    issued = [accessToken, ...issued.filter((other) => other !== accessToken)].slice(0, 2)
    token = {
      header: `${type} ${accessToken}`,
      secret: asked.secret,
      refreshAt: now + lifetime - Math.min(longestSlack, lifetime / 5),
      expiresAt: now + lifetime,
      isAccepted: false
    }
    return token
  })

  /** It may be revoked with the secret that it was asked for with. */
  const hasOtherSecret = ({ secret }: Token): boolean =>
    Result.match(material.current(), { onFailure: () => false, onSuccess: (latest) => latest !== secret })

  /** The request under way, or else a new one. */
  const start = (): Fiber.Fiber<Token, NoCredential> =>
    Option.getOrElse(FiberHandle.getUnsafe(flight), () => fork(renew))

  return {
    header: Effect.flatMap(monotonicMillis, (now) => {
      if (token === undefined || now >= token.expiresAt) return Effect.map(Fiber.join(start()), ({ header }) => header)
      if (now >= token.refreshAt || hasOtherSecret(token)) start()
      return Effect.succeed(token.header)
    }),
    refused: (header) =>
      Effect.flatMap(monotonicMillis, (now) => {
        if (token !== undefined && token.header !== header) return Effect.succeed(true)
        if (token !== undefined && !token.isAccepted) {
          token = undefined
          fail(endpoint.failure(`the server does not take the tokens of ${endpoint.name}`), now)
          return Effect.succeed(false)
        }
        token = undefined
        return Effect.matchEffect(Fiber.join(start()), {
          onFailure: (failure) => header === worked ? Effect.fail(failure) : Effect.succeed(false),
          onSuccess: (token) => Effect.succeed(token.header !== header)
        })
      }),
    accepted: (header) => {
      if (token === undefined || token.isAccepted || token.header !== header) return
      token.isAccepted = true
      worked = header
      failures = 0
    },
    secrets: () =>
      Result.match(material.current(), {
        onFailure: () => issued,
        onSuccess: (secret) => [...endpoint.secrets(secret), ...issued]
      })
  }
})

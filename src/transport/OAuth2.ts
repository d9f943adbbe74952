/**
 * Access tokens for the client credentials of OAuth 2.0, as long as each of them lasts.
 *
 * - One request at a time, however many wait for it. It runs in the scope of the authenticator, so that a waiter who is
 *   interrupted does not end it for the others.
 * - A token is used until it expires. Shortly before, or once the client's secret is another, the next push starts a
 *   request for another, and does not wait.
 * - After a failure the token endpoint is left alone for a while, twice as long each time. Who asks in the meantime gets
 *   that failure, and how long it will be. Only a token that was taken makes the next pause short again.
 * - All servers share a token, and what one of them says of it counts for that one. A server that takes none of them must
 *   not cause a request for each push: when it refuses a token that it had never taken, there is a pause for it alone.
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

/** The client credentials grant of OAuth 2.0. */
export interface Settings extends TokenEndpoint.Settings {
  /** What only the client and the token endpoint know. */
  readonly clientSecret: Material.Source
  /** Of the connection to the token endpoint. */
  readonly tls: Tls.Settings
  /** The way to the token endpoint. */
  readonly proxy: Proxy.Settings
}

interface Token {
  readonly header: string
  /** What it was asked for with. */
  readonly secret: string
  /** In milliseconds of the monotonic clock. */
  readonly refreshAt: number
  readonly expiresAt: number
  /** The servers that have taken it, as far as they are remembered. */
  readonly takenBy: Set<string>
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
  /** So many there have been in a row. */
  readonly count: number
}

/** A server needs another than this token, after a pause if it had never taken it. */
interface Refusal {
  readonly token: Token
  readonly pause: Pause | undefined
}

/** Of one client, that are remembered. */
const mostServers = 16_384

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
  /** The last one that a server has taken. */
  let worked: Token | undefined
  /** The last two access tokens, the newest first. */
  let issued: ReadonlyArray<string> = []
  let pause: Pause | undefined
  const refusals = new Map<string, Refusal>()

  const pauseAfter = (failure: NoCredential, now: number, before?: Pause): Pause => {
    const count = before?.count ?? 0
    const asked = failure.retryAfter === undefined ? 0 : Duration.toMillis(failure.retryAfter)
    return {
      until: now + Math.max(Math.min(shortestPause * 2 ** count, longestPause), asked),
      secret: Result.getOrUndefined(material.current()),
      failure,
      count: count + 1
    }
  }
  /** What there is to say while it lasts. */
  const failureIn = (pause: Pause | undefined, now: number): NoCredential | undefined =>
    pause !== undefined && now < pause.until && pause.secret === Result.getOrUndefined(material.current())
      ? new NoCredential({ ...pause.failure, retryAfter: Duration.millis(pause.until - now) })
      : undefined

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
    const failure = failureIn(pause, now)
    if (failure !== undefined) return yield* failure
    const asked = yield* Effect.tapError(
      ask(secret.success),
      (failure) => Effect.map(monotonicMillis, (now) => void (pause = pauseAfter(failure, now, pause)))
    )
    const { accessToken, lifetime, type } = asked.grant
    issued = [accessToken, ...issued.filter((other) => other !== accessToken)].slice(0, 2)
    token = {
      header: `${type} ${accessToken}`,
      secret: asked.secret,
      refreshAt: now + lifetime - Math.min(longestSlack, lifetime / 5),
      expiresAt: now + lifetime,
      takenBy: new Set()
    }
    return token
  })

  /** It may be revoked with the secret that it was asked for with. */
  const hasOtherSecret = ({ secret }: Token): boolean =>
    Result.match(material.current(), { onFailure: () => false, onSuccess: (latest) => latest !== secret })

  /** The request under way, or else a new one. */
  const start = (): Fiber.Fiber<Token, NoCredential> =>
    Option.getOrElse(FiberHandle.getUnsafe(flight), () => fork(renew))

  const refuse = (origin: string, refusal: Refusal): void => {
    if (refusals.size >= mostServers && !refusals.has(origin)) refusals.clear()
    refusals.set(origin, refusal)
  }

  return {
    header: (origin) =>
      Effect.flatMap(monotonicMillis, (now) => {
        const refusal = refusals.get(origin)
        const failure = failureIn(refusal?.pause, now)
        if (failure !== undefined) return Effect.fail(failure)
        if (token === undefined || token === refusal?.token || now >= token.expiresAt) {
          return Effect.map(Fiber.join(start()), ({ header }) => header)
        }
        if (now >= token.refreshAt || hasOtherSecret(token)) start()
        return Effect.succeed(token.header)
      }),
    refused: (header, origin) =>
      Effect.flatMap(monotonicMillis, (now) => {
        const refusal = refusals.get(origin)
        const hadWorked = worked?.header === header && worked.takenBy.has(origin)
        const giveUp = (failure: NoCredential) => hadWorked ? Effect.fail(failure) : Effect.succeed(false)
        const paused = failureIn(refusal?.pause, now)
        if (paused !== undefined) return giveUp(paused)
        if (token !== undefined && token.header !== header) return Effect.succeed(true)
        if (token !== undefined && token !== refusal?.token) {
          const isKnown = token.takenBy.has(origin)
          const failure = endpoint.failure(`the server does not take the tokens of ${endpoint.name}`)
          refuse(origin, { token, pause: isKnown ? undefined : pauseAfter(failure, now, refusal?.pause) })
          if (!isKnown) return Effect.succeed(false)
        }
        return Effect.matchEffect(Fiber.join(start()), {
          onFailure: giveUp,
          onSuccess: (token) => Effect.succeed(token.header !== header)
        })
      }),
    accepted: (header, origin) => {
      if (token === undefined || token.header !== header || token.takenBy.has(origin)) return
      if (token.takenBy.size === 0 && pause !== undefined) pause = { ...pause, count: 0 }
      if (token.takenBy.size >= mostServers) token.takenBy.clear()
      token.takenBy.add(origin)
      worked = token
      refusals.delete(origin)
    },
    secrets: () =>
      Result.match(material.current(), {
        onFailure: () => issued,
        onSuccess: (secret) => [...endpoint.secrets(secret), ...issued]
      })
  }
})

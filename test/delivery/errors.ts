/**
 * Errors for tests, and arbitraries of those that concern the endpoint and those that concern the profile.
 */
import { Arbitrary, Duration, Schema } from "effect"
import * as PushError from "../../src/delivery/PushError.ts"

export const endpoint = "http://pyroscope.example"

export const pushError = (reason: PushError.Reason): PushError.PushError =>
  new PushError.PushError({ endpoint, reason })

export const serverFailure = (status = 503, retryAfter?: Duration.Duration): PushError.PushError =>
  pushError(new PushError.ServerFailure({ status, detail: "", retryAfter }))

export const rateLimited = (retryAfter?: Duration.Duration): PushError.PushError =>
  pushError(new PushError.RateLimited({ detail: "", retryAfter }))

/** Where 429 is not to be retried. */
export const rateLimitedProfile = (retryAfter?: Duration.Duration): PushError.PushError =>
  pushError(new PushError.RateLimited({ detail: "", retryAfter, concerns: "profile" }))

export const rejected = (status = 400, retryAfter?: Duration.Duration): PushError.PushError =>
  pushError(new PushError.Rejected({ status, detail: "", retryAfter }))

export const refusedCredential: PushError.PushError = pushError(
  new PushError.AuthError({ source: "server", status: 401, detail: "", retryAfter: undefined })
)

export const expiredCertificate: PushError.PushError = pushError(
  new PushError.TlsError({ code: "CERT_HAS_EXPIRED", detail: "certificate has expired" })
)

const oneOf = <A>(values: readonly [A, ...Array<A>]): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: values.length - 1 }))),
    (index) => values[index]!
  )

/** Without Retry-After, and no 429. */
export const ofEndpoint = oneOf([
  serverFailure(500),
  serverFailure(501),
  serverFailure(503),
  rejected(404),
  rejected(408),
  refusedCredential,
  expiredCertificate,
  pushError(
    new PushError.AuthError({
      source: "token endpoint",
      status: 503,
      detail: "down",
      retryAfter: undefined
    })
  ),
  pushError(new PushError.Timeout({ after: Duration.seconds(10) })),
  pushError(new PushError.Unreachable({ code: "ECONNREFUSED", detail: "connect ECONNREFUSED" }))
])

export const ofProfile = oneOf([
  rejected(400),
  rejected(415),
  rejected(422),
  pushError(new PushError.TooLarge({ status: 413, detail: "" })),
  pushError(new PushError.Expired({ age: Duration.hours(2) }))
])

/** From nothing to an hour, or none. */
export const retryAfter = Arbitrary.map(
  Arbitrary.schema(Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3600 })))),
  (seconds) => seconds === undefined ? undefined : Duration.seconds(seconds)
)

/**
 * One error for each reason, and arbitraries of those that may pass and those that are final.
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

export const rejected = (status = 400, retryAfter?: Duration.Duration): PushError.PushError =>
  pushError(new PushError.Rejected({ status, detail: "", retryAfter }))

const oneOf = <A>(values: readonly [A, ...Array<A>]): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: values.length - 1 }))),
    (index) => values[index]!
  )

/** Without Retry-After, and no 429. */
export const passing = oneOf([
  serverFailure(500),
  serverFailure(503),
  rejected(408),
  pushError(
    new PushError.AuthError({
      source: "token endpoint",
      status: 503,
      detail: "down",
      mayPass: true,
      retryAfter: undefined
    })
  ),
  pushError(new PushError.Timeout({ after: Duration.seconds(10) })),
  pushError(new PushError.Unreachable({ code: "ECONNREFUSED", detail: "connect ECONNREFUSED" }))
])

export const final = oneOf([
  rejected(400),
  serverFailure(501),
  pushError(
    new PushError.AuthError({ source: "server", status: 401, detail: "", mayPass: false, retryAfter: undefined })
  ),
  pushError(new PushError.TlsError({ code: "CERT_HAS_EXPIRED", detail: "certificate has expired" })),
  pushError(new PushError.TooLarge({ status: 413, detail: "" })),
  pushError(new PushError.Expired({ age: Duration.hours(2) }))
])

/** From nothing to an hour, or none. */
export const retryAfter = Arbitrary.map(
  Arbitrary.schema(Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3600 })))),
  (seconds) => seconds === undefined ? undefined : Duration.seconds(seconds)
)

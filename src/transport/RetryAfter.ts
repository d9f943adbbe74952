/**
 * How long a server asks to be left alone (RFC 9110, section 10.2.3).
 */
import { Duration, Result } from "effect"
import { Headers } from "effect/http"

/** It is believed up to this. */
const longest = Duration.hours(1)

/** Of the header's value, in seconds or a date; `now` is in milliseconds since the epoch. */
export const parse = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined) return undefined
  const parsed = Headers.parseRetryAfter(header)
  return Result.isFailure(parsed) ? undefined : Duration.min(Headers.retryAfterDelay(parsed.success, now), longest)
}

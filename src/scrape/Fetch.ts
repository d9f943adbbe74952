/**
 * One profile from a target: a request, and whether the answer is a profile.
 */
import { Duration, Effect } from "effect"
import type * as Budget from "../transport/Budget.ts"
import type { Client } from "../transport/Transport.ts"
import * as Answer from "./Answer.ts"
import * as OwnProfiles from "./OwnProfiles.ts"
import * as ScrapeError from "./ScrapeError.ts"
import type { Target } from "./Target.ts"
import * as TargetText from "./TargetText.ts"

export interface Settings {
  /** From one scrape to the next. */
  readonly interval: Duration.Duration
  /** For a profile that takes the target no time. */
  readonly timeout: Duration.Duration
  /** As much of an answer as is read, in bytes. */
  readonly maxBytes: number
}

/** The ways to a target. */
export interface Means {
  readonly client: Client
  /** What all bodies that are being read share. */
  readonly budget: Budget.Budget
  readonly own: OwnProfiles.OwnProfiles
}

/** The body as it came, gzipped or not. */
export const profile = (
  target: Target,
  { budget, client, own }: Means,
  { interval, maxBytes, timeout }: Settings
): Effect.Effect<Uint8Array, ScrapeError.ScrapeError> => {
  const { origin, path, seconds, type } = target
  const limit = timeoutOf(seconds, interval, timeout)
  const answer: Effect.Effect<Answer.Answer, ScrapeError.ScrapeError> = OwnProfiles.isOwn(origin)
    ? own.get(path)
    : client.send({
      method: "GET",
      origin,
      path,
      headers: {},
      body: undefined,
      maxBody: maxBytes,
      budget,
      timeout: limit
    }).pipe(
      Effect.mapError((error) => ScrapeError.fromTransport(error, maxBytes)),
      Effect.tap(({ leave, status }) => {
        if (status >= 500) leave()
        return Effect.void
      })
    )
  return answer.pipe(
    // A redirect and a request for a token have a timeout each.
    Effect.timeoutOrElse({ duration: limit, orElse: () => Effect.fail(new ScrapeError.TimedOut({ duration: limit })) }),
    Effect.flatMap((answer) => {
      const scrub = (text: string): string => TargetText.error(target, answer.scrub?.(text) ?? text)
      return Effect.fromResult(Answer.check(answer, type, scrub))
    })
  )
}

/** What a target takes its time for comes with it. */
const timeoutOf = (
  seconds: number | undefined,
  interval: Duration.Duration,
  timeout: Duration.Duration
): Duration.Duration => {
  if (seconds === undefined) return timeout
  const taken = Math.max(Duration.toMillis(interval) - 1000, seconds * 1000)
  return Duration.sum(timeout, Duration.millis(taken))
}

/**
 * What has been added to a cumulative profile since the last one that was handed over.
 */
import { Effect } from "effect"
import * as Delta from "../pprof/Delta.ts"
import * as Compression from "../wire/Compression.ts"
import * as ScrapeError from "./ScrapeError.ts"

export interface Difference {
  /** To subtract from the next one, once `profile` has been handed over. Nothing of one that is not cumulative. */
  readonly baseline: Delta.Baseline | undefined
  /** Nothing where there is nothing to subtract from, or nothing has been added. */
  readonly profile: Uint8Array | undefined
}

/** Of the body of an answer, gzipped or not. What comes of it is gzipped, but what has no difference is as it came. */
export const make = Effect.fnUntraced(function*(
  previous: Delta.Baseline | undefined,
  body: Uint8Array,
  maxBytes: number
): Effect.fn.Return<Difference, ScrapeError.ScrapeError> {
  const pprof = Compression.isGzip(body)
    ? yield* Effect.mapError(Compression.gunzip(body, maxBytes), ofCompression)
    : body
  const step = yield* Effect.mapError(
    Effect.fromResult(Delta.step(previous, pprof)),
    ({ message }) => new ScrapeError.DeltaFailed({ detail: message })
  )
  switch (step._tag) {
    case "NotCumulative":
      return { baseline: undefined, profile: body }
    case "Delta":
      return { baseline: step.baseline, profile: yield* Compression.gzip(step.profile) }
    default:
      return { baseline: step.baseline, profile: undefined }
  }
})

const ofCompression = (error: Compression.TooLarge | Compression.Malformed): ScrapeError.ScrapeError =>
  error._tag === "TooLarge"
    ? new ScrapeError.TooLarge(error)
    : new ScrapeError.InvalidProfile({ detail: error.message })

/**
 * Bounds that arguments have in common. Each text follows the value it is about.
 */
import { Duration, Schema } from "effect"

/** A duration that something can take. */
export const positive = Schema.makeFilter((duration: Duration.Duration) =>
  isPositive(duration) ? undefined : "must be greater than 0"
)

const isPositive = (duration: Duration.Duration): boolean =>
  Duration.isFinite(duration) && Duration.isGreaterThan(duration, Duration.zero)

/** The same of an argument among others, in Alloy's words. */
export const positiveAt = <const Name extends string>(name: Name) =>
  Schema.makeFilter((args: Readonly<Record<Name, Duration.Duration>>) =>
    isPositive(args[name]) ? undefined : { path: [name], issue: `${name} must be greater than 0` }
  )

export const lasting = (minimum: Duration.Duration) =>
  Schema.makeFilter((duration: Duration.Duration) =>
    Duration.isFinite(duration) && Duration.isGreaterThanOrEqualTo(duration, minimum)
      ? undefined
      : `must be at least ${Duration.format(minimum)}`
  )

export const atLeast = (minimum: number) =>
  Schema.makeFilter((n: number) => n >= minimum ? undefined : `must be at least ${minimum}`)

export const between = (minimum: number, maximum: number) =>
  Schema.makeFilter((n: number) =>
    n >= minimum && n <= maximum ? undefined : `must be between ${minimum} and ${maximum}`
  )

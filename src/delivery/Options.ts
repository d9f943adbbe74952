/**
 * Options as applications write them: read with their defaults, and all that is wrong is found at once.
 */
import { ByteSize, Data, Duration, Option, Result } from "effect"

/** What is wrong with an option. */
export interface Problem {
  /** Its name, such as `port` or `endpoints[0].retry.minBackoff`. */
  readonly option: string
  /** What follows the name, such as `must be between 0 and 65535`. */
  readonly detail: string
}

/** Options that nothing can be made of. */
export class InvalidOptions extends Data.TaggedError("InvalidOptions")<{
  /** What they are for. */
  readonly of: string
  readonly problems: ReadonlyArray<Problem>
}> {
  override get message(): string {
    return `${this.of}: ${this.problems.map(({ detail, option }) => `${option} ${detail}`).join(", ")}`
  }
}

/** Gives each option, or its default where it is left out. What it gives of one that is wrong does not matter. */
export interface Reader {
  readonly problem: (option: string, detail: string) => void
  /** Finite; longer than nothing, where nothing is said about the least. */
  readonly duration: (
    option: string,
    input: Duration.Input | undefined,
    standard: Duration.Duration,
    least?: Duration.Duration
  ) => Duration.Duration
  readonly whole: (option: string, input: number | undefined, standard: number, range: Range) => number
  /** In bytes, of which there is one at least. */
  readonly size: (option: string, input: ByteSize.Input | undefined, standard: number) => number
  /** Of the options below one, such as `endpoints[0].`. */
  readonly below: (prefix: string) => Reader
}

export interface Range {
  readonly minimum: number
  readonly maximum?: number
}

/** Reads options, `of` something. */
export const read = <A>(of: string, f: (reader: Reader) => A): Result.Result<A, InvalidOptions> => {
  const problems: Array<Problem> = []
  const options = f(readerOf((option, detail) => void problems.push({ option, detail })))
  return problems.length > 0 ? Result.fail(new InvalidOptions({ of, problems })) : Result.succeed(options)
}

const readerOf = (problem: Reader["problem"]): Reader => ({
  problem,
  duration: (option, input, standard, least) => {
    const duration = Option.getOrElse(Duration.fromInput(input ?? standard), () => Duration.infinity)
    const isFine = Duration.isFinite(duration) &&
      (least === undefined ? Duration.isPositive(duration) : Duration.isGreaterThanOrEqualTo(duration, least))
    if (!isFine) {
      problem(option, `must be a duration ${least === undefined ? "greater than 0" : `of at least ${format(least)}`}`)
    }
    return duration
  },
  whole: (option, input, standard, { maximum, minimum }) => {
    const number = input ?? standard
    if (!Number.isInteger(number) || number < minimum || number > (maximum ?? Infinity)) {
      problem(
        option,
        maximum === undefined ? `must be at least ${minimum}` : `must be between ${minimum} and ${maximum}`
      )
    }
    return number
  },
  size: (option, input, standard) => {
    if (input === undefined) return standard
    const bytes = Option.getOrElse(Option.flatMap(ByteSize.fromInput(input), ByteSize.toNumber), () => 0)
    if (bytes < 1) problem(option, "must be a size of at least 1 byte")
    return bytes
  },
  below: (prefix) => readerOf((option, detail) => problem(prefix + option, detail))
})

const format = (duration: Duration.Duration): string => Duration.isZero(duration) ? "0" : Duration.format(duration)

/**
 * Durations as Go writes them: `1h30m`, `500ms`, `-1.5s`. There is no unit for days.
 *
 * A Go duration is a 64-bit count of nanoseconds, about 292 years either way; what goes beyond is an error here.
 */
import { Duration, Option, Result } from "effect"

const nanosPerUnit: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["\u00b5s", 1_000n],
  ["\u03bcs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n]
])

/** Of a negative duration. The longest positive one is a nanosecond shorter. */
const longest = 1n << 63n

/** Reads a duration. The failure is Go's own text without the duration, which may be anything: `time: missing unit in duration`. */
export const parse = (text: string): Result.Result<Duration.Duration, string> => {
  const invalid = Result.fail("time: invalid duration")
  const negative = text.startsWith("-")
  const unsigned = text.replace(/^[-+]/, "")
  if (unsigned === "0") return Result.succeed(Duration.zero)
  if (unsigned === "") return invalid

  let total = 0n
  const term = /(\d*)(?:\.(\d*))?([^.\d]*)/y
  while (term.lastIndex < unsigned.length) {
    const [, whole = "", fraction = "", unit = ""] = term.exec(unsigned) ?? []
    if (whole === "" && fraction === "") return invalid
    if (BigInt(whole) > longest) return invalid
    if (unit === "") return Result.fail("time: missing unit in duration")
    const nanos = nanosPerUnit.get(unit)
    if (nanos === undefined) return Result.fail("time: unknown unit in duration")
    total += BigInt(whole) * nanos + fractionNanos(fraction, nanos)
    if (total > longest) return invalid
  }
  if (total === longest && !negative) return invalid
  return Result.succeed(fromNanos(negative ? -total : total))
}

/** In floating point like Go, so that `0.3333333333333333333h` is twenty minutes. Digits past 64 bits do not count. */
const fractionNanos = (digits: string, nanosPerUnit: bigint): bigint => {
  let value = 0n
  let scale = 1
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit)
    if (next > longest) break
    value = next
    scale *= 10
  }
  return BigInt(Math.trunc(Number(value) * (Number(nanosPerUnit) / scale)))
}

const fromNanos = (nanos: bigint): Duration.Duration =>
  nanos % 1_000_000n === 0n ? Duration.millis(Number(nanos / 1_000_000n)) : Duration.nanos(nanos)

/**
 * Writes a duration as Go's `Duration.String` does: `1h30m0s`, `1.5s`, `2ms`, `0s`. A duration that Go could not hold,
 * an infinite one among them, is written as the longest that it can.
 */
export const format = (duration: Duration.Duration): string => {
  const nanos = goNanos(duration)
  if (nanos < 0n) return `-${formatNanos(-nanos)}`
  return formatNanos(nanos)
}

const goNanos = (duration: Duration.Duration): bigint => {
  const nanos = Option.getOrElse(Duration.toNanos(duration), () => Duration.isNegative(duration) ? -longest : longest)
  if (nanos < -longest) return -longest
  return nanos < longest ? nanos : longest - 1n
}

const formatNanos = (nanos: bigint): string => {
  if (nanos === 0n) return "0s"
  if (nanos < 1_000n) return `${nanos}ns`
  if (nanos < 1_000_000n) return `${decimal(nanos, 3)}\u00b5s`
  if (nanos < 1_000_000_000n) return `${decimal(nanos, 6)}ms`
  const minutes = nanos / 60_000_000_000n
  const seconds = `${decimal(nanos % 60_000_000_000n, 9)}s`
  if (minutes === 0n) return seconds
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** `value / 10^places` without trailing zeros. */
const decimal = (value: bigint, places: number): string => {
  const scale = 10n ** BigInt(places)
  const fraction = (value % scale).toString().padStart(places, "0").replace(/0+$/, "")
  return fraction === "" ? `${value / scale}` : `${value / scale}.${fraction}`
}

/**
 * The times `from` and `until` of `/ingest`, which a server reads when a request arrives there: what is relative to its
 * clock, or left to it, is another time after a wait in a queue.
 *
 * Source: Pyroscope's `attime`, after Graphite's.
 */

/**
 * The same time in a form that does not depend on when it is read. `now` is in nanoseconds since 1970.
 *
 * Digits are such a form already: a date (`20260131`), or seconds, milliseconds, microseconds or nanoseconds by how
 * many there are. Of anything else only an offset counts, as in `now-10m`, and of an offset its first number and unit.
 */
export const absolute = (text: string, now: bigint): string => {
  const time = text.replace(/[\s_,]/g, "")
  if (/^\d+$/.test(time)) return text
  const [, sign, amount, unit] = (time.includes("+") ? /(\+)(\d*)(.*)/ : /(-)(\d*)(.*)/).exec(time) ?? []
  const offset = BigInt(amount ?? "") * secondsIn(unit ?? "") * 1_000_000_000n
  return digits(sign === "-" ? now - offset : now + offset)
}

const units: ReadonlyArray<readonly [prefix: RegExp, seconds: number]> = [
  [/^s/, 1],
  [/^(mon|M)/, 30 * 86_400],
  [/^m/, 60],
  [/^h/, 3600],
  [/^d/, 86_400],
  [/^w/, 7 * 86_400],
  [/^y/, 365 * 86_400]
]

const secondsIn = (unit: string): bigint => BigInt(units.find(([prefix]) => prefix.test(unit))?.[1] ?? 0)

/** Nanoseconds are told by their 19 digits. */
const digits = (nanoseconds: bigint): string => {
  const inRange = nanoseconds < 0n ? 0n : nanoseconds > latest ? latest : nanoseconds
  return String(inRange).padStart(19, "0")
}

const latest = 2n ** 63n - 1n

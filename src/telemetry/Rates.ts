/**
 * How fast counters grow, worked out from what they were when somebody looked before: nothing runs between two looks.
 */

/** What has gone through since the beginning, or per second. */
export interface Amount {
  readonly profiles: number
  readonly bytes: number
}

export interface Rates {
  /**
   * Per second, over some ten seconds where somebody has looked that often. Nothing where nobody has looked in the last
   * minute. A counter that is new began at zero, and so did one that is smaller than it was.
   *
   * `now` is in milliseconds of a clock that only goes forward.
   */
  readonly at: (now: number, totals: ReadonlyMap<string, Amount>) => (key: string) => Amount | undefined
}

/** Rates are over at least that, where they can be, in milliseconds. */
const window = 10_000
/** Nobody remembers what was before. */
const memory = 60_000
/** A rate over less would be noise. */
const shortest = 500

interface Look {
  readonly at: number
  readonly totals: ReadonlyMap<string, Amount>
}

const nothing: Amount = { profiles: 0, bytes: 0 }

export const make = (): Rates => {
  /** The oldest first. */
  let looks: ReadonlyArray<Look> = []
  return {
    at: (now, totals) => {
      looks = looks.filter(({ at }) => now - at <= memory)
      const since = looks.findLast(({ at }) => now - at >= window) ?? looks[0]
      const last = looks.at(-1)
      if (last === undefined || now - last.at >= shortest) looks = [...looks, { at: now, totals }]
      if (since === undefined || now - since.at < shortest) return () => undefined
      const seconds = (now - since.at) / 1000
      return (key) => {
        const total = totals.get(key)
        if (total === undefined) return undefined
        const before = since.totals.get(key) ?? nothing
        const { bytes, profiles } = total.profiles < before.profiles ? nothing : before
        return { profiles: (total.profiles - profiles) / seconds, bytes: (total.bytes - bytes) / seconds }
      }
    }
  }
}

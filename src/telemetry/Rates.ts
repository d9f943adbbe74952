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
   * Per second, of the counter of that name, over some ten seconds where somebody looks that often. Nothing where nobody
   * has looked in the last minute. One that is smaller than it was began at zero.
   *
   * `now` is in milliseconds of a clock that only goes forward.
   */
  readonly of: (name: string, total: Amount, now: number) => Amount | undefined
}

/** Rates are over at least that, where they can be, in milliseconds. */
const window = 10_000
/** Nobody remembers what was before. */
const memory = 60_000
/** A rate over less would be noise. */
const shortest = 500

interface Look {
  readonly at: number
  readonly total: Amount
}

const nothing: Amount = { profiles: 0, bytes: 0 }

export const make = (): Rates => {
  /** By the names of counters, the oldest first. */
  const looks = new Map<string, ReadonlyArray<Look>>()
  let cleaned = 0
  const clean = (now: number): void => {
    if (now - cleaned < memory) return
    cleaned = now
    for (const [name, own] of looks) if (now - own.at(-1)!.at > memory) looks.delete(name)
  }
  return {
    of: (name, total, now) => {
      clean(now)
      const own = (looks.get(name) ?? []).filter(({ at }) => now - at <= memory)
      const since = own.findLast(({ at }) => now - at >= window) ?? own[0]
      const last = own.at(-1)
      looks.set(name, last === undefined || now - last.at >= shortest ? [...own, { at: now, total }] : own)
      if (since === undefined || now - since.at < shortest) return undefined
      const seconds = (now - since.at) / 1000
      const before = total.profiles < since.total.profiles ? nothing : since.total
      return { profiles: (total.profiles - before.profiles) / seconds, bytes: (total.bytes - before.bytes) / seconds }
    }
  }
}

/**
 * The queue of one endpoint, in memory.
 *
 * It holds everything that was accepted for the endpoint and not yet settled: items that were never taken (fresh),
 * items that wait for their next attempt (delayed) and items that somebody is working on (taken).
 *
 * - Bound: the bytes of all three together stay within `maxBytes`.
 * - Overflow: `drop_oldest` makes room by dropping the oldest items that nobody works on, `drop_newest` drops what is
 *   offered, `reject` says so beforehand through `fits`. An item that cannot fit is dropped itself.
 * - Order: oldest first, as far as retries allow. While `preferFresh`, items that have failed wait behind those that
 *   have not, so that one bad profile cannot hold up the rest.
 *
 * It is a plain data structure: all of an operation happens at once, and who waits for items is its user's business.
 */
import { MutableList } from "effect"

export type WhenFull = "drop_oldest" | "drop_newest" | "reject"

export interface Settings {
  readonly maxBytes: number
  readonly whenFull: WhenFull
}

export const defaults: Settings = { maxBytes: 64 * 1024 * 1024, whenFull: "drop_oldest" }

interface Item {
  readonly bytes: number
}

export interface Queue<A extends Item> {
  /** Whether an item of that size would be taken without a loss; a `reject` queue is asked first. */
  readonly fits: (bytes: number) => boolean
  /** Adds an item and returns what had to be dropped for it: older items, or itself. */
  readonly offer: (item: A) => ReadonlyArray<A>
  /** The next item that is due, to be settled or postponed by whoever takes it. */
  readonly take: (now: number, preferFresh: boolean) => A | undefined
  /** Gives a taken item back, to be due again at `dueAt`. */
  readonly postpone: (item: A, dueAt: number) => void
  /** A taken item is done with. */
  readonly settle: (item: A) => void
  /** Makes every delayed item due. */
  readonly hurry: (now: number) => void
  /** When the next delayed item is due, `undefined` without one. */
  readonly nextDue: () => number | undefined
  /** Removes and returns everything. */
  readonly clear: () => ReadonlyArray<A>
  readonly size: () => number
  readonly bytes: () => number
}

interface Entry<A> {
  readonly item: A
  /** Its place by age. */
  readonly order: number
}

interface Delayed<A> extends Entry<A> {
  readonly dueAt: number
}

export const make = <A extends Item>(settings: Settings): Queue<A> => {
  const fresh = MutableList.make<Entry<A>>()
  // By due time. Every item here was taken before any that is still fresh, so it is older.
  const delayed: Array<Delayed<A>> = []
  const taken = new Map<A, number>()
  let bytes = 0
  let takenBytes = 0
  let nextOrder = 0

  const take = (entry: Entry<A>): A => {
    taken.set(entry.item, entry.order)
    takenBytes += entry.item.bytes
    return entry.item
  }
  const release = (item: A): number => {
    const order = taken.get(item)!
    taken.delete(item)
    takenBytes -= item.bytes
    return order
  }
  const shiftFresh = (): Entry<A> | undefined => {
    const entry = MutableList.take(fresh)
    return entry === MutableList.Empty ? undefined : entry
  }
  const takeFresh = (): A | undefined => {
    const entry = shiftFresh()
    return entry === undefined ? undefined : take(entry)
  }
  const takeDelayed = (now: number): A | undefined =>
    delayed.length === 0 || delayed[0]!.dueAt > now ? undefined : take(delayed.shift()!)
  const dropOldest = (): A => {
    if (delayed.length === 0) return shiftFresh()!.item
    let oldest = 0
    delayed.forEach((entry, index) => {
      if (entry.order < delayed[oldest]!.order) oldest = index
    })
    return delayed.splice(oldest, 1)[0]!.item
  }

  return {
    fits: (size) => bytes + size <= settings.maxBytes,
    offer: (item) => {
      const room = settings.maxBytes - (settings.whenFull === "drop_oldest" ? takenBytes : bytes)
      if (item.bytes > room) return [item]
      const dropped: Array<A> = []
      while (bytes + item.bytes > settings.maxBytes) {
        const oldest = dropOldest()
        bytes -= oldest.bytes
        dropped.push(oldest)
      }
      bytes += item.bytes
      MutableList.append(fresh, { item, order: nextOrder++ })
      return dropped
    },
    take: (now, preferFresh) => preferFresh ? takeFresh() ?? takeDelayed(now) : takeDelayed(now) ?? takeFresh(),
    postpone: (item, dueAt) => {
      const at = delayed.findIndex((other) => other.dueAt > dueAt)
      delayed.splice(at === -1 ? delayed.length : at, 0, { item, dueAt, order: release(item) })
    },
    settle: (item) => {
      release(item)
      bytes -= item.bytes
    },
    hurry: (now) => {
      delayed.splice(0, delayed.length, ...delayed.map(({ item, order }) => ({ item, order, dueAt: now })))
    },
    nextDue: () => delayed[0]?.dueAt,
    clear: () => {
      const all = [...taken.keys(), ...[...delayed, ...MutableList.takeAll(fresh)].map((entry) => entry.item)]
      taken.clear()
      delayed.length = 0
      bytes = 0
      takenBytes = 0
      return all
    },
    size: () => fresh.length + delayed.length + taken.size,
    bytes: () => bytes
  }
}

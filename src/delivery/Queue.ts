/**
 * The queue of one endpoint, in memory.
 *
 * It holds everything that was accepted for the endpoint and not yet settled: items that were never taken (fresh),
 * items that wait for their next attempt (delayed) and items that somebody is working on (leased). Room for an item is
 * reserved first and the item committed later, so that a push can ask several queues before any has it, and so that
 * committing may take its time where it means writing to a disk.
 *
 * - Bound: the bytes of all of these and of what is reserved stay within `maxBytes`. It may be set lower than what is
 *   there: then what waits is dropped, the oldest or the newest first; what `reject` has accepted is kept, and nothing
 *   more taken until there is room.
 * - Overflow: where nobody can make room, `reserve` gives `undefined`. Only `drop_oldest` makes room, by dropping the
 *   oldest items that nobody works on.
 * - Order: oldest first, as far as retries allow. With `preferFresh`, items that have failed wait behind those that have
 *   not, so that one bad profile cannot hold up the rest.
 *
 * It is a plain data structure: all of an operation happens at once, and who waits for items is its user's business.
 */
import { MutableList } from "effect"

/**
 * What happens to a profile for which a queue has no room: the oldest ones make room for it (`drop_oldest`), it is
 * dropped itself, or it is refused.
 */
export type WhenFull = "drop_oldest" | "drop_newest" | "reject"

export interface Settings {
  readonly maxBytes: number
  readonly whenFull: WhenFull
}

export const defaults: Settings = { maxBytes: 64 * 1024 * 1024, whenFull: "drop_oldest" }

export interface Item {
  readonly bytes: number
  /** When it was accepted, by the clock that `take` is told the time of. */
  readonly since: number
}

/** Room for one item. */
export interface Reservation<A> {
  /** What had to be dropped for it. */
  readonly dropped: ReadonlyArray<A>
  /** Puts the item there. */
  readonly commit: (item: A) => void
}

export interface Queue<A extends Item> {
  readonly settings: () => Settings
  /** From now on it is set so. Gives what had to be dropped for it. */
  readonly resize: (settings: Settings) => ReadonlyArray<A>
  /** Whether there is room for an item of that size as it is. */
  readonly fits: (bytes: number) => boolean
  /** Makes room for an item, if that can be done. */
  readonly reserve: (bytes: number) => Reservation<A> | undefined
  /** Leases the next item that is due, to be settled or postponed by whoever takes it. */
  readonly take: (now: number, preferFresh: boolean) => A | undefined
  /** Gives a leased item back, to be due again at `dueAt`. */
  readonly postpone: (item: A, dueAt: number) => void
  /** A leased item is done with. */
  readonly settle: (item: A) => void
  /** Removes what nobody works on and was accepted before. */
  readonly expire: (before: number) => ReadonlyArray<A>
  /** Makes every delayed item due. */
  readonly flush: (now: number) => void
  /** When there is something to take: a time that may be past, or `Infinity`. */
  readonly nextDue: () => number
  /** When the oldest item that nobody works on was accepted, `Infinity` where there is none. */
  readonly oldest: () => number
  /** Removes and returns what nobody works on. */
  readonly clear: () => ReadonlyArray<A>
  readonly size: () => number
  /** What somebody works on. */
  readonly leased: () => ReadonlyArray<A>
  readonly bytes: () => number
  /** Of what nobody works on. */
  readonly waitingBytes: () => number
}

interface Entry<A> {
  readonly item: A
  /** Its place by age. */
  readonly order: number
}

interface Delayed<A> extends Entry<A> {
  readonly dueAt: number
}

export const make = <A extends Item>(initial: Settings): Queue<A> => {
  let settings = initial
  const fresh = MutableList.make<Entry<A>>()
  // By due time. Every item here was taken before any that is still fresh, so it is older.
  let delayed: Array<Delayed<A>> = []
  const leases = new Map<A, number>()
  /** Of all items, and what is reserved. */
  let bytes = 0
  /** Of those that cannot be dropped: leased, and reserved. */
  let heldBytes = 0
  let nextOrder = 0
  /** The least `since` of what is delayed, while it is known: most of what asks for it asks for nothing else. */
  let oldestDelayed: number | undefined = Infinity

  const replaceDelayed = (entries: Array<Delayed<A>>): void => {
    delayed = entries
    oldestDelayed = undefined
  }
  const lease = ({ item, order }: Entry<A>): A => {
    leases.set(item, order)
    heldBytes += item.bytes
    return item
  }
  /** `undefined` where it has ended before. */
  const endLease = (item: A): number | undefined => {
    const order = leases.get(item)
    if (leases.delete(item)) heldBytes -= item.bytes
    return order
  }
  const shiftFresh = (): Entry<A> | undefined => {
    const entry = MutableList.take(fresh)
    return entry === MutableList.Empty ? undefined : entry
  }
  const takeFresh = (): A | undefined => {
    const entry = shiftFresh()
    return entry && lease(entry)
  }
  const removeDelayed = (index: number): Entry<A> => {
    const entry = delayed.splice(index, 1)[0]!
    if (entry.item.since === oldestDelayed) oldestDelayed = undefined
    return entry
  }
  const takeDelayed = (now: number): A | undefined =>
    delayed.length === 0 || delayed[0]!.dueAt > now ? undefined : lease(removeDelayed(0))
  const remove = (item: A): A => {
    bytes -= item.bytes
    return item
  }
  const dropOldest = (): A => {
    if (delayed.length === 0) return remove(shiftFresh()!.item)
    const oldest = delayed.reduce((oldest, entry, index) => entry.order < delayed[oldest]!.order ? index : oldest, 0)
    return remove(removeDelayed(oldest).item)
  }
  const delayedSince = (): number =>
    oldestDelayed ??= delayed.reduce((oldest, { item }) => Math.min(oldest, item.since), Infinity)
  const firstFresh = (): A | undefined => MutableList.toArrayN(fresh, 1)[0]?.item

  /** The waiting that go first where there is too much. */
  const excess = (): ReadonlySet<Entry<A>> => {
    const entries = [...delayed, ...MutableList.toArray(fresh)].sort((one, other) => one.order - other.order)
    if (settings.whenFull === "drop_newest") entries.reverse()
    const some = new Set<Entry<A>>()
    let left = bytes
    for (const entry of entries) {
      if (left <= settings.maxBytes) break
      some.add(entry)
      left -= entry.item.bytes
    }
    return some
  }

  return {
    settings: () => settings,
    resize: (next) => {
      settings = next
      if (bytes <= next.maxBytes || next.whenFull === "reject") return []
      const dropped = excess()
      replaceDelayed(delayed.filter((entry) => !dropped.has(entry)))
      MutableList.filter(fresh, (entry) => !dropped.has(entry))
      return Array.from(dropped, ({ item }) => remove(item))
    },
    fits: (size) => bytes + size <= settings.maxBytes,
    reserve: (size) => {
      const { maxBytes, whenFull } = settings
      if (size > maxBytes - (whenFull === "drop_oldest" ? heldBytes : bytes)) return undefined
      const dropped: Array<A> = []
      while (bytes + size > maxBytes) dropped.push(dropOldest())
      bytes += size
      heldBytes += size
      return {
        dropped,
        commit: (item) => {
          heldBytes -= size
          MutableList.append(fresh, { item, order: nextOrder++ })
        }
      }
    },
    take: (now, preferFresh) => preferFresh ? takeFresh() ?? takeDelayed(now) : takeDelayed(now) ?? takeFresh(),
    postpone: (item, dueAt) => {
      const order = endLease(item)
      if (order === undefined) return
      const at = delayed.findLastIndex((other) => other.dueAt <= dueAt)
      delayed.splice(at + 1, 0, { item, dueAt, order })
      if (oldestDelayed !== undefined) oldestDelayed = Math.min(oldestDelayed, item.since)
    },
    settle: (item) => {
      if (endLease(item) !== undefined) remove(item)
    },
    expire: (before) => {
      const expired: Array<A> = []
      if (delayedSince() < before) {
        for (const { item } of delayed) if (item.since < before) expired.push(remove(item))
        replaceDelayed(delayed.filter(({ item }) => item.since >= before))
      }
      for (let item = firstFresh(); item !== undefined && item.since < before; item = firstFresh()) {
        expired.push(remove(shiftFresh()!.item))
      }
      return expired
    },
    flush: (now) => replaceDelayed(delayed.map(({ item, order }) => ({ item, order, dueAt: now }))),
    nextDue: () => fresh.length > 0 ? -Infinity : delayed[0]?.dueAt ?? Infinity,
    oldest: () => Math.min(delayedSince(), firstFresh()?.since ?? Infinity),
    clear: () => {
      const waiting = [...delayed, ...MutableList.takeAll(fresh)]
      replaceDelayed([])
      return waiting.map(({ item }) => remove(item))
    },
    size: () => fresh.length + delayed.length + leases.size,
    leased: () => [...leases.keys()],
    bytes: () => bytes,
    waitingBytes: () => bytes - heldBytes
  }
}

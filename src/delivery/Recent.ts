/**
 * Something about each of many names, as far as there is room: what has not been seen for longest goes first. The names
 * are whatever a sender says, so the beginning of a long one stands for it.
 */

export interface Seen {
  readonly name: string
  /** When it was last seen, by any clock. */
  seenAt: number
}

export interface Recent<A extends Seen> {
  /** What there is about a name, which is seen now; something new where there was nothing. */
  readonly see: (name: string, now: number) => A
  readonly get: (name: string) => A | undefined
  readonly all: () => Iterable<A>
}

/** In characters. */
const longest = 1024

const shortened = (name: string): string => name.length > longest ? `${name.slice(0, longest - 3)}...` : name

/** A text of its own: what was cut out of another keeps all of that in memory. */
export const copy = (text: string): string => new TextDecoder().decode(new TextEncoder().encode(text))

/** Seeing a name that is known costs a look-up; a new one, where there is no room, a look at all of them. */
export const make = <A extends Seen>(limit: number, create: (name: string, now: number) => A): Recent<A> => {
  const known = new Map<string, A>()
  const forgetOldest = (): void => {
    let oldest: string | undefined
    let since = Infinity
    for (const [name, { seenAt }] of known) {
      if (seenAt >= since) continue
      oldest = name
      since = seenAt
    }
    if (oldest !== undefined) known.delete(oldest)
  }
  return {
    see: (given, now) => {
      const name = shortened(given)
      const about = known.get(name)
      if (about !== undefined) {
        about.seenAt = now
        return about
      }
      if (known.size >= limit) forgetOldest()
      const created = create(copy(name), now)
      known.set(created.name, created)
      return created
    },
    get: (name) => known.get(shortened(name)),
    all: () => known.values()
  }
}

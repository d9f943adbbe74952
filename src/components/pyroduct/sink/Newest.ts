/**
 * The newest of all that comes, as much of it as fits a bound.
 */
export interface Newest<A> {
  /**
   * Puts something in and gives the oldest that had to go for it, oldest first. What has just come in stays, even if it
   * alone is over the bound.
   */
  readonly add: (item: A, bytes: number) => ReadonlyArray<A>
  /** Oldest first. */
  readonly items: () => ReadonlyArray<A>
  readonly bytes: () => number
}

export const make = <A extends object>(maxBytes: number): Newest<A> => {
  const kept = new Map<A, number>()
  let total = 0
  return {
    add: (item, bytes) => {
      kept.set(item, bytes)
      total += bytes
      const gone: Array<A> = []
      for (const [oldest, size] of kept) {
        if (total <= maxBytes || oldest === item) break
        kept.delete(oldest)
        total -= size
        gone.push(oldest)
      }
      return gone
    },
    items: () => [...kept.keys()],
    bytes: () => total
  }
}

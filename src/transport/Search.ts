/**
 * Several patterns looked for at once, in one pass (A. Aho and M. Corasick, "Efficient string matching", 1975).
 */

/** What has been read: the longest beginning of any pattern that it ends with. */
export interface State {
  readonly next: Map<number, State>
  readonly length: number
  /** Of the longest pattern that it ends with; 0 if there is none. */
  found: number
  /** The longest shorter beginning that it ends with. */
  shorter: State | undefined
  /** The longest of those that goes on in a way in which this one does not; none where only the start remains. */
  other: State | undefined
}

export interface Search {
  /** Nothing has been read. */
  readonly start: State
  /** A few steps at most, however much a pattern repeats itself. */
  readonly after: (state: State, unit: number) => State
}

/** Units are numbers, such as the code points of texts. No pattern is empty. */
export const make = (patterns: ReadonlyArray<ReadonlyArray<number>>): Search => {
  const start = stateOf(0)
  for (const pattern of patterns) {
    let last = start
    for (const unit of pattern) {
      const next = last.next.get(unit) ?? stateOf(last.length + 1)
      last.next.set(unit, next)
      last = next
    }
    last.found = last.length
  }
  const after = (from: State, unit: number): State => {
    for (let state: State | undefined = from; state !== undefined; state = state.other) {
      const next = state.next.get(unit)
      if (next !== undefined) return next
    }
    return start
  }
  const states = [start]
  // They become more on the way: in the order of their lengths.
  for (const from of states) {
    for (const [unit, to] of from.next) {
      const shorter = from.shorter === undefined ? start : after(from.shorter, unit)
      to.shorter = shorter
      to.other = goesOnAlike(shorter, to) ? shorter.other : shorter
      to.found ||= shorter.found
      states.push(to)
    }
  }
  return { start, after }
}

const stateOf = (length: number): State => ({
  next: new Map(),
  length,
  found: 0,
  shorter: undefined,
  other: undefined
})

/** Whether a unit that does not follow on `other` does not follow on `one` either. */
const goesOnAlike = (one: State, other: State): boolean => {
  for (const unit of one.next.keys()) if (!other.next.has(unit)) return false
  return true
}

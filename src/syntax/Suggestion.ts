/**
 * What may have been meant by a name that nothing has. It ends the text of an error, and says nothing that was written:
 * only what could have been.
 */

/** `; did you mean "url"?`, where exactly one of the candidates is closest, and close. */
export const didYouMean = (written: string, candidates: Candidates): string => asked(closest(written, candidates))

/** The same of a setting or a component, whose name may be too short as well: `timeout` for `remote_timeout`. */
export const didYouMeanName = (written: string, candidates: Candidates): string =>
  asked(closest(written, candidates) ?? longer(written, candidates))

const asked = (meant: string | undefined): string => meant === undefined ? "" : `; did you mean "${meant}"?`

type Candidates = ReadonlyArray<string>

/** Among more candidates there are many that are close, and to look at each takes its time. */
const most = 1000

/** The candidate that is closest to what is written, if it is close; none where several are equally close. */
export const closest = (written: string, candidates: Candidates): string | undefined =>
  least(candidates, (candidate) => candidate === written ? undefined : mistakes(written, candidate))

/** The candidate that has the written words, and fewer other ones than the rest. */
const longer = (written: string, candidates: Candidates): string | undefined => {
  const words = wordsOf(written)
  const all = ` ${words.join(" ")} `
  return least(candidates, (candidate) => {
    const others = wordsOf(candidate)
    return others.length > words.length && ` ${others.join(" ")} `.includes(all) ? others.length : undefined
  })
}

const wordsOf = (name: string): ReadonlyArray<string> => name.toLowerCase().split(/[._]/)

/** The one candidate with the smallest amount, of those that have one. */
const least = (
  candidates: Candidates,
  amountOf: (candidate: string) => number | undefined
): string | undefined => {
  if (candidates.length > most) return undefined
  let best: { readonly candidate: string; readonly amount: number } | undefined
  let isAmbiguous = false
  for (const candidate of candidates) {
    const amount = amountOf(candidate)
    if (amount === undefined || amount > (best?.amount ?? amount)) continue
    isAmbiguous = amount === best?.amount
    best = { candidate, amount }
  }
  return isAmbiguous ? undefined : best?.candidate
}

/**
 * How many mistakes are in `written` if the candidate is meant; `undefined` for too many. Each part of a dotted name, and
 * each word of a part, has its own: `max_version` is not `min_version`.
 */
const mistakes = (written: string, candidate: string): number | undefined =>
  sum(written.toLowerCase().split("."), candidate.toLowerCase().split("."), (part, other) => {
    const [words, others] = [part.split("_"), other.split("_")]
    // An underline may be missing.
    return words.length === others.length ? sum(words, others, mistakesIn) : mistakesIn(part, other)
  })

const sum = (
  parts: ReadonlyArray<string>,
  others: ReadonlyArray<string>,
  count: (part: string, other: string) => number | undefined
): number | undefined => {
  if (parts.length !== others.length) return undefined
  let total = 0
  for (const [index, part] of parts.entries()) {
    const more = count(part, others[index]!)
    if (more === undefined) return undefined
    total += more
  }
  return total
}

const mistakesIn = (word: string, other: string): number | undefined => {
  if (word === other) return 0
  const most = allowed(Math.max(word.length, other.length))
  // Most names differ so much in length that nobody has to look at their characters, and long texts would take minutes.
  if (most === 0 || Math.abs(word.length - other.length) > most) return undefined
  const count = distance(word, other)
  return count > most ? undefined : count
}

/** One in three characters may be wrong, three at most. Nobody mistypes a long text: it is something else. */
const allowed = (length: number): number => length > 64 ? 0 : Math.min(3, Math.floor(length / 3))

/**
 * How many characters to insert, to leave out, to replace or to swap with the next make one word of the other: the optimal
 * string alignment distance. Effect's own, of its command line, is internal and counts a swap as two.
 */
export const distance = (a: string, b: string): number => {
  let beforeLast: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current.push(Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        isSwapped ? beforeLast[column - 2]! + 1 : Number.POSITIVE_INFINITY
      ))
    }
    beforeLast = last
    last = current
  }
  return last[b.length]!
}

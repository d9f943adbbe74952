/**
 * Letters in the other case as Go has them: each letter by itself and one for one, where JavaScript looks at its place in
 * the word and may make several of it.
 */
export const lower = (text: string): string =>
  ascii.test(text) ? text.toLowerCase() : Array.from(text, lowerOf).join("")

export const upper = (text: string): string =>
  ascii.test(text) ? text.toUpperCase() : Array.from(text, upperOf).join("")

// oxlint-disable-next-line no-control-regex
const ascii = /^[\x00-\x7f]*$/

const isOneLetter = (text: string): boolean => text.length === String.fromCodePoint(text.codePointAt(0)!).length

const lowerOf = (letter: string): string => letter === "İ" ? "i" : letter.toLowerCase()

const upperOf = (letter: string): string => {
  const upper = letter.toUpperCase()
  return isOneLetter(upper) ? upper : titleOf(letter) ?? letter
}

/** Of a Greek letter with an iota below: the capital with an iota beside it, in Unicode 8 or 9 behind the small one. */
const titleOf = (letter: string): string | undefined =>
  [8, 9]
    .map((distance) => String.fromCodePoint(letter.codePointAt(0)! + distance))
    .find((title) => title.toLowerCase() === letter)

/**
 * White space as Go's `strings.TrimSpace` and Unicode have it. JavaScript's own `trim` takes U+FEFF for it, and not U+0085.
 */

/** Without the white space at both ends. */
export const trim = (text: string): string => {
  const start = text.search(/\P{White_Space}/u)
  if (start < 0) return ""
  let end = text.length
  // All of it is in the Basic Multilingual Plane. A regular expression would look again from each blank in the text.
  while (/\p{White_Space}/u.test(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

/**
 * The values of headers. Text goes out as UTF-8, as Go's client sends it; Node and undici take byte strings, with a
 * character for each byte.
 */

/** Whether a header can carry it. The line break at the end of a token is the usual reason why not. */
export const isValid = (text: string): boolean => /^[\t\x20-\x7e\x80-\ud7ff\ue000-\u{10ffff}]*$/u.test(text)

/** The byte string. */
export const encode = (text: string): string =>
  /[^\t\x20-\x7e]/.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text

/** What a profile may have at most: by far more than profilers write, as it takes more memory and time than bytes. */
export const limits = {
  /** Of samples, of locations, of functions, and of strings. */
  entries: 1_000_000,
  sampleTypes: 100,
  /** Positions are numbers of 32 bits. */
  bytes: 0x7fff_ffff
}

/** There are more of something than may be. */
export class TooMany extends Error {
  readonly what: "stacks" | "sample types" | "samples" | "locations" | "functions" | "strings" | "bytes"
  readonly limit: number

  constructor(what: TooMany["what"], limit: number) {
    super(`more than ${limit} ${what}`)
    this.what = what
    this.limit = limit
  }
}

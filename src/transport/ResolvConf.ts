/**
 * What `/etc/resolv.conf` says about how names are asked for (resolv.conf(5)). c-ares finds the servers in it by itself,
 * but it asks for a name just as it is.
 */

export interface ResolvConf {
  /** Domains to complete a name with, without a dot at either end. */
  readonly search: ReadonlyArray<string>
  /** A name with so many dots is asked for as it is before it is completed. */
  readonly ndots: number
  /** Of the first try, in milliseconds. */
  readonly timeout: number
  readonly attempts: number
}

/** Where nothing else is said, the domain to search is that of this host. */
export const parse = (text: string, hostname: string): ResolvConf => {
  const [, ...domain] = hostname.split(".")
  let search: ReadonlyArray<string> = [domain.join(".")]
  const options = new Map<string, number>()
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line.trim().split(/\s+/)
    if (keyword === "search") search = words
    if (keyword === "domain") search = words.slice(0, 1)
    if (keyword === "options") {
      for (const [, name = "", value] of words.map((word) => /^(\w+):(\d+)$/.exec(word) ?? [])) {
        options.set(name, Number(value))
      }
    }
  }
  const option = (name: string, fallback: number, least: number, most: number): number =>
    Math.min(most, Math.max(least, options.get(name) ?? fallback))
  return {
    search: search.map((domain) => domain.replace(/^\.|\.$/g, "")).filter((domain) => domain !== "").slice(0, 16),
    ndots: option("ndots", 1, 0, 15),
    timeout: option("timeout", 2, 1, 5) * 1000,
    attempts: option("attempts", 2, 1, 5)
  }
}

/** The names to ask for, one after the other until there is one, when somebody wants this one; as the C library does. */
export const candidates = ({ ndots, search }: ResolvConf, name: string): ReadonlyArray<string> => {
  if (name.endsWith(".")) return [name.slice(0, -1)]
  const completed = search.map((domain) => `${name}.${domain}`)
  return name.split(".").length > ndots ? [name, ...completed] : [...completed, name]
}

/**
 * Who may ask: HTTP's Basic scheme (RFC 7617), for all paths or for some.
 */
import { Redacted, Result } from "effect"
import { Base64 } from "effect/encoding"
import { createHash, timingSafeEqual } from "node:crypto"

export interface Settings {
  readonly username: string
  readonly password: Redacted.Redacted<string>
  /** What the paths begin with that are excepted, or that alone are protected. Where there is none all are protected. */
  readonly paths: ReadonlyArray<string>
  /** Whether `paths` are those that are protected. */
  readonly areProtected: boolean
}

/** What is made of a request's credentials. */
export type Verdict =
  /** There are credentials, and they are right. */
  | "known"
  /** It needs none. */
  | "open"
  | "refused"

/** Judges a request by its path and its `authorization`. */
export type Check = (path: string, authorization: string | undefined) => Verdict

export const make = (settings: Settings): Check => {
  const { areProtected, password, paths, username } = settings
  const expected = [digestOf(username), digestOf(Redacted.value(password))] as const
  const isKnown = (authorization: string): boolean => {
    const [given, secret] = credentialsIn(authorization).map(digestOf) as [Buffer, Buffer]
    // Neither of the two is told from the other by the time it takes.
    return [timingSafeEqual(given, expected[0]), timingSafeEqual(secret, expected[1])].every(Boolean)
  }
  const isProtected = (path: string): boolean =>
    paths.length === 0 || paths.some((start) => path.startsWith(start)) === areProtected
  return (path, authorization) => {
    if (authorization !== undefined && isKnown(authorization)) return "known"
    // Whichever way it will be read.
    return isProtected(path) || isProtected(normalized(path)) ? "refused" : "open"
  }
}

/** Digests are of one length, whatever they are of. */
const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest()

/** Of no credentials both are empty, which no user is. */
const credentialsIn = (authorization: string): readonly [username: string, password: string] => {
  const [, encoded = ""] = /^basic +([a-z\d+/]+=*) *$/i.exec(authorization) ?? []
  const text = Result.getOrElse(Base64.decodeString(encoded), () => "")
  const colon = text.indexOf(":")
  return colon < 0 ? ["", ""] : [text.slice(0, colon), text.slice(colon + 1)]
}

/** Without escapes, double slashes, and segments that are dots. */
export const normalized = (path: string): string => {
  const text = Result.getOrElse(Result.try(() => decodeURIComponent(path)), () => path).replaceAll("\\", "/")
  const all = text.split("/")
  const segments: Array<string> = []
  for (const segment of all) {
    if (segment === "..") segments.pop()
    else if (segment !== "" && segment !== ".") segments.push(segment)
  }
  const isFolder = segments.length > 0 && ["", ".", ".."].includes(all.at(-1)!)
  return `/${segments.join("/")}${isFolder ? "/" : ""}`
}

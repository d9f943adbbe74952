/**
 * Credentials and the header they make.
 */
import { Redacted } from "effect"
import { Base64 } from "effect/encoding"

export type Credentials =
  | { readonly _tag: "Basic"; readonly username: string; readonly password: Redacted.Redacted<string> | undefined }
  | { readonly _tag: "Bearer"; readonly token: Redacted.Redacted<string> }

export const basic = (username: string, password: Redacted.Redacted<string> | undefined): Credentials => ({
  _tag: "Basic",
  username,
  password
})

export const bearer = (token: Redacted.Redacted<string>): Credentials => ({ _tag: "Bearer", token })

/** The value of the `authorization` header. */
export const header = (credentials: Credentials): string => {
  if (credentials._tag === "Bearer") return `Bearer ${Redacted.value(credentials.token)}`
  const password = credentials.password === undefined ? "" : Redacted.value(credentials.password)
  return `Basic ${Base64.encode(`${credentials.username}:${password}`)}`
}

/** The user info of a URL, as Go's HTTP client uses it. */
export const fromUrl = (url: URL): Credentials | undefined =>
  url.username === "" && url.password === ""
    ? undefined
    : basic(decodeURIComponent(url.username), Redacted.make(decodeURIComponent(url.password)))

/** Whether a name or a password in a URL has only escapes that mean something. */
export const isUserInfo = (escaped: string): boolean => {
  try {
    decodeURIComponent(escaped)
    return true
  } catch {
    return false
  }
}

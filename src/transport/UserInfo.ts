/**
 * The user and the password in a URL.
 */
import { Redacted, Result } from "effect"

export interface UserInfo {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/** Unescaped; `undefined` where there is neither. Fails where an escape means nothing. */
export const parse = ({ password, username }: URL): Result.Result<UserInfo | undefined, string> =>
  username === "" && password === ""
    ? Result.succeed(undefined)
    : Result.try({
      try: () => ({
        username: decodeURIComponent(username),
        password: Redacted.make(decodeURIComponent(password))
      }),
      catch: () => "the user info of the URL holds an invalid escape"
    })

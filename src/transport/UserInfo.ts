/**
 * The user and the password in a URL.
 */
import { Redacted, Result } from "effect"

export interface UserInfo {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

/**
 * Unescaped; `undefined` where there is neither. Fails where an escape means nothing, and where the user info may go on
 * behind what has been taken for the host: a password with a slash in it would be shown as a path.
 */
export const parse = (
  { hash, password, pathname, search, username }: URL
): Result.Result<UserInfo | undefined, string> => {
  if (`${pathname}${search}${hash}`.includes("@")) return Result.fail(ambiguous)
  return username === "" && password === ""
    ? Result.succeed(undefined)
    : Result.try({
      try: () => ({
        username: decodeURIComponent(username),
        password: Redacted.make(decodeURIComponent(password))
      }),
      catch: () => "the user info of the URL holds an invalid escape"
    })
}

const ambiguous =
  "the URL has an @ behind its host: in a user name or a password / is written %2F, ? %3F, # %23 and \\ " +
  "%5C, and elsewhere @ is written %40"

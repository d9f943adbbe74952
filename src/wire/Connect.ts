/**
 * What the Connect protocol says of errors: codes, their HTTP statuses, the JSON that carries them.
 */
import { Predicate, Result } from "effect"

export type Code = keyof typeof statuses

const statuses = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401
} as const

export const statusOf = (code: Code): number => statuses[code]

/**
 * The code of an answer that is not Connect's, such as a proxy's. It is a guess at best: whether to retry is decided by
 * the status itself.
 */
export const codeOf = (status: number): Code => {
  switch (status) {
    case 400:
      return "internal"
    case 401:
      return "unauthenticated"
    case 403:
      return "permission_denied"
    case 404:
      return "unimplemented"
    case 429:
    case 502:
    case 503:
    case 504:
      return "unavailable"
    default:
      return "unknown"
  }
}

/** The body of an answer that is an error, to be sent as `application/json` with the status of its code. */
export const errorBody = (code: Code, message: string): string => JSON.stringify({ code, message })

/** The error in an answer's body; `undefined` if it is not one of Connect's. */
export const parseError = (text: string): { readonly code: Code; readonly message: string } | undefined => {
  const body = Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
  if (!Predicate.hasProperty(body, "code") || !isCode(body.code)) return undefined
  return {
    code: body.code,
    message: Predicate.hasProperty(body, "message") && typeof body.message === "string" ? body.message : ""
  }
}

const isCode = (code: unknown): code is Code => typeof code === "string" && Object.hasOwn(statuses, code)

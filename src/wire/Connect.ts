/**
 * What the Connect protocol says of errors: codes, and the JSON that carries them.
 */
import { Predicate, Result } from "effect"

const codes = [
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated"
] as const

export type Code = typeof codes[number]

/** Whether a `Connect-Timeout-Ms` is one: milliseconds in at most ten digits. */
export const isTimeout = (text: string): boolean => /^\d{1,10}$/.test(text)

/** The body of an answer that is an error, to be sent as `application/json`. */
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

const isCode = (code: unknown): code is Code => codes.some((known) => known === code)

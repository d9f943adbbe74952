/**
 * The query of a URL, read strictly: what is no text is refused rather than replaced.
 */
import { Result, Schema } from "effect"

/** `parameter` is its name as it was sent. */
export class QueryError extends Schema.TaggedError<QueryError>()("QueryError", { parameter: Schema.String }) {
  override get message(): string {
    return `query parameter ${JSON.stringify(this.parameter)}: not UTF-8 in percent-encoding`
  }
}

/** The parameters in their order. */
export const parse = (query: string): Result.Result<URLSearchParams, QueryError> => {
  if (isText(query)) return Result.succeed(new URLSearchParams(query))
  const malformed = query.split("&").find((pair) => !isText(pair)) ?? ""
  return Result.fail(new QueryError({ parameter: malformed.split("=", 1)[0]! }))
}

const isText = (encoded: string): boolean => Result.isSuccess(Result.try(() => decodeURIComponent(encoded)))

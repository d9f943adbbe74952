/**
 * What a request to `/ingest` carries, as a Pyroscope server decides it: by the `format`, then by the content type.
 */
import { Effect } from "effect"
import type { Ingest } from "../../../profile/Profile.ts"

export type Content = Pprof | Other

export interface Pprof {
  readonly _tag: "Pprof"
  readonly bytes: Uint8Array
}

/** Anything else, as it came. `problem` says why it is no pprof where it should be one. */
export interface Other {
  readonly _tag: "Other"
  readonly bytes: Uint8Array
  readonly problem?: string
}

export const pprof = (bytes: Uint8Array): Content => ({ _tag: "Pprof", bytes })

const other = (bytes: Uint8Array, problem?: string): Content => ({
  _tag: "Other",
  bytes,
  ...(problem === undefined ? {} : { problem })
})

export const ofIngest = ({ body, contentType = "", query }: Ingest): Effect.Effect<Content> => {
  const format = new URLSearchParams(query).get("format") ?? ""
  if (format === "pprof") return Effect.succeed(pprof(body))
  return notMultipart.has(format) || !/multipart\/form-data/i.test(contentType)
    ? Effect.succeed(other(body))
    : ofMultipart(body, contentType)
}

/** These formats come in a multipart body of their own kind or in none. */
const notMultipart = new Set(["jfr", "lines", "speedscope", "tree", "trie"])

const ofMultipart = (body: Uint8Array, contentType: string): Effect.Effect<Content> =>
  Effect.tryPromise(() => new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData())
    .pipe(
      Effect.flatMap((form) => {
        const part = form.get("profile")
        return part instanceof File
          ? Effect.map(Effect.promise(() => part.arrayBuffer()), (bytes) => pprof(new Uint8Array(bytes)))
          : Effect.succeed(other(body, "the multipart body has no file \"profile\""))
      }),
      Effect.orElseSucceed(() => other(body, "malformed multipart body"))
    )

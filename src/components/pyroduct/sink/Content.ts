/**
 * What a request to `/ingest` carries, as a Pyroscope server decides it: by the `format`, then by the content type.
 */
import { Effect } from "effect"
import { MultipartParser } from "effect/http"
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

/** Senders have a handful. */
const maxParts = 100

/** What is read at a time, so that others have their turn in between. */
const stride = 1 << 20

const ofMultipart = Effect.fnUntraced(function*(body: Uint8Array, contentType: string) {
  const profile: Array<Uint8Array> = []
  let found = 0
  let problem: string | undefined
  const parser = MultipartParser.make({
    headers: { "content-type": contentType },
    maxParts,
    isFile: () => true,
    onFile: ({ filename, name }) => {
      const isWanted = name === "profile" && filename !== undefined && found++ === 0
      return (chunk) => {
        if (isWanted && chunk !== null) profile.push(chunk)
      }
    },
    onField: () => {},
    onError: ({ _tag }) => {
      problem ??= _tag === "ReachedLimit" ? `more than ${maxParts} parts` : "malformed multipart body"
    },
    onDone: () => {}
  })
  for (let start = 0; start < body.length && problem === undefined; start += stride) {
    parser.write(body.subarray(start, start + stride))
    yield* Effect.yieldNow
  }
  parser.end()
  if (problem !== undefined) return other(body, problem)
  return found > 0 ? pprof(Buffer.concat(profile)) : other(body, "the multipart body has no file \"profile\"")
})

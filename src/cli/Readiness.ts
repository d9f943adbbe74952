/**
 * Whether a running engine is ready, as its own server says.
 */
import { Data, type Duration, Effect } from "effect"
import type { ClientRequest } from "node:http"
import * as Http from "node:http"
import * as Https from "node:https"
import * as GoDuration from "../evaluation/GoDuration.ts"
import * as Authorities from "./Authorities.ts"

/** It is not, or nobody says so. */
export class NotReady extends Data.TaggedError("NotReady")<{ readonly message: string }> {}

export interface Question {
  /** The server's, with a user where it asks for one. */
  readonly url: URL
  /** PEM, instead of the authorities of the system and of Node. */
  readonly ca?: string | undefined
  /** Whatever its certificate is. */
  readonly insecure: boolean
  readonly timeout: Duration.Duration
}

export const ask = (question: Question): Effect.Effect<void, NotReady> => {
  const url = new URL(question.url)
  url.pathname = `${url.pathname.replace(/\/$/, "")}/-/ready`
  const shown = `${url.origin}${url.pathname}`
  const notReady = (reason: string) => new NotReady({ message: `${shown}: ${reason}` })
  const trusted = question.ca === undefined && url.protocol === "https:"
    ? Effect.sync(Authorities.trustSystem)
    : Effect.void
  const status = Effect.callback<number | undefined, NotReady>((resume) => {
    const options = { agent: false, ca: question.ca, rejectUnauthorized: !question.insecure } as const
    const request: ClientRequest = url.protocol === "https:" ? Https.get(url, options) : Http.get(url, options)
    request.once("response", (response) => resume(Effect.succeed(response.resume().statusCode)))
    request.once("error", (error) => resume(notReady(reasonOf(error))))
    return Effect.sync(() => request.destroy())
  })
  return Effect.andThen(trusted, status).pipe(
    Effect.timeoutOrElse({
      duration: question.timeout,
      orElse: () => notReady(`no answer within ${GoDuration.format(question.timeout)}`)
    }),
    Effect.flatMap((status) => status === 200 ? Effect.void : notReady(answers[status ?? 0] ?? `it answers ${status}`))
  )
}

const answers: Readonly<Record<number, string>> = {
  401: "it asks for a user and password, to be given as in PYRODUCT_HEALTH_URL=http://user:password@127.0.0.1:12345",
  503: "not ready"
}

/** OpenSSL's words are of several lines, and a refused connection may be one at each of several addresses. */
const reasonOf = (error: Error & { readonly code?: string; readonly reason?: string }): string => {
  const code = error.code ?? ""
  if (code === "EPROTO") return `no TLS there (${error.reason ?? code}), is the URL one of http?`
  if (code === "ECONNRESET") return "it breaks off, is the URL one of https?"
  // Behind it is advice about Node's own flags.
  const [said = ""] = error.message.split("; if the root CA", 1)
  if (/CERT|ISSUER|SIGNED|VERIFY/.test(code)) return `${said} (${code}), see --ca-file and --insecure`
  return said === "" ? code : said
}

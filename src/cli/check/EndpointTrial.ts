/**
 * Whether an endpoint would take a push, as a push without profiles tells: nothing is stored.
 */
import { Clock, Duration, Effect, Result } from "effect"
import * as Endpoint from "../../delivery/Endpoint.ts"
import * as Outbound from "../../delivery/Outbound.ts"
import * as PushError from "../../delivery/PushError.ts"
import * as Remedy from "../../delivery/Remedy.ts"
import * as Monotonic from "../../telemetry/Monotonic.ts"
import * as Proxy from "../../transport/Proxy.ts"
import type * as Transport from "../../transport/Transport.ts"
import * as Connect from "../../wire/Connect.ts"
import type { Step, Trial, Verdict } from "./Trial.ts"

/** With `atMost` for an answer, if that is less than the endpoint's own timeout. */
export const make = (
  id: string,
  settings: Endpoint.Settings,
  atMost: Duration.Duration | undefined
): Trial<Transport.Transport> => {
  const { timeout: own } = settings.transport
  const timeout = atMost === undefined ? own : Duration.min(own, atMost)
  const remedyOf = (reason: PushError.Reason): string => {
    const remedy = Remedy.of(reason)
    if (reason._tag === "Timeout" && Duration.isLessThan(timeout, own)) return "find what is slow; raise --timeout"
    // To who speaks no TLS many servers say nothing, and close the connection.
    return settings.url.protocol === "http:" && reason._tag === "Unreachable" && stepOf(reason) === "the connection" &&
        /^(UND_ERR_SOCKET|ECONNRESET)$/.test(reason.code)
      ? `where the server speaks TLS, write https in the URL; else ${remedy}`
      : remedy
  }
  const transport = { ...settings.transport, timeout }
  const address = Endpoint.nameOf(settings.url)
  return {
    id,
    what: settings.name === "" ? address : `${address} (${settings.name})`,
    how: `a push without profiles${credentialsOf(settings)}${wayOf(settings)}`,
    run: Effect.scoped(Effect.gen(function*() {
      const send = yield* Endpoint.connect({ url: settings.url, transport })
      const started = yield* Monotonic.now
      const { body, headers, path } = Outbound.nothing
      const result = yield* Effect.result(send({ method: "POST", path, headers, body }))
      const millis = Math.round((yield* Monotonic.now) - started)
      const now = yield* Clock.currentTimeMillis
      return verdictOf(result, { timeout, retryRateLimited: true, now }, millis, remedyOf)
    })).pipe(
      Effect.catchTag(
        "UnusableSettings",
        ({ detail }) =>
          Effect.succeed<Verdict>({ _tag: "Bad", step: "the settings", reason: detail, remedy: "correct the block" })
      )
    )
  }
}

/** Of an endpoint where the configuration itself listens: nobody does yet. */
export const own = (id: string, { url }: Endpoint.Settings): Trial => ({
  id,
  what: Endpoint.nameOf(url),
  how: "nothing",
  run: Effect.succeed({ _tag: "Good", text: "this configuration listens there itself" })
})

const credentialsOf = ({ transport: { authentication, headers }, url }: Endpoint.Settings): string => {
  if ("authorization" in headers) return ", with an Authorization header"
  if (url.username !== "" || authentication?._tag === "Basic") return ", with basic auth"
  if (authentication === undefined) return ", without credentials"
  return authentication._tag === "Token" ? ", with a token" : ", with a token of OAuth 2.0"
}

const wayOf = ({ transport: { proxy }, url }: Endpoint.Settings): string => {
  const server = Result.getOrElse(Proxy.select(proxy, process.env), () => () => undefined)(url)
  return server === undefined ? "" : `, by the proxy ${server.name}`
}

/** What came of a push without profiles. */
const verdictOf = (
  result: Result.Result<Transport.Response, Transport.TransportError>,
  circumstances: PushError.Circumstances,
  millis: number,
  remedyOf: (reason: PushError.Reason) => string
): Verdict => {
  const good: Verdict = { _tag: "Good", text: `it takes pushes, and answers in ${millis} ms` }
  const reason = PushError.reasonOf(result, circumstances)
  if (Result.isSuccess(result)) {
    const { headers, status, text } = result.success
    // "no profiles received", which comes after the credentials have been looked at.
    if (status === 400 && Connect.parseError(text)?.code === "invalid_argument") return good
    const isPage = reason === undefined && headers["content-type"]?.startsWith("text/") === true
    if (isPage || status === 400) {
      return {
        _tag: "Bad",
        step: "the answer",
        reason: reason?.message ?? `the server answered ${status} with ${headers["content-type"]}`,
        remedy: "correct the URL: it is no Pyroscope's"
      }
    }
  }
  return reason === undefined
    ? good
    : { _tag: "Bad", step: stepOf(reason), reason: textOf(reason), remedy: remedyOf(reason) }
}

/** Where it says that it is about TLS, the step does already. */
const textOf = (reason: PushError.Reason): string =>
  reason._tag === "TlsError" ? `${reason.detail} (${reason.code})` : reason.message

const stepOf = (reason: PushError.Reason): Step => {
  switch (reason._tag) {
    case "AuthError":
      return reason.source === "server" ? "the credentials" : `the ${reason.source}`
    case "TlsError":
      return "the TLS handshake"
    case "Unreachable":
      if (reason.detail.startsWith("proxy ")) return "the proxy"
      return /^(ENOTFOUND|EAI_\w+)$/.test(reason.code) ? "the name" : "the connection"
    default:
      return "by" in reason && reason.by === "proxy" ? "the proxy" : "the answer"
  }
}

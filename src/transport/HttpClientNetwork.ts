/**
 * The network as an `HttpClient` reaches it. Its TLS, its proxies and its connections are its own business: settings that
 * say how they should be cannot be honoured, and are refused rather than forgotten.
 */
import { Effect, Layer } from "effect"
import { HttpBody, HttpClient, HttpClientRequest, type HttpClientResponse, type HttpMethod } from "effect/http"
import * as AnswerBody from "./AnswerBody.ts"
import * as AnswerText from "./AnswerText.ts"
import {
  defaultMaxText,
  isJudged,
  Network,
  type Request,
  type Response,
  type Settings,
  UnusableSettings
} from "./Network.ts"
import * as Tls from "./Tls.ts"
import { fromCause, noAnswer } from "./TransportError.ts"

export const layer: Layer.Layer<Network, never, HttpClient.HttpClient> = Layer.effect(
  Network,
  Effect.map(HttpClient.HttpClient, (client) =>
    Network.of({
      open: (settings) => {
        const { timeout } = settings
        const names = refused(settings)
        if (names.length > 0) {
          const detail = `an HttpClient of the application's own cannot be told about ${names.join(", ")}`
          return Effect.fail(new UnusableSettings({ detail }))
        }
        return Effect.succeed({
          roundTrip: (request) => {
            const duration = request.timeout ?? timeout
            return Effect.timeoutOrElse(execute(client, request), {
              duration,
              orElse: () => Effect.fail(noAnswer(duration))
            })
          },
          secrets: []
        })
      }
    }))
)

/** The names of the settings that are not the defaults. */
const refused = ({ http2, proxy, tls }: Settings): ReadonlyArray<string> => [
  ...(proxy.url === "" ? [] : ["proxy.url"]),
  ...(proxy.fromEnvironment ? ["proxy.fromEnvironment"] : []),
  ...Object.entries(Tls.defaults).flatMap(([name, value]) =>
    tls[name as keyof Tls.Settings] === value ? [] : [`tls.${name}`]
  ),
  ...(http2 ? [] : ["http2"])
]

const execute = (client: HttpClient.HttpClient, request: Request) =>
  HttpClientRequest.make(request.method as HttpMethod.HttpMethod)(request.origin + request.path).pipe(
    HttpClientRequest.setHeaders(joined(request.headers)),
    HttpClientRequest.setBody(bodyOf(request)),
    client.execute,
    Effect.flatMap((response) =>
      isJudged(request, response.status)
        ? Effect.map(textOf(response), (text) => responseOf(response, text.slice(0, request.maxText ?? defaultMaxText)))
        : Effect.map(bodyIn(response, request), (body) => ({ ...responseOf(response, ""), body }))
    ),
    Effect.mapError((error) =>
      error._tag === "BadAnswer" ? error : fromCause("cause" in error.reason ? error.reason.cause : error)
    ),
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
  )

const responseOf = ({ headers, status }: HttpClientResponse.HttpClientResponse, text: string): Response => ({
  status,
  headers,
  text,
  leave: () => {}
})

/** All or nothing of it, for it cannot be read in pieces that a fake would have to make. */
const textOf = ({ text }: HttpClientResponse.HttpClientResponse) =>
  Effect.timeoutOrElse(Effect.orElseSucceed(text, () => ""), {
    duration: AnswerText.patience,
    orElse: () => Effect.succeed("")
  })

/** Some clients have decoded it, and left the header as it was. */
const bodyIn = (
  { arrayBuffer, headers, status }: HttpClientResponse.HttpClientResponse,
  { budget, maxBody: max = 0 }: Request
) =>
  Effect.flatMap(arrayBuffer, (buffer) => {
    const bytes = new Uint8Array(buffer)
    if (bytes.byteLength > max) return Effect.fail(AnswerBody.tooLarge(status, max))
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
    return AnswerBody.decode(bytes, isGzip ? headers["content-encoding"] : undefined, { max, budget }, status)
  })

const bodyOf = ({ body, headers }: Request): HttpBody.HttpBody => {
  const type = [headers["content-type"] ?? []].flat().join(", ")
  return body === undefined ? HttpBody.empty : HttpBody.uint8Array(body, type === "" ? undefined : type)
}

/** It has one value for each name; an empty list is no header. */
const joined = (headers: Request["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (typeof value === "string") return [[name, value]]
      return value.length === 0 ? [] : [[name, value.join(", ")]]
    })
  )

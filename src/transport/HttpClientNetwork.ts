/**
 * The network as an `HttpClient` reaches it. Its TLS, its proxies and its connections are its own business.
 */
import { Effect, Layer } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import { defaultMaxText, Network, type Request, type Response } from "./Network.ts"
import { fromCause, noAnswer } from "./TransportError.ts"

export const layer: Layer.Layer<Network, never, HttpClient.HttpClient> = Layer.effect(
  Network,
  Effect.map(HttpClient.HttpClient, (client) =>
    Network.of({
      open: ({ timeout }) => {
        const late = Effect.fail(noAnswer(timeout))
        return Effect.succeed({
          roundTrip: (request) =>
            Effect.timeoutOrElse(execute(client, request), { duration: timeout, orElse: () => late }),
          secrets: []
        })
      }
    }))
)

const execute = (client: HttpClient.HttpClient, request: Request) =>
  HttpClientRequest.make(request.method)(request.origin + request.path).pipe(
    HttpClientRequest.setHeaders(joined(request.headers)),
    HttpClientRequest.setBody(bodyOf(request)),
    client.execute,
    Effect.flatMap((response) =>
      Effect.map(response.text, (text): Response => ({
        status: response.status,
        headers: response.headers,
        text: text.slice(0, request.maxText ?? defaultMaxText),
        leave: () => {}
      }))
    ),
    Effect.mapError((error) => fromCause("cause" in error.reason ? error.reason.cause : error)),
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
  )

const bodyOf = ({ body, headers }: Request): HttpBody.HttpBody => {
  const type = headers["content-type"]
  return body === undefined ? HttpBody.empty : HttpBody.uint8Array(body, typeof type === "string" ? type : undefined)
}

/** It has one value for each name; an empty list is no header. */
const joined = (headers: Request["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (typeof value === "string") return [[name, value]]
      return value.length === 0 ? [] : [[name, value.join(", ")]]
    })
  )

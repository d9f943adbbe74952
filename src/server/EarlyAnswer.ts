/**
 * Answers to requests whose body is still coming, such as a 415 to a large upload.
 *
 * Many senders write all of a body before they read. A connection that is closed meanwhile is reset, and the answer with
 * it; so the answer goes out at once, and then the rest is read and dropped: so much of it, and for as long as the
 * listener's read timeout. The connection can be used again if that was all.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Effect, Stream } from "effect"
import { HttpBody, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { ServerResponse } from "node:http"
import * as Body from "./Body.ts"

/** The answer itself, if nothing is coming any more; one that ends once that has been read, if something is. */
export const patient = (
  response: HttpServerResponse.HttpServerResponse
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest> =>
  Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
    const { body } = response
    if ((body._tag !== "Uint8Array" && body._tag !== "Empty") || !Body.isComing(request)) return response
    const bytes = body._tag === "Empty" ? new Uint8Array() : body.body
    const rest = Effect.suspend(() => {
      ;(NodeHttpServerRequest.toServerResponse(request) as ServerResponse).flushHeaders()
      return Body.discard(request)
    })
    return HttpServerResponse.setBody(
      response,
      HttpBody.stream(
        Stream.concat(Stream.make(bytes), Stream.drain(Stream.fromEffect(rest))),
        response.headers["content-type"],
        bytes.byteLength
      )
    )
  })

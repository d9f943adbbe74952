/**
 * A token endpoint that answers from a script, without a socket.
 */
import { Effect } from "effect"
import type { Request, Response } from "../../src/transport/Network.ts"
import type { TransportError } from "../../src/transport/TransportError.ts"

export type Answer = Effect.Effect<Response, TransportError>

/** Goes through the answers, and stays with the last. */
export const scripted = (script: ReadonlyArray<Answer>) => {
  const requests: Array<Request> = []
  const send = (request: Request): Answer =>
    Effect.suspend(() => {
      requests.push(request)
      return script[Math.min(requests.length, script.length) - 1]!
    })
  return { requests, send }
}

/** A text is sent as it is, anything else as JSON. */
export const respond = (status: number, body: unknown, contentType = "application/json"): Answer =>
  Effect.succeed({
    status,
    headers: { "content-type": contentType },
    text: typeof body === "string" ? body : JSON.stringify(body)
  })

export const grant = (token: string, expiresIn?: number): Answer =>
  respond(200, { access_token: token, expires_in: expiresIn })

export const refuse: Answer = respond(401, { error: "invalid_client" })

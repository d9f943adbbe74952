/**
 * A token endpoint that answers from a script, without a socket.
 */
import { Effect } from "effect"
import type { Request, Response, RoundTripper } from "../../src/transport/Network.ts"
import type { TransportError } from "../../src/transport/TransportError.ts"

export type Answer = Effect.Effect<Response, TransportError>

export interface Scripted extends RoundTripper {
  readonly requests: ReadonlyArray<Request>
}

/** Goes through the answers, and stays with the last. */
export const scripted = (script: ReadonlyArray<Answer>, secrets: RoundTripper["secrets"] = []): Scripted => {
  const requests: Array<Request> = []
  const roundTrip = (request: Request): Answer =>
    Effect.suspend(() => {
      requests.push(request)
      return script[Math.min(requests.length, script.length) - 1]!
    })
  return { requests, roundTrip, secrets }
}

/** A text is sent as it is, anything else as JSON. */
export const respond = (status: number, body: unknown, headers: Response["headers"] = {}): Answer =>
  Effect.succeed({
    status,
    headers: { "content-type": "application/json", ...headers },
    text: typeof body === "string" ? body : JSON.stringify(body),
    leave: () => {}
  })

export const grant = (token: string, expiresIn?: number): Answer =>
  respond(200, { access_token: token, expires_in: expiresIn })

export const refuse: Answer = respond(401, { error: "invalid_client" })

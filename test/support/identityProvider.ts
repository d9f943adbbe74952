/**
 * A server that gives out access tokens by the client credentials grant of OAuth 2.0, or fails in any way.
 */
import { Clock, Effect } from "effect"
import { once } from "node:events"
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse
} from "node:http"
import { createServer as createSecureServer } from "node:https"
import { text } from "node:stream/consumers"
import type { Identity } from "./certificates.ts"
import { type Journal, makeJournal } from "./journal.ts"
import { closeAll, listen } from "./ports.ts"

export interface TokenRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly form: URLSearchParams
  /** Where the client has put its credentials. */
  readonly style: Style
}

export type Style = "header" | "form"

export type Behaviour =
  | { readonly _tag: "Answer"; readonly status: number; readonly body: string; readonly headers: OutgoingHttpHeaders }
  | { readonly _tag: "Hang" }
  | { readonly _tag: "Reset" }
  | { readonly _tag: "Grant" }

/** A text as it is, or JSON. */
export const answer = (status: number, body: unknown, headers: OutgoingHttpHeaders = {}): Behaviour => ({
  _tag: "Answer",
  status,
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { "content-type": "application/json", ...headers }
})
/** No answer. */
export const hang: Behaviour = { _tag: "Hang" }
/** The connection is reset once the request is there. */
export const reset: Behaviour = { _tag: "Reset" }
/** A token for who knows the secret; anybody else is an `invalid_client`, and is told what was wrong word by word. */
export const grant: Behaviour = { _tag: "Grant" }

export interface Options {
  readonly clientId?: string
  readonly secret?: string
  /** What it understands; the header by default. */
  readonly style?: Style
  /** Of each token, in seconds; tokens last for ever by default. */
  readonly expiresIn?: number
  /** Speaks TLS as this one. */
  readonly identity?: Identity
}

export interface IdentityProvider {
  readonly tokenUrl: string
  readonly requests: Journal<TokenRequest>
  /** From now on. */
  readonly behave: (behaviour: Behaviour) => void
  /** From now on this is the only good one, and the tokens there are have been good. */
  readonly changeSecret: (secret: string) => void
  /** Whether this is the header of a token that is good now. */
  readonly isGood: (authorization: string | undefined) => boolean
  /** The tokens there are have been good. */
  readonly revoke: () => void
  /** Closes all connections and the port. */
  readonly refuse: Effect.Effect<void>
  /** Opens the same port again. */
  readonly reopen: Effect.Effect<void>
}

export const clientId = "a client: 100%"
/** Of such characters as a URL and a header each write in their own way. */
export const secret = "s3cret/ä+ %41~*"

/** Its tokens grow old by the clock of the test. It listens until the scope closes. */
export const makeIdentityProvider = Effect.fnUntraced(function*(options: Options = {}) {
  const clock = yield* Clock.Clock
  const requests = makeJournal<TokenRequest>(({ form, style }) => `${style} ${form}`)
  const expiries = new Map<string, number>()
  const { expiresIn, identity, style: known = "header" } = options
  const client = options.clientId ?? clientId
  let good = options.secret ?? secret
  let behaviour: Behaviour = grant
  let granted = 0

  const json = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
  }
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await text(request))
    const { headers, url: path = "" } = request
    const style: Style = headers.authorization === undefined ? "form" : "header"
    requests.add({ path, headers, form, style })
    if (behaviour._tag === "Hang") return
    if (behaviour._tag === "Reset") {
      request.socket.resetAndDestroy()
      return
    }
    if (behaviour._tag === "Answer") {
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body)
      return
    }
    const [id, password] = style === "form" ? [form.get("client_id"), form.get("client_secret")] : basicOf(headers)
    if (style !== known || id !== client || password !== good) {
      return json(response, 401, { error: "invalid_client", error_description: `no ${id} with ${password}` })
    }
    const token = `token-${++granted}`
    expiries.set(`Bearer ${token}`, clock.currentTimeMillisUnsafe() + (expiresIn ?? Infinity) * 1000)
    json(response, 200, { access_token: token, token_type: "bearer", expires_in: expiresIn })
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    receive(request, response).catch(() => response.destroy())
  }
  const server = identity === undefined
    ? createServer(onRequest)
    : createSecureServer({ cert: identity.certificate, key: identity.key }, onRequest)
  const close = () => closeAll(server)
  const port = yield* Effect.acquireRelease(Effect.promise(() => listen(server)), () => Effect.promise(close))
  const provider: IdentityProvider = {
    tokenUrl: `${identity === undefined ? "http" : "https"}://localhost:${port}/oauth2/token`,
    requests,
    behave: (next) => {
      behaviour = next
    },
    changeSecret: (secret) => {
      good = secret
      expiries.clear()
    },
    isGood: (authorization = "") => clock.currentTimeMillisUnsafe() < (expiries.get(authorization) ?? -Infinity),
    revoke: () => expiries.clear(),
    refuse: Effect.promise(close),
    reopen: Effect.promise(async () => {
      server.listen(port, "127.0.0.1")
      await once(server, "listening")
    })
  }
  return provider
})

/** Each part is written as in a form. */
const basicOf = ({ authorization = "" }: IncomingHttpHeaders): ReadonlyArray<string> =>
  Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString().split(":")
    .map((part) => decodeURIComponent(part.replaceAll("+", " ")))

/**
 * The transport as it is, for servers that are elsewhere than their URLs say.
 */
import { Effect, Layer } from "effect"
import { type Request, type Response, Transport, type TransportError } from "../../src/transport/Transport.ts"

/** What becomes of a request: it is sent elsewhere, or not at all. */
export type Way = (
  request: Request,
  send: (request: Request) => Effect.Effect<Response, TransportError>
) => Effect.Effect<Response, TransportError>

export const layer = (way: Way): Layer.Layer<Transport> =>
  Layer.effect(
    Transport,
    Effect.map(Transport, ({ connect }) => ({
      connect: (settings) =>
        Effect.map(connect(settings), (client) => ({ ...client, send: (request) => way(request, client.send) }))
    }))
  ).pipe(Layer.provide(Transport.layer))

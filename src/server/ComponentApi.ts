/**
 * What components answer under `/api/v0/component/<id>/` on the engine's server.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import type { HttpServerResponse } from "effect/http"

/** Answers a path below the component's own, such as `/profiles`; `undefined` is "not found". */
export type Handler = (path: string) => Effect.Effect<HttpServerResponse.HttpServerResponse | undefined>

export class ComponentApi extends Context.Service<ComponentApi, {
  /** Serves a component's paths until the scope closes. */
  readonly mount: (componentId: string, handler: Handler) => Effect.Effect<void, never, Scope.Scope>
  /** The longest component id that the path begins with, and what is below it. */
  readonly handle: Handler
}>()("pyroduct/server/ComponentApi") {
  static readonly layer: Layer.Layer<ComponentApi> = Layer.sync(ComponentApi, () => {
    const handlers = new Map<string, Handler>()
    return {
      mount: (componentId, handler) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            handlers.set(componentId, handler)
          }),
          () =>
            Effect.sync(() => {
              handlers.delete(componentId)
            })
        ),
      handle: (path) => {
        const segments = path.split("/")
        for (let end = segments.length; end > 0; end--) {
          const handler = handlers.get(segments.slice(0, end).join("/"))
          if (handler !== undefined) return handler(`/${segments.slice(end).join("/")}`)
        }
        return Effect.succeed(undefined)
      }
    }
  })
}

/**
 * What components answer under `/api/v0/component/<id>/` on the engine's server.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import type { HttpServerResponse } from "effect/http"

/** Answers a path below the component's own, such as `/profiles`; `undefined` is "not found". */
export type Handler = (
  path: string,
  query: URLSearchParams
) => Effect.Effect<HttpServerResponse.HttpServerResponse | undefined>

/** Where components answer. */
export class ComponentApi extends Context.Service<ComponentApi, {
  /** Serves a component's paths until the scope closes; of several for one id the newest does. */
  readonly mount: (componentId: string, handler: Handler) => Effect.Effect<void, never, Scope.Scope>
  /** The longest component id that the path begins with, and what is below it. */
  readonly handle: Handler
}>()("pyroduct/server/ComponentApi") {
  static readonly layer: Layer.Layer<ComponentApi> = Layer.sync(ComponentApi, () => {
    const handlers = new Map<string, Array<Handler>>()
    return {
      mount: (componentId, handler) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            handlers.set(componentId, [...handlers.get(componentId) ?? [], handler])
          }),
          () =>
            Effect.sync(() => {
              const others = handlers.get(componentId)!.filter((other) => other !== handler)
              if (others.length > 0) handlers.set(componentId, others)
              else handlers.delete(componentId)
            })
        ),
      handle: (path, query) => {
        // Over the components, which are few, rather than over what a request may make many of.
        let longest: string | undefined
        for (const id of handlers.keys()) {
          const begins = path.startsWith(id) && (path.length === id.length || path[id.length] === "/")
          if (begins && (longest === undefined || id.length > longest.length)) longest = id
        }
        return longest === undefined
          ? Effect.undefined
          : handlers.get(longest)!.at(-1)!(path.slice(longest.length) || "/", query)
      }
    }
  })
}

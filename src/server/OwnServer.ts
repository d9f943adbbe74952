/**
 * The engine's own server, whose access a configuration may restrict, while it serves.
 *
 * It does not listen by itself: what a configuration protects is not open for as long as that loads. Somebody opens it, or
 * configures an access; of several that are configured, as when one is built beside the other, the newest counts. When
 * the last one is gone, it stays in force until the server is opened, as nobody has said that it may be: a shutdown opens
 * nothing.
 */
import { Context, Deferred, Effect, Exit, Layer, Scope, Semaphore } from "effect"
import type * as BasicAuth from "./BasicAuth.ts"
import * as Listener from "./Listener.ts"

/** Who may ask, and how. */
export interface Access {
  /** Plain HTTP without it. */
  readonly tls?: Listener.Settings["tls"]
  /** Everybody may ask for everything without it. */
  readonly auth?: BasicAuth.Check | undefined
}

export type { Check, Verdict } from "./BasicAuth.ts"

/** Where the engine serves itself. */
export class OwnServer extends Context.Service<OwnServer, {
  /** Serves under that access until the scope closes, connections that are open included. */
  readonly configure: (access: Access) => Effect.Effect<void, Listener.ListenError, Scope.Scope>
  /** Plain and for everybody, from when nothing is configured. Gives where it listens. */
  readonly open: Effect.Effect<Listener.Address, Listener.ListenError>
  /** Where it listens, once it does. */
  readonly address: Effect.Effect<Listener.Address>
}>()("pyroduct/server/OwnServer") {
  /** For an application that has no such server, so that there is nothing to protect. */
  static readonly layerNone: Layer.Layer<OwnServer> = Layer.succeed(OwnServer, {
    configure: () => Effect.void,
    open: Effect.never,
    address: Effect.never
  })
}

/**
 * Listens where it is told to until the scope closes, once it has an access.
 *
 * @internal
 */
export const make = Effect.fnUntraced(function*(
  settings: Omit<Listener.Settings, "owner" | "tls">,
  handler: (access: Access) => Listener.Handler
): Effect.fn.Return<OwnServer["Service"], never, Listener.Listener | Scope.Scope> {
  const { listen } = yield* Listener.Listener
  const context = yield* Effect.context<Scope.Scope>()
  const scope = Context.get(context, Scope.Scope)
  const owner = `pyroduct/server ${crypto.randomUUID()}`
  const address = yield* Deferred.make<Listener.Address>()
  const turn = Semaphore.makeUnsafe(1)
  /** How many are configured. */
  let configured = 0
  let mayBeOpen = false
  /** What serves while nothing is configured. */
  let unconfigured: { readonly scope: Scope.Closeable; readonly isOpen: boolean } | undefined

  const serve = Effect.fnUntraced(function*(access: Access) {
    const own = yield* Scope.fork(scope)
    const listening = listen({ ...settings, owner, tls: access.tls }, handler(access))
    // Requests are not handled in the name of whoever configures.
    const forItself = (): Context.Context<Scope.Scope> => Context.add(context, Scope.Scope, own)
    yield* Effect.updateContext<never, Scope.Scope>(forItself)(listening).pipe(
      Effect.tap((found) => Deferred.succeed(address, found)),
      Effect.onError(() => Scope.close(own, Exit.void))
    )
    return own
  })
  /** It may be asked for in a request of its own, which it would wait for. */
  const leave = (own: Scope.Closeable) =>
    Effect.forkIn(Effect.uninterruptible(Scope.close(own, Exit.void)), scope, { startImmediately: true })
  const instead = (next: typeof unconfigured) =>
    Effect.suspend(() => {
      const before = unconfigured
      unconfigured = next
      return before === undefined ? Effect.void : leave(before.scope)
    })
  const openIfFree = Effect.gen(function*() {
    if (configured > 0 || !mayBeOpen || unconfigured?.isOpen === true) return
    yield* instead({ scope: yield* serve({}), isOpen: true })
  })

  return {
    configure: (access) =>
      Effect.acquireRelease(
        turn.withPermit(Effect.gen(function*() {
          const own = yield* serve(access)
          configured++
          mayBeOpen = false
          yield* instead(undefined)
          return own
        })),
        (own) =>
          turn.withPermit(Effect.suspend(() => {
            configured--
            return configured > 0 ? leave(own) : Effect.andThen(instead({ scope: own, isOpen: false }), openIfFree)
          })).pipe(Effect.catch((error) => Effect.logError(error.message)))
      ).pipe(Effect.asVoid),
    open: turn.withPermit(Effect.suspend(() => {
      mayBeOpen = true
      return Effect.andThen(openIfFree, Deferred.await(address))
    })),
    address: Deferred.await(address)
  }
})

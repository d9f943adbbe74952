/**
 * A client for requests that take long: it stays until the last of them has ended, though whoever asked for it has gone
 * meanwhile, as one does whose place another takes.
 */
import { Effect, Exit, Scope } from "effect"
import type { Client, Settings, UnusableSettings } from "./Transport.ts"
import { Transport } from "./Transport.ts"

/** As `Transport.connect`. */
export const connect = Effect.fnUntraced(function*(
  settings: Settings
): Effect.fn.Return<Client, UnusableSettings, Transport | Scope.Scope> {
  const scope = yield* Scope.make()
  let inFlight = 0
  let isLeft = false
  const end = Effect.suspend(() => isLeft && inFlight === 0 ? Scope.close(scope, Exit.void) : Effect.void)
  yield* Effect.addFinalizer(() => {
    isLeft = true
    return end
  })
  const { connect } = yield* Transport
  const client = yield* Scope.provide(connect(settings), scope)
  return {
    problems: client.problems,
    send: (request) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          inFlight++
        }),
        () => client.send(request),
        () => {
          inFlight--
          return end
        }
      )
  }
})

/**
 * What sends credentials along.
 */
import type { Effect } from "effect"
import type { NoCredential } from "./TransportError.ts"

export interface Authenticator {
  /** The value of the `authorization` header. */
  readonly header: Effect.Effect<string, NoCredential>
  /** A server answered 401 to that header: whether there is another to try. Fails where there may be one later. */
  readonly refused: (header: string) => Effect.Effect<boolean, NoCredential>
  /** A server took that header. */
  readonly accepted: (header: string) => void
  /** Everything that no text may show. */
  readonly secrets: () => ReadonlyArray<string>
}

/**
 * What sends credentials along.
 */
import type { Effect } from "effect"
import type { NoCredential } from "./TransportError.ts"

/** Of one client. Servers are told apart, by their origins: what one refuses may be good for another. */
export interface Authenticator {
  /** The value of the `authorization` header. */
  readonly header: (origin: string) => Effect.Effect<string, NoCredential>
  /** The server answered 401 to that header: whether there is another to try. Fails where there may be one later. */
  readonly refused: (header: string, origin: string) => Effect.Effect<boolean, NoCredential>
  /** The server took that header. */
  readonly accepted: (header: string, origin: string) => void
  /** Everything that no text may show. */
  readonly secrets: () => ReadonlyArray<string>
}

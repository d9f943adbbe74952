/**
 * What a file system says is wrong.
 */
import type { PlatformError } from "effect"

/** In the words of the system, without the path: `ENOSPC: no space left on device`. */
export const reasonOf = ({ message, reason }: PlatformError.PlatformError): string => {
  const said = reason.cause instanceof Error ? /^E[A-Z0-9]+: [^,]+/.exec(reason.cause.message) : null
  return said?.[0] ?? message
}

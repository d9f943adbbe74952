/**
 * Why a file cannot be read, in few words and without its name.
 */
import type { PlatformError } from "effect"

export const reasonOf = (error: PlatformError.PlatformError): string => {
  switch (error.reason._tag) {
    case "NotFound":
      return "no such file or directory"
    case "PermissionDenied":
      return "permission denied"
    default:
      return "description" in error.reason && error.reason.description !== undefined
        ? error.reason.description
        : error.message
  }
}

/**
 * The names that a server without authentication answers to.
 *
 * A page in a browser can have a name of its own resolve to this machine (DNS rebinding), and then reads what is served
 * here as if it were its own; but its requests carry that name. An address or `localhost` in its place is not a page's to
 * choose. Requests without a `Host` come from no browser.
 */
import { isIP } from "node:net"

export const isAllowed = (host: string | undefined, names: ReadonlyArray<string>): boolean => {
  if (host === undefined) return true
  const name = nameIn(host)
  return isIP(name) !== 0 || name === "localhost" || (name !== "" && names.some((allowed) => nameIn(allowed) === name))
}

/** Of `host`, `host:port` or `[address]:port`. */
const nameIn = (host: string): string =>
  host.toLowerCase().replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "")

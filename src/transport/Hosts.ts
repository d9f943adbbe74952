/**
 * The names that a machine knows by itself: `/etc/hosts` (hosts(5)).
 */
import { isIP } from "node:net"

/** The addresses that the text of such a file has for a name, in their order. */
export const addresses = (text: string, name: string): ReadonlyArray<string> => {
  const [all, wanted] = [`${text.toLowerCase()}\n`, name.toLowerCase()]
  const found: Array<string> = []
  // A list may have a hundred thousand lines: only those that may be about this name become texts of their own.
  for (let at = all.indexOf(wanted); at >= 0;) {
    const end = all.indexOf("\n", at)
    const [address = "", ...names] = all.slice(all.lastIndexOf("\n", at) + 1, end).replace(/#.*/, "").trim().split(
      /\s+/
    )
    if (names.includes(wanted) && isIP(address) !== 0) found.push(address)
    at = all.indexOf(wanted, end)
  }
  return found
}

/**
 * The names that a machine knows by itself: `/etc/hosts` (hosts(5)).
 */
import { isIP } from "node:net"

/** The addresses that the text of such a file has for a name, in their order. */
export const addresses = (text: string, name: string): ReadonlyArray<string> => {
  const wanted = name.toLowerCase()
  return text.toLowerCase().split("\n").flatMap((line) => {
    // Most lines of a long list are about others.
    if (!line.includes(wanted)) return []
    const [address = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/)
    return names.includes(wanted) && isIP(address) !== 0 ? [address] : []
  })
}

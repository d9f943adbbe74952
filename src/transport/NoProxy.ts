/**
 * Which hosts are reached directly although there is a proxy, in the words of the environment variable `NO_PROXY`.
 *
 * The rules are those of Go's HTTP client:
 *
 * - `10.0.0.1`, `2001:db8::1`, `10.0.0.0/8`, `2001:db8::/32`: hosts given by address;
 * - `example.com`: the domain and everything below it; `.example.com` and `*.example.com`: only what is below it;
 * - `10.0.0.1:8080`, `[2001:db8::1]:8080`, `example.com:8080`: only that port;
 * - `*`: everything.
 *
 * `localhost` and loopback addresses are always direct. An entry that is none of these matches nothing.
 */
import { BlockList, isIP, isIPv4, SocketAddress } from "node:net"
import { domainToASCII } from "node:url"

export type NoProxy = ReadonlyArray<Rule>

type Rule = (host: Host) => boolean

interface Host {
  /** In lower case and ASCII. */
  readonly name: string
  /** If the host is given by address. */
  readonly address: SocketAddress | undefined
  readonly port: string
}

/** Never fails: what makes no sense matches nothing. */
export const parse = (text: string): NoProxy => {
  const entries = text.split(",").map((entry) => entry.trim().toLowerCase())
  return entries.includes("*") ? [() => true] : entries.map((entry) => rangeRule(entry) ?? hostRule(entry))
}

/** Whether requests to that `http:` or `https:` URL go there directly. */
export const matches = (noProxy: NoProxy, url: URL): boolean => {
  const name = url.hostname.replace(/^\[|\]$/g, "")
  const host = { name, address: addressOf(name), port: url.port || (url.protocol === "https:" ? "443" : "80") }
  return name === "localhost" || loopback.some((rule) => rule(host)) || noProxy.some((rule) => rule(host))
}

const rangeRule = (entry: string): Rule | undefined => {
  const [, text = "", length] = /^([^/]+)\/(\d+)$/.exec(entry) ?? []
  const address = addressOf(text)
  if (address === undefined) return undefined
  // An IPv4 address in IPv6 notation counts its 96 bits of prefix.
  const prefix = Number(length) - (isIP(text) === 6 && address.family === "ipv4" ? 96 : 0)
  return prefix >= 0 && prefix <= bits(address) ? within(address, prefix) : undefined
}

const hostRule = (entry: string): Rule => {
  const [, bracketed, plain, port = ""] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(entry) ?? []
  const name = bracketed ?? plain ?? entry
  const address = addressOf(name)
  const rule = address === undefined ? domainRule(name) : within(address, bits(address))
  return (host) => (port === "" || port === host.port) && rule(host)
}

const domainRule = (text: string): Rule => {
  if (text === "") return () => false
  const name = asciiOf(text.startsWith("*.") ? text.slice(1) : text)
  const suffix = name.startsWith(".") ? name : `.${name}`
  return (host) => host.address === undefined && (host.name === name || host.name.endsWith(suffix))
}

/** The first `prefix` bits are those of the address. */
const within = (address: SocketAddress, prefix: number): Rule => {
  const range = new BlockList()
  range.addSubnet(address, prefix)
  // A `BlockList` alone would find all of IPv4 in `::/0`.
  return (host) => host.address?.family === address.family && range.check(host.address)
}

/** An IPv4 address in IPv6 notation (`::ffff:10.0.0.1`) is an IPv4 address. A zone has no meaning in a URL. */
const addressOf = (text: string): SocketAddress | undefined => {
  if (isIP(text) === 0 || text.includes("%")) return undefined
  if (isIPv4(text)) return new SocketAddress({ address: text, family: "ipv4" })
  const long = new SocketAddress({ address: text, family: "ipv6" })
  const [, short = ""] = /^::ffff:(.*)$/.exec(long.address) ?? []
  return isIPv4(short) ? new SocketAddress({ address: short, family: "ipv4" }) : long
}

const bits = (address: SocketAddress): number => address.family === "ipv4" ? 32 : 128

/** ASCII stays as it is: the function would take `10.1` for an address. */
const asciiOf = (name: string): string => /^\p{ASCII}*$/u.test(name) ? name : domainToASCII(name) || name

const loopback = parse("127.0.0.0/8, ::1")

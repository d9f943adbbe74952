/**
 * Where something listens: a host and a port.
 */
export interface Address {
  /** A name, or an address without brackets; empty is every address. */
  readonly host: string
  /** From 0 to 65535. */
  readonly port: number
}

/** `127.0.0.1:12345`, `[::1]:80`, or `:8080` where the host is empty. */
export const format = ({ host, port }: Address): string => host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** `127.0.0.1:12345` or `[::1]:80` or `:8080`. */
export const parse = (text: string): Address | undefined => {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const port = Number(match[3])
  return port > 65535 ? undefined : { host: match[1] ?? match[2] ?? "", port }
}

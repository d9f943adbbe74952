/**
 * What answers over HTTP/1.1 Go's client reads and undici refuses, though its parser can do it: interim answers of 100,
 * and lines that end without a carriage return (RFC 9112, section 2.2).
 *
 * undici has no option for them, so its parser is told behind its back. Where another undici has none that can be told so,
 * those answers are a bad response, and nothing else is different.
 */
import type { Socket } from "node:net"

interface Parser {
  readonly ptr: number
  readonly llhttp: { readonly llhttp_set_lenient_optional_cr_before_lf: (ptr: number, isOn: 1) => void }
  onHeadersComplete: (status: number, upgrade: boolean, shouldKeepAlive: boolean) => number
}

/** For a socket that an undici client has taken to speak HTTP/1.1 on. */
export const allow = (socket: Socket): void => {
  const parser = parserOf(socket)
  if (parser === undefined) return
  parser.llhttp.llhttp_set_lenient_optional_cr_before_lf(parser.ptr, 1)
  const { onHeadersComplete } = parser
  // Of all interim answers it does not know this one. It treats 102 as it should be.
  parser.onHeadersComplete = (status, ...rest) => onHeadersComplete.call(parser, status === 100 ? 102 : status, ...rest)
}

const parserOf = (socket: Socket): Parser | undefined => {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "parser")
  const parser = key && (socket as unknown as Readonly<Record<symbol, Partial<Parser>>>)[key]
  const isKnown = typeof parser?.ptr === "number" && typeof parser.onHeadersComplete === "function" &&
    typeof parser.llhttp?.llhttp_set_lenient_optional_cr_before_lf === "function"
  return isKnown ? parser as Parser : undefined
}

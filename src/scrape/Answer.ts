/**
 * What a target answers: a profile, or why it is none.
 *
 * Servers that know nothing of profiles answer 200 with a page of theirs to whatever they are asked. So an answer is a
 * profile only if it says that it is, and does not look like something else. It is not decoded for that.
 */
import { Result } from "effect"
import * as Compression from "../wire/Compression.ts"
import { EmptyProfile, HttpStatus, InvalidProfile, type ScrapeError } from "./ScrapeError.ts"

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** All of it, where it is a success. */
  readonly body?: Uint8Array
  /** The beginning of the body, where it is none. */
  readonly text?: string
  /** Takes the credentials of whoever asked out of a text. */
  readonly scrub?: (text: string) => string
}

/**
 * The profile, byte for byte. `type` is the name of its type. What an error repeats goes through `scrub` before it is cut:
 * half a secret is not found any more.
 */
export const check = (
  { body = nothing, headers, status, text }: Answer,
  type: string,
  scrub: (text: string) => string
): Result.Result<Uint8Array, ScrapeError> => {
  if (status < 200 || status > 299) {
    return Result.fail(new HttpStatus({ status, text: line(scrub(text ?? decode(body.subarray(0, 4 * maxText)))) }))
  }
  if (body.byteLength === 0) return Result.fail(new EmptyProfile({ type }))
  const detail = mistakeIn(body, headers["content-type"] ?? "", scrub)
  return detail === undefined ? Result.succeed(body) : Result.fail(new InvalidProfile({ detail }))
}

const nothing = new Uint8Array(0)

const mediaType = "application/octet-stream"

/** In the words of Alloy, which are what operators search for. */
const mistakeIn = (bytes: Uint8Array, contentType: string, scrub: (text: string) => string): string | undefined => {
  if (contentType === "") return "missing Content-Type header"
  if (!contentType.toLowerCase().startsWith(mediaType)) {
    return `unexpected Content-Type ${line(scrub(contentType))}, expected ${mediaType} for pprof data`
  }
  if (isText(bytes)) {
    const beginning = JSON.stringify(line(scrub(decode(bytes.subarray(0, 50)))))
    return `text response instead of pprof: ${beginning} (server should return HTTP error, not 200)`
  }
  if (bytes.byteLength <= 2) return "data too short for pprof format"
  if (Compression.isGzip(bytes)) return undefined
  const wireType = bytes[0]! & 7
  return wireType <= 5
    ? undefined
    : `invalid protobuf data: illegal wireType ${wireType} (expected 0-5), first bytes: ${hex(bytes.subarray(0, 16))}`
}

/** HTML or JSON. A profile begins with a field's tag, which may be a line feed, and the length of a message. */
const isText = (bytes: Uint8Array): boolean => {
  if (bytes.byteLength < 10) return false
  const start = bytes.findIndex((byte) => !isBlank(byte))
  if (start === -1) return false
  const [first, second, third] = [bytes[start]!, lowerCase(bytes[start + 1]), lowerCase(bytes[start + 2])]
  const left = bytes.byteLength - start
  if (first === code("<")) {
    return (left >= 9 && second === code("!") && third === code("d")) ||
      (left >= 5 && [code("h"), code("b"), code("t")].includes(second))
  }
  return start < 64 && bytes.byteLength > 20 && (first === code("{") || first === code("["))
}

const code = (character: string): number => character.charCodeAt(0)

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

const lowerCase = (byte = 0): number => byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

/** Of what a server says, in characters. */
const maxText = 256

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes, { stream: true })

/** As one line for a log, without what a terminal would obey. */
const line = (text: string): string => {
  const plain = text.replace(/[\s\p{C}]+/gu, " ").trim()
  return plain.length > maxText ? `${plain.slice(0, maxText)}...` : plain
}

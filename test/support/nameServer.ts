/**
 * A DNS server on loopback that says what a test wants (RFC 1035).
 */
import { Effect } from "effect"
import { createSocket } from "node:dgram"
import { once } from "node:events"
import { isIPv4 } from "node:net"
import { type Journal, makeJournal } from "./journal.ts"

export interface Question {
  readonly name: string
  readonly type: "A" | "AAAA"
}

/** Addresses of the type that was asked for, or none; an error; or silence. */
export type Answer =
  | { readonly addresses: ReadonlyArray<string>; readonly ttl: number }
  | "NXDOMAIN"
  | "SERVFAIL"
  | undefined

export interface NameServer {
  /** With its port. */
  readonly address: string
  readonly questions: Journal<Question>
}

const types: Readonly<Record<number, Question["type"]>> = { 1: "A", 28: "AAAA" }
const codes = { NXDOMAIN: 3, SERVFAIL: 2 }

export const makeNameServer = Effect.fnUntraced(function*(answer: (question: Question) => Answer) {
  const socket = createSocket("udp4")
  const questions = makeJournal<Question>(({ name, type }) => `${type} ${name}`)
  socket.on("message", (message, { address, port }) => {
    const { end, question } = questionIn(message)
    questions.add(question)
    const said = answer(question)
    if (said !== undefined) socket.send(encode(message, end, said), port, address)
  })
  yield* Effect.acquireRelease(
    Effect.promise(() => once(socket.bind(0, "127.0.0.1"), "listening")),
    () => Effect.callback<void>((resume) => void socket.close(() => resume(Effect.void)))
  )
  return { address: `127.0.0.1:${socket.address().port}`, questions } satisfies NameServer
})

const questionIn = (message: Buffer): { readonly question: Question; readonly end: number } => {
  const labels: Array<string> = []
  let at = 12
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length))
    at += 1 + length
  }
  return { question: { name: labels.join("."), type: types[message.readUInt16BE(at + 1)]! }, end: at + 5 }
}

const encode = (query: Buffer, end: number, answer: NonNullable<Answer>): Buffer => {
  const [code, records] = typeof answer === "string"
    ? [codes[answer], []]
    : [0, answer.addresses.map((address) => recordOf(address, answer.ttl))]
  const head = Buffer.from(query.subarray(0, 12))
  head.writeUInt16BE(0x8180 | code, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  head.writeUInt32BE(0, 8)
  return Buffer.concat([head, query.subarray(12, end), ...records])
}

/** For the name in the question. */
const recordOf = (address: string, ttl: number): Buffer => {
  const data = isIPv4(address) ? Buffer.from(address.split(".").map(Number)) : bytesOf(address)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(isIPv4(address) ? 1 : 28, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(ttl, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

/** Of an IPv6 address that leaves out something in its middle, as `fd00::1` does. */
const bytesOf = (address: string): Buffer => {
  const [front = [], back = []] = address.split("::").map((part) => part.split(":").filter((group) => group !== ""))
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back]
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex")
}

/**
 * Requests that are small on the wire and large, or laborious, in the engine.
 */
import { gzipSync } from "node:zlib"

export interface Bomb {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

const mebibytes = (count: number): number => count * 1024 * 1024

/** As often as it fits into that many bytes. */
const repeated = (unit: Uint8Array | string, bytes: number): Buffer => Buffer.alloc(bytes, unit)

/** A field of protobuf with its tag, its length and its content. */
const field = (number: number, content: Uint8Array): Buffer => {
  const length: Array<number> = []
  let rest = content.length
  for (; rest > 0x7f; rest >>>= 7) length.push(rest & 0x7f | 0x80)
  return Buffer.concat([Uint8Array.of(number << 3 | 2, ...length, rest), content])
}

const push = (type: string, message: Uint8Array): Bomb => ({
  path: "/push.v1.PusherService/Push",
  headers: { "content-type": type, "content-encoding": "gzip" },
  body: gzipSync(message, { level: 1 })
})

const json = (start: string, unit: string, bytes: number, end = ""): Bomb =>
  push("application/json", Buffer.concat([Buffer.from(start), repeated(unit, bytes), Buffer.from(end)]))

const protobuf = (message: Uint8Array): Bomb => push("application/proto", message)

const series = (content: Uint8Array): Bomb => protobuf(field(1, content))

/** A pprof of one sample type and an empty sample for every two bytes. */
const emptySamples = Buffer.concat([
  field(1, Buffer.concat([Buffer.from([0x08, 1]), Buffer.from([0x10, 2])])),
  repeated(Uint8Array.of(0x12, 0), mebibytes(62)),
  field(6, Buffer.from("")),
  field(6, Buffer.from("cpu")),
  field(6, Buffer.from("nanoseconds"))
])

const labels = (name: string): Buffer =>
  Buffer.concat(
    [["__name__", name], ["service_name", "bomb"]].map(([name, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(name!)), field(2, Buffer.from(value!))]))
    )
  )

const sample = (profile: Uint8Array): Buffer => field(2, field(1, profile))

const parts = (): Bomb => ({
  path: "/ingest?name=bomb&format=pprof",
  headers: { "content-type": "multipart/form-data; boundary=b" },
  body: Buffer.concat([repeated("--b\r\n\r\n\r\n", mebibytes(8)), Buffer.from("--b--\r\n")])
})

/** By what they are. They are made when they are asked for, as each takes some memory. */
export const bombs: Readonly<Record<string, () => Bomb>> = {
  "JSON of 5 million objects": () => json("{\"x\":[", "{},", mebibytes(16), "{}]}"),
  "JSON of 21 million objects": () => json("{\"x\":[", "{},", mebibytes(63), "{}]}"),
  "JSON of 31 million arrays in each other": () => json("{\"x\":", "[", mebibytes(31)),
  "JSON of series": () => json("{\"series\":[", "{\"labels\":[]},", mebibytes(3), "{}]}"),
  "protobuf of unknown fields": () => protobuf(repeated(Uint8Array.of(0x48, 1), mebibytes(63))),
  "protobuf of groups in each other": () => protobuf(repeated(Uint8Array.of(0x4b), mebibytes(63))),
  "protobuf of groups beside each other": () => protobuf(repeated(Uint8Array.of(0x4b, 0x4c), mebibytes(62))),
  "a label of 20 million names": () => series(field(1, repeated(Uint8Array.of(0x0a, 1, 0x61), mebibytes(60)))),
  "a sample of 30 million unknown fields": () => series(field(2, repeated(Uint8Array.of(0x48, 1), mebibytes(60)))),
  "series of nothing": () => protobuf(repeated(Uint8Array.of(0x0a, 0), mebibytes(62))),
  "a label of 60 MiB": () => series(Buffer.concat([labels("a".repeat(mebibytes(60))), sample(Buffer.from("x"))])),
  "a pprof of 32 million samples": () =>
    series(Buffer.concat([labels("process_cpu"), sample(gzipSync(emptySamples, { level: 1 }))])),
  "a pprof of 63 MiB, plain": () => series(Buffer.concat([labels("process_cpu"), sample(emptySamples)])),
  "multipart of a million parts": parts,
  "gzip of zeros": () => protobuf(repeated(Uint8Array.of(0), mebibytes(63)))
}

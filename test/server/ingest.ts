/**
 * `/ingest` requests of every format, as senders make them.
 */
import { makePprof } from "../support/pprof.ts"

export interface Request {
  readonly format: string
  /** Without the name. */
  readonly query: string
  readonly contentType?: string
  readonly body: Uint8Array
}

const bytes = (...parts: ReadonlyArray<string | Uint8Array>): Uint8Array =>
  Buffer.concat(parts.map((part) => typeof part === "string" ? Buffer.from(part) : part))

const multipart = (...files: ReadonlyArray<readonly [name: string, content: Uint8Array]>): Uint8Array =>
  bytes(
    ...files.flatMap(([name, content]) => [
      `--bound\r\nContent-Disposition: form-data; name="${name}"; filename="${name}.pprof"\r\n\r\n`,
      content,
      "\r\n"
    ]),
    "--bound--\r\n"
  )

const pprof = makePprof({ samples: 3, gzip: true })
const jfr = bytes("FLR\0", Uint8Array.from({ length: 256 }, (_, byte) => byte))
const form = "multipart/form-data; boundary=bound"

export const requests: ReadonlyArray<Request> = [
  { format: "trie", query: "format=trie", body: bytes(Uint8Array.of(0, 0, 1, 3), "foo", Uint8Array.of(2, 0)) },
  {
    format: "trie by its type",
    query: "from=1&until=2",
    contentType: "binary/octet-stream+trie",
    body: bytes(Uint8Array.of(0, 0, 1, 3), "foo", Uint8Array.of(2, 0))
  },
  { format: "tree", query: "format=tree", body: bytes(Uint8Array.of(0, 0, 1, 3), "foo", Uint8Array.of(2, 0)) },
  {
    format: "tree by its type",
    query: "",
    contentType: "binary/octet-stream+tree",
    body: bytes(Uint8Array.of(0, 0, 1, 3), "foo", Uint8Array.of(2, 0))
  },
  { format: "lines", query: "format=lines&sampleRate=0", contentType: "text/plain", body: bytes("a;b\na;b\r\na;ü\n") },
  { format: "raw JFR", query: "format=jfr&spyName=javaspy", contentType: "application/octet-stream", body: jfr },
  {
    format: "JFR with labels",
    query: "format=jfr",
    contentType: form,
    body: multipart(["jfr", jfr], ["labels", bytes(Uint8Array.of(10, 0))])
  },
  { format: "pprof", query: "format=pprof&from=1700000000&until=1700000010", body: pprof },
  { format: "pprof under another type", query: "format=pprof", contentType: form, body: pprof },
  {
    format: "speedscope",
    query: "format=speedscope",
    contentType: "application/json; charset=utf-8",
    body: bytes("{\"$schema\": \"https://www.speedscope.app/file-format-schema.json\"}")
  },
  {
    format: "multipart pprof",
    query: "spyName=gospy&units=samples&aggregationType=sum",
    contentType: form,
    body: multipart(["profile", pprof], ["sample_type_config", bytes("{}")])
  },
  {
    format: "folded",
    query: "x=%2F+%26&empty=",
    contentType: "application/x-www-form-urlencoded",
    body: bytes("a;b 1\n")
  },
  { format: "nothing in particular", query: "", body: bytes("a;b 1\n") }
]

/**
 * `push.v1` requests, written and read with the protobuf library alone.
 */
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire"
import { Effect } from "effect"

export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly samples: ReadonlyArray<Sample>
}

export interface Sample {
  readonly id: string
  readonly profile: Uint8Array
}

export const path = "/push.v1.PusherService/Push"

export const encode = (request: ReadonlyArray<Series>): Uint8Array => {
  const writer = new BinaryWriter()
  for (const { labels, samples } of request) {
    writer.tag(1, 2).fork()
    for (const [name, value] of Object.entries(labels)) {
      writer.tag(1, 2).fork().tag(1, 2).string(name).tag(2, 2).string(value).join()
    }
    for (const { id, profile } of samples) writer.tag(2, 2).fork().tag(1, 2).bytes(profile).tag(2, 2).string(id).join()
    writer.join()
  }
  return writer.finish()
}

export const encodeJson = (request: ReadonlyArray<Series>): Uint8Array =>
  Buffer.from(JSON.stringify({
    series: request.map(({ labels, samples }) => ({
      labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
      samples: samples.map(({ id, profile }) => ({ ID: id, rawProfile: Buffer.from(profile).toString("base64") }))
    }))
  }))

export const decode = (bytes: Uint8Array): ReadonlyArray<Series> =>
  fields(bytes).map(({ bytes }) => {
    const parts = fields(bytes)
    return {
      labels: Object.fromEntries(
        parts.filter(({ field }) => field === 1).map(({ bytes }) => [text(bytes, 1), text(bytes, 2)])
      ),
      samples: parts.filter(({ field }) => field === 2).map(({ bytes }) => ({
        id: text(bytes, 2),
        profile: value(bytes, 1)
      }))
    }
  })

/** The fields of a message that has only length-delimited ones. */
const fields = (bytes: Uint8Array): ReadonlyArray<{ readonly field: number; readonly bytes: Uint8Array }> => {
  const reader = new BinaryReader(bytes)
  const all: Array<{ readonly field: number; readonly bytes: Uint8Array }> = []
  while (reader.pos < reader.len) {
    const [field] = reader.tag()
    all.push({ field, bytes: reader.bytes() })
  }
  return all
}

const value = (message: Uint8Array, number: number): Uint8Array =>
  fields(message).find(({ field }) => field === number)?.bytes ?? new Uint8Array(0)

const text = (message: Uint8Array, number: number): string => Buffer.from(value(message, number)).toString()

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** Sends any request and reads the answer. */
export const post = (
  url: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {}
): Effect.Effect<Answer> =>
  Effect.promise(async () => {
    const response = await fetch(url, { method: "POST", body: new Uint8Array(body), headers })
    return { status: response.status, headers: response.headers, text: await response.text() }
  })

/** Pushes one sample, in protobuf. */
export const push = (url: string, id: string, profile: Uint8Array): Effect.Effect<Answer> =>
  post(
    url + path,
    encode([{ labels: { __name__: "process_cpu", service_name: "shop" }, samples: [{ id, profile }] }]),
    {
      "content-type": "application/proto"
    }
  )

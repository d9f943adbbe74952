/**
 * The messages of `push.v1` as `@bufbuild/protobuf` reads them by their description, in protobuf and in JSON: a second
 * opinion.
 */
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  type MessageInitShape
} from "@bufbuild/protobuf"
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire"
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema
} from "@bufbuild/protobuf/wkt"
import type { Series } from "../../src/wire/PushV1.ts"

type Field = MessageInitShape<typeof FieldDescriptorProtoSchema>

const many = (name: string, number: number, message: string): Field => ({
  name,
  number,
  jsonName: name,
  label: Label.REPEATED,
  type: Type.MESSAGE,
  typeName: `.push.v1.${message}`
})

const one = (name: string, number: number, type: Type, jsonName = name): Field => ({
  name,
  number,
  jsonName,
  label: Label.OPTIONAL,
  type
})

const file = create(FileDescriptorProtoSchema, {
  name: "push.proto",
  package: "push.v1",
  syntax: "proto3",
  messageType: [
    { name: "PushRequest", field: [many("series", 1, "RawProfileSeries")] },
    { name: "RawProfileSeries", field: [many("labels", 1, "LabelPair"), many("samples", 2, "RawSample")] },
    { name: "LabelPair", field: [one("name", 1, Type.STRING), one("value", 2, Type.STRING)] },
    { name: "RawSample", field: [one("raw_profile", 1, Type.BYTES, "rawProfile"), one("ID", 2, Type.STRING)] }
  ]
})

const PushRequest = createFileRegistry(file, () => undefined).getMessage("push.v1.PushRequest")!

interface Message {
  readonly series: ReadonlyArray<{
    readonly labels: ReadonlyArray<{ readonly name: string; readonly value: string }>
    readonly samples: ReadonlyArray<{ readonly rawProfile: Uint8Array; readonly ID: string }>
  }>
}

const seriesOf = (message: unknown): ReadonlyArray<Series> =>
  (message as Message).series.map(({ labels, samples }) => ({
    labels: labels.map(({ name, value }) => [name, value] as const),
    samples: samples.map(({ ID, rawProfile }) => ({ id: ID, profile: rawProfile }))
  }))

/**
 * A message without the fields that it has of another wire type than it is described with. They are unknown fields, in
 * Go too, but the library goes by the number alone.
 */
const typed = (bytes: Uint8Array, { fields }: DescMessage): Uint8Array => {
  const reader = new BinaryReader(bytes)
  const writer = new BinaryWriter()
  while (reader.pos < reader.len) {
    const start = reader.pos
    const [number, type] = reader.tag()
    const known = fields.find((field) => field.number === number)
    if (known === undefined || type !== WireType.LengthDelimited) {
      reader.skip(type, number)
      if (known === undefined) writer.raw(bytes.subarray(start, reader.pos))
    } else {
      const content = reader.bytes()
      writer.tag(number, type).bytes(known.message === undefined ? content : typed(content, known.message))
    }
  }
  return writer.finish()
}

/** Throws where the library does. */
export const fromProtobuf = (bytes: Uint8Array): ReadonlyArray<Series> =>
  seriesOf(fromBinary(PushRequest, typed(bytes, PushRequest)))

/** Throws where the library does. */
export const fromParsedJson = (json: unknown): ReadonlyArray<Series> =>
  seriesOf(fromJson(PushRequest, json as JsonValue, { ignoreUnknownFields: true }))

/**
 * Random profiles, for property tests.
 */
import { Arbitrary, Schema } from "effect"
import * as Labels from "../profile/Labels.ts"
import * as Profile from "../profile/Profile.ts"

const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

const name = Arbitrary.map(
  Arbitrary.array(int(0, letters.length - 1), { minLength: 1, maxLength: 12 }),
  (indices) => indices.map((index) => letters[index]).join("")
)

/** Text that can be written as UTF-8. */
const value = Arbitrary.map(Arbitrary.schema(Schema.NonEmptyString), (text) => text.replaceAll(/\p{Surrogate}/gu, "?"))

/** Labels every server takes: two to nine, a `__name__` and a `service_name` among them. */
export const labels: Arbitrary.Arbitrary<Labels.Labels> = Arbitrary.map(
  Arbitrary.all([name, value, Arbitrary.array(Arbitrary.all([name, value]), { maxLength: 7 })]),
  ([type, service, pairs]) => Labels.make(new Map([...pairs, ["__name__", type], ["service_name", service]]))
)

/** No pprof: nothing on the way looks into it. */
const bytes = Arbitrary.map(
  Arbitrary.array(int(0, 255), { minLength: 1, maxLength: 300 }),
  (bytes) => Uint8Array.from(bytes)
)

const sample = Arbitrary.map(bytes, (profile): Profile.Sample => ({ id: "", profile }))

/** Series of one to three samples. */
export const series: Arbitrary.Arbitrary<Profile.Series> = Arbitrary.map(
  Arbitrary.all([labels, Arbitrary.array(sample, { minLength: 1, maxLength: 3 })]),
  ([labels, samples]) => Profile.series(labels, samples)
)

/** As raw pprof is sent to `/ingest`. */
export const ingest: Arbitrary.Arbitrary<Profile.Ingest> = Arbitrary.map(
  Arbitrary.all([labels, bytes]),
  ([labels, body]) => Profile.ingest({ labels, query: "format=pprof", contentType: undefined, body })
)

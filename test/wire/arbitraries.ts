import { Arbitrary, Schema } from "effect"
import * as Labels from "../../src/profile/Labels.ts"

export const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const oneOf = (characters: string) =>
  Arbitrary.map(int(0, [...characters].length - 1), (index) => [...characters][index]!)

const text = (characters: string, maxLength: number, minLength = 0) =>
  Arbitrary.map(Arbitrary.array(oneOf(characters), { minLength, maxLength }), (all) => all.join(""))

/** So few that names meet often. */
export const name = Arbitrary.schema(
  Schema.Literals(["A", "a", "a.b", "a_b", "b", "9", "_a", "__", "__a", "__name__", "__delta__", "service_name"])
)

/** Now and then empty, with blanks, several bytes to a character, and all that has a meaning in a name or a text. */
export const value = text("abc ,={}\"\\\n\u00e9\u20ac\u{1f525}", 6)

export const pairs = Arbitrary.array(Arbitrary.all([name, value]), { maxLength: 8 })

export const labels = Arbitrary.map(pairs, (pairs) => Labels.make(new Map(pairs)))

export const overrides = Arbitrary.map(pairs, (pairs): ReadonlyMap<string, string> => new Map(pairs))

export const bytes = (maxLength: number) =>
  Arbitrary.map(Arbitrary.array(int(0, 255), { maxLength }), (all) => Uint8Array.from(all))

export const samples = Arbitrary.array(
  Arbitrary.map(Arbitrary.all([value, bytes(300)]), ([id, profile]) => ({ id, profile })),
  { maxLength: 4 }
)

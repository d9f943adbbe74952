/**
 * Blocks within a component's arguments. An argument whose schema is a struct is written as a block, one whose schema is
 * an array of structs as a block that may be repeated; everything else is an attribute.
 */
import { Effect, Schema, type SchemaAST } from "effect"

/** Any number of blocks, in source order. */
export const many = <S extends Schema.Constraint>(block: S) =>
  Schema.Array(block).pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed([])),
    Schema.withConstructorDefault(Effect.succeed([]))
  )

/** One block or none. */
export const optional = <S extends Schema.Constraint>(block: S): Schema.optionalKey<S> => Schema.optionalKey(block)

const isLabelKey = "pyroduct/isLabel"

/**
 * A field of a block's struct that is its label, as of `profile.custom "heap"`: such a block must have one, others cannot.
 */
export const label = Schema.String.annotate({ [isLabelKey]: true })

/** Whether a field is its block's label. */
export const isLabel = (ast: SchemaAST.AST): boolean => ast.annotations?.[isLabelKey] === true

/** An attribute or a block that configurations may hold, but that is not there yet: using it is an error that says so. */
export const unsupported = Schema.optionalKey(Schema.Never)

/**
 * What may be shown of a configuration, which follows from the types of its components' arguments.
 */
import { Result, Schema, type SchemaAST } from "effect"
import { memoize } from "effect/Function"
import * as Decode from "../evaluation/Decode.ts"
import * as Value from "../evaluation/Value.ts"
import * as Confidential from "../syntax/Confidential.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as Masking from "../syntax/Masking.ts"
import type * as Parser from "../syntax/Parser.ts"
import * as Source from "../syntax/Source.ts"
import type * as Tree from "../syntax/Tree.ts"
import type { Arguments } from "./Arguments.ts"
import * as Block from "./Block.ts"
import type { Registry } from "./Registry.ts"

/** Of a block: what is in neither of the two is not known, and nothing of it is shown. */
export interface Exposures {
  readonly attributes: ReadonlyMap<string, Exposure.Exposure>
  readonly blocks: ReadonlyMap<string, Exposures>
}

export const unknown: Exposures = { attributes: new Map(), blocks: new Map() }

export const ofArguments = <A>({ ast }: Arguments<A>): Exposures => ofBlock(ast)

const ofBlock = memoize((ast: SchemaAST.AST): Exposures => {
  const fields = ast._tag === "Objects" ? ast.propertySignatures : []
  const attributes = new Map<string, Exposure.Exposure>()
  const blocks = new Map<string, Exposures>()
  for (const { name, type } of fields) {
    const block = blockOf(type)
    if (type._tag === "Never" || Block.isLabel(type)) continue
    if (block === undefined) attributes.set(String(name), ofValue(type))
    else blocks.set(String(name), ofBlock(block))
  }
  // Where no secret belongs a value that does not fit is no secret either.
  const isHarmless = fields.every(({ type }) => !isConfidential(type))
  return {
    attributes: isHarmless ? new Map(Array.from(attributes, ([name]) => [name, Exposure.text])) : attributes,
    blocks
  }
})

/** The struct of the block that an argument is written as, unless it is an attribute. */
export const blockOf = (ast: SchemaAST.AST): SchemaAST.AST | undefined => {
  // With a default it is the decoded side of what has the types.
  const whole = ast.encoding?.at(-1)?.to
  if (whole !== undefined) return blockOf(whole)
  if (ast._tag === "Arrays") return ast.rest[0] && blockOf(ast.rest[0])
  return ast._tag === "Objects" && ast.indexSignatures.length === 0 ? ast : undefined
}

const ofValue = (ast: SchemaAST.AST): Exposure.Exposure => {
  const declared = annotated(ast)
  if (declared !== undefined) return declared
  const inner = innerOf(ast)
  if (inner !== undefined) return ofValue(inner)
  if (isSecret(ast)) return Exposure.nothing
  if (ast._tag === "String" && ast.checks === undefined) return Exposure.text
  const decode = Schema.decodeUnknownResult(Schema.make<Schema.Codec<unknown, Value.Value>>(ast))
  return Exposure.accepted((text) => Result.isSuccess(decode(Value.text(text))))
}

const isConfidential = (ast: SchemaAST.AST): boolean => {
  const exposure = annotated(ast)
  if (exposure !== undefined) return exposure !== Exposure.reference && exposure !== Exposure.text
  const inner = innerOf(ast)
  return inner === undefined ? isSecret(ast) : blockOf(ast) === undefined && isConfidential(inner)
}

/** Of a list or an object the type of what is in it. */
const innerOf = (ast: SchemaAST.AST): SchemaAST.AST | undefined => {
  if (ast._tag === "Arrays") return ast.rest[0]
  return ast._tag === "Objects" ? ast.indexSignatures[0]?.type : undefined
}

const annotationsOf = (ast: SchemaAST.AST): ReadonlyArray<Readonly<Record<string, unknown>> | undefined> => [
  ast.annotations,
  ...(ast.checks ?? []).map(({ annotations }) => annotations)
]

/** Of a schema or of one of its checks. */
export const annotation = (ast: SchemaAST.AST, key: string): unknown =>
  annotationsOf(ast).map((annotations) => annotations?.[key]).find((value) => value !== undefined)

const annotated = (ast: SchemaAST.AST) => annotation(ast, Decode.exposure) as Exposure.Exposure | undefined

const idOf = (ast: SchemaAST.AST): unknown =>
  (ast.annotations?.representation as { readonly id?: unknown } | undefined)?.id

const redacted = idOf(Schema.Redacted(Schema.String).ast)

/** Whether it is a secret, or has some among what is in it. */
export const hasSecrets = (ast: SchemaAST.AST): boolean => {
  const inner = innerOf(ast)
  return annotated(ast) === Exposure.short || (inner === undefined ? isSecret(ast) : hasSecrets(inner))
}

const isSecret = (ast: SchemaAST.AST): boolean => ast._tag === "Declaration" && idOf(ast) === redacted

// ---- of a text ----

/** What the names in a text can mean. */
export interface Language {
  readonly registry: Registry<unknown>
  /** Whether a reference may begin with that. */
  readonly isKnown: (name: string) => boolean
}

/** What is not shown of a file. */
export const hiddenIn = (file: Tree.File, { isKnown, registry }: Language): ReadonlyArray<Masking.Hidden> => {
  const hidden: Array<Masking.Hidden> = []
  const visit = (body: Tree.Body, exposuresOf: (block: Tree.Block) => Exposures, own: Exposures): void => {
    for (const statement of body) {
      if (statement._tag === "Block") {
        const inner = exposuresOf(statement)
        visit(statement.body, ({ name }) => inner.blocks.get(name.join(".")) ?? unknown, inner)
      } else {
        const exposure = own.attributes.get(statement.name.name) ?? Exposure.nothing
        Masking.make({ exposure, isKnown, onHidden: (part) => hidden.push(part) })(true)(statement.value)
      }
    }
  }
  const components = new Map(
    Array.from(registry.components, ([name, { arguments: args }]) => [name, ofArguments(args)])
  )
  visit(file.body, ({ name }) => components.get(name.join(".")) ?? unknown, unknown)
  return hidden
}

/** A source with nothing but what may be shown of it. */
export const mask = (source: Source.Source, parsed: Parser.Parsed, language: Language): Source.Source => {
  const masked = maskedBytes(source, parsed, language)
  return { name: source.name, bytes: masked, masked }
}

const maskedBytes = (source: Source.Source, parsed: Parser.Parsed, language: Language): Uint8Array => {
  if (Result.isFailure(parsed)) {
    return Confidential.guess(source.bytes, { exposures: byName(language.registry), isKnown: language.isKnown })
  }
  const comments = parsed.success.comments.map(({ range }): Masking.Hidden => {
    const written = Source.text(source, range.start.offset, range.end.offset + 1)
    return { range, written, parts: [[2, written.length]] }
  })
  return Confidential.hide(source.bytes, [...hiddenIn(parsed.success, language), ...comments])
}

/** By the names of attributes, wherever there is one. */
const byName = ({ components }: Registry<unknown>): ReadonlyMap<string, Exposure.Exposure> => {
  const found = new Map<string, Array<Exposure.Exposure>>()
  const collect = ({ attributes, blocks }: Exposures): void => {
    for (const [name, exposure] of attributes) found.set(name, [...found.get(name) ?? [], exposure])
    for (const block of blocks.values()) collect(block)
  }
  for (const { arguments: args } of components.values()) collect(ofArguments(args))
  return new Map(Array.from(found, ([name, exposures]) => [name, Exposure.all(exposures)]))
}

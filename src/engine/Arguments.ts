/**
 * From the body of a block to the arguments of a component.
 *
 * All problems of a block are found at once: statements that do not belong, expressions that do not evaluate, values
 * that do not fit, rules of the component that are broken. Each is reported where it stands, and shows of a value what
 * its type lets be seen.
 */
import { Effect, Result, Schema, SchemaAST, SchemaIssue } from "effect"
import * as Culprit from "../evaluation/Culprit.ts"
import * as Expression from "../evaluation/Expression.ts"
import type { Scope } from "../evaluation/Scope.ts"
import type { Value } from "../evaluation/Value.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as Masking from "../syntax/Masking.ts"
import type { Range } from "../syntax/Source.ts"
import type * as Tree from "../syntax/Tree.ts"
import * as Exposures from "./Exposures.ts"

/** A schema of arguments: its encoded side has a `Value` for each attribute and a nested record for each block. */
export type Arguments<A> = Schema.Codec<A, unknown>

export const decode = <A>(
  schema: Arguments<A>,
  block: Tree.Block,
  file: string,
  scope: Scope
): Result.Result<A, ReadonlyArray<Diagnostic.Diagnostic>> => {
  const problems: Array<Diagnostic.Diagnostic> = []
  const report: Report = (message, range) => {
    problems.push(Diagnostic.error(message, file, range))
  }
  const body = read(shapeOf(SchemaAST.toEncoded(schema.ast)), Exposures.ofArguments(schema), block, scope, report)
  const decoded = Schema.decodeUnknownResult(schema, { errors: "all" })(body.encoded)
  if (Result.isFailure(decoded)) locate(decoded.failure.issue, body, report)
  return Result.isSuccess(decoded) && problems.length === 0
    ? Result.succeed(decoded.success)
    : Result.fail(problems.sort(Diagnostic.byPosition))
}

/** Arguments as an application gives them: what has a default may be left out. */
export const make = <S extends Schema.Top>(
  schema: S,
  options: S["~type.make.in"]
): Effect.Effect<S["Type"], Schema.SchemaError> =>
  Effect.mapError(schema.makeEffect(options), (issue) => new Schema.SchemaError(issue))

type Report = (message: string, range?: Range) => void

// ---- what a body may hold ----

type Field =
  | { readonly _tag: "Attribute" }
  | { readonly _tag: "Unsupported" }
  | { readonly _tag: "Block"; readonly isRepeatable: boolean; readonly shape: Shape }

type Shape = ReadonlyMap<string, Field>

const shapeOf = (ast: SchemaAST.AST): Shape =>
  new Map(
    ast._tag === "Objects"
      ? ast.propertySignatures.map(({ name, type }) => [String(name), fieldOf(type)])
      : []
  )

const fieldOf = (ast: SchemaAST.AST): Field => {
  if (ast._tag === "Never") return { _tag: "Unsupported" }
  if (ast._tag === "Objects") return { _tag: "Block", isRepeatable: false, shape: shapeOf(ast) }
  const item = ast._tag === "Arrays" ? ast.rest[0] : undefined
  return item?._tag === "Objects"
    ? { _tag: "Block", isRepeatable: true, shape: shapeOf(item) }
    : { _tag: "Attribute" }
}

// ---- what it does hold ----

/** A body, with the place of everything in it. */
interface Body {
  readonly block: Tree.Block
  readonly shape: Shape
  readonly exposures: Exposures.Exposures
  readonly scope: Scope
  /** A `Value` for an attribute, a record or an array of records for blocks. */
  readonly encoded: Record<string, unknown>
  readonly attributes: Map<string, Tree.Attribute>
  readonly blocks: Map<string, Array<Body>>
  /** Fields that are there and have no value: what is wrong with them has been said. */
  readonly broken: Set<string>
}

const read = (
  shape: Shape,
  exposures: Exposures.Exposures,
  block: Tree.Block,
  scope: Scope,
  report: Report
): Body => {
  const body: Body = {
    block,
    shape,
    exposures,
    scope,
    encoded: {},
    attributes: new Map(),
    blocks: new Map(),
    broken: new Set()
  }
  for (const statement of block.body) {
    if (statement._tag === "Attribute") readAttribute(body, statement, report)
    else readBlock(body, statement, report)
  }
  return body
}

const readAttribute = (body: Body, attribute: Tree.Attribute, report: Report): void => {
  const name = attribute.name.name
  const field = body.shape.get(name)
  if (field?._tag !== "Attribute") {
    body.broken.add(name)
    return report(misplacedAttribute(name, field), attribute.range)
  }
  if (body.attributes.has(name)) return report(`attribute "${name}" may only be provided once`, attribute.range)
  body.attributes.set(name, attribute)
  const value: Result.Result<Value, Expression.EvaluationError> = Expression.evaluate(attribute.value, body.scope)
  if (Result.isFailure(value)) {
    body.broken.add(name)
    return report(value.failure.message(maskOf(body, name, false)), value.failure.range)
  }
  body.encoded[name] = value.success
}

/** What may be shown of expressions in an attribute: of those that are a value of their own, or of parts of one. */
const maskOf = ({ exposures, scope }: Body, attribute: string, isWhole: boolean): Masking.Mask =>
  Masking.make({
    exposure: exposures.attributes.get(attribute) ?? Exposure.nothing,
    isKnown: (name) => scope.lookup(name) !== undefined
  })(isWhole)

const readBlock = (body: Body, block: Tree.Block, report: Report): void => {
  const name = block.name.join(".")
  const field = body.shape.get(name)
  if (field?._tag !== "Block") {
    body.broken.add(name)
    return report(misplacedBlock(name, field), block.range)
  }
  if (block.label !== undefined) {
    report(`block "${name}" does not support specifying labels`, { start: block.range.start, end: block.open.end })
  }
  const nested = read(field.shape, body.exposures.blocks.get(name) ?? Exposures.unknown, block, body.scope, report)
  const siblings = body.blocks.get(name)
  if (siblings === undefined) {
    body.blocks.set(name, [nested])
    body.encoded[name] = field.isRepeatable ? [nested.encoded] : nested.encoded
  } else if (field.isRepeatable) {
    siblings.push(nested)
    body.encoded[name] = siblings.map((sibling) => sibling.encoded)
  } else if (siblings.push(nested) === 2) {
    report(`block "${name}" may only be specified once`, siblings[0]!.block.range)
  }
}

const misplacedAttribute = (name: string, field: Exclude<Field, { _tag: "Attribute" }> | undefined): string => {
  if (field === undefined) return `unrecognized attribute name "${name}"`
  return field._tag === "Unsupported"
    ? `attribute "${name}" is not supported by pyroduct yet`
    : `"${name}" must be a block, but is used as an attribute`
}

const misplacedBlock = (name: string, field: Exclude<Field, { _tag: "Block" }> | undefined): string => {
  if (field === undefined) return `unrecognized block name "${name}"`
  return field._tag === "Unsupported"
    ? `block "${name}" is not supported by pyroduct yet`
    : `"${name}" must be an attribute, but is used as a block`
}

// ---- what does not fit ----

/** Follows an issue down to the statement or the expression that it is about. */
const locate = (issue: SchemaIssue.Issue, body: Body, report: Report, path: ReadonlyArray<PropertyKey> = []): void => {
  switch (issue._tag) {
    case "Pointer":
      return locate(issue.issue, body, report, [...path, ...issue.path])
    case "Encoding":
      return locate(issue.issue, body, report, path)
    case "Composite":
    case "AnyOf":
      for (const inner of issue.issues) locate(inner, body, report, path)
      return
    case "Filter":
      for (const broken of formatRule(issue).issues) {
        const place = placeOf(body, [...path, ...(broken.path ?? [])])
        // A rule about one value follows the value's text, one about a block or that leads to a part says all by itself.
        const subject = broken.path?.length ? "" : placeOf(body, path)?.text ?? ""
        if (place !== undefined) report(`${subject} ${broken.message}`.trimStart(), place.range)
      }
      return
    case "MissingKey": {
      const place = placeOf(body, path)
      const name = String(path.at(-1))
      const kind = place?.body.shape.get(name)?._tag === "Block" ? "block" : "attribute"
      if (place !== undefined) report(`missing required ${kind} "${name}"`, place.range)
      return
    }
    default: {
      const place = placeOf(body, path)
      if (place !== undefined) report(`${place.text} ${SchemaIssue.defaultLeafHook(issue)}`, place.range)
    }
  }
}

const formatRule = SchemaIssue.makeFormatterStandardSchemaV1()

interface Place extends Culprit.Culprit {
  readonly body: Body
}

/** What a path leads to: an expression or a body. Nothing, where there has been a complaint already. */
const placeOf = (body: Body, path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): Place | undefined => {
  const [name, ...rest] = path.map((step) => typeof step === "object" ? step.key : step)
  const whole: Place = { body, range: body.block.range, text: "" }
  if (name === undefined) return whole
  if (body.broken.has(String(name))) return undefined
  const attribute = body.attributes.get(String(name))
  if (attribute !== undefined) {
    const path = rest.filter((step) => typeof step !== "symbol")
    return { body, ...Culprit.locate(attribute.value, path, maskOf(body, String(name), true)) }
  }
  const nested = body.blocks.get(String(name))
  if (nested === undefined) return whole
  return typeof rest[0] === "number" ? placeOf(nested[rest[0]]!, rest.slice(1)) : placeOf(nested[0]!, rest)
}

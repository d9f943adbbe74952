/**
 * From the body of a block to the arguments of a component.
 *
 * All problems of a block are found at once: statements that do not belong, expressions that do not evaluate, values
 * that do not fit, rules of the component that are broken. Each is reported where it stands, and shows of a value what
 * its type lets be seen.
 */
import { Effect, Result, Schema, SchemaAST, SchemaIssue } from "effect"
import { memoize } from "effect/Function"
import * as Culprit from "../evaluation/Culprit.ts"
import * as Decode from "../evaluation/Decode.ts"
import * as Expression from "../evaluation/Expression.ts"
import * as Remarks from "../evaluation/Remarks.ts"
import type { Scope } from "../evaluation/Scope.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as Masking from "../syntax/Masking.ts"
import { Problems } from "../syntax/Problems.ts"
import type { Position, Range } from "../syntax/Source.ts"
import * as StringLiteral from "../syntax/StringLiteral.ts"
import * as Suggestion from "../syntax/Suggestion.ts"
import type * as Tree from "../syntax/Tree.ts"
import * as Block from "./Block.ts"
import * as Exposures from "./Exposures.ts"

/** A schema of arguments: its encoded side has a `Value` for each attribute and a nested record for each block. */
export type Arguments<A> = Schema.Codec<A, unknown>

/**
 * Problems whose place `isKnown` are left out: they have been reported. Those there are too many of are counted. Arguments
 * of which a value is unknown yet are a failure without a problem, as far as nothing else is wrong.
 */
export const decode = <A>(
  schema: Arguments<A>,
  block: Tree.Block,
  file: string,
  scope: Scope,
  isKnown: (place: Position) => boolean = () => false
): Result.Result<A, ReadonlyArray<Diagnostic.Diagnostic>> => {
  const problems = new Problems()
  let isRight = true
  const report: Report = (message, range) => {
    isRight = false
    if (!isKnown(range.start)) problems.report(message, file, range)
  }
  const struct = codecOf(schema.ast)
  const body = read(shapeOf(struct), Exposures.ofArguments(schema), block, scope, report)
  const decoded = Schema.decodeUnknownResult(schema)(body.encoded)
  if (Result.isSuccess(decoded) && isRight) return Result.succeed(decoded.success)
  if (isStruct(struct)) judge(struct, body, report)
  // What is wrong with no argument and against no rule can only be wrong with all of them together.
  if (Result.isFailure(decoded) && isRight) locate(decoded.failure.issue, body, report)
  return Result.fail(problems.all.toSorted(Diagnostic.byPosition))
}

/** Arguments as an application gives them: what has a default may be left out. */
export const make = <S extends Schema.Top>(
  schema: S,
  options: S["~type.make.in"]
): Effect.Effect<S["Type"], Schema.SchemaError> =>
  Effect.mapError(schema.makeEffect(options), (issue) => new Schema.SchemaError(issue))

/** The text is made when it is needed. */
type Report = (message: () => string, range: Range) => void

// ---- what a body may hold ----

type Field =
  | { readonly _tag: "Attribute"; readonly suggest: ((text: string) => string) | undefined }
  | { readonly _tag: "Unsupported" }
  | { readonly _tag: "Label" }
  | { readonly _tag: "Block"; readonly isRepeatable: boolean; readonly struct: SchemaAST.Objects }

type Shape = ReadonlyMap<string, Field>

const shapeOf = (ast: SchemaAST.AST): Shape =>
  new Map(isStruct(ast) ? ast.propertySignatures.map(({ name, type }) => [String(name), fieldOf(type)]) : [])

const fieldOf = (type: SchemaAST.AST): Field => {
  const ast = codecOf(type)
  if (ast._tag === "Never") return { _tag: "Unsupported" }
  if (Block.isLabel(ast)) return { _tag: "Label" }
  if (isStruct(ast)) return { _tag: "Block", isRepeatable: false, struct: ast }
  const item = ast._tag === "Arrays" && ast.rest[0] !== undefined ? codecOf(ast.rest[0]) : undefined
  return item !== undefined && isStruct(item)
    ? { _tag: "Block", isRepeatable: true, struct: item }
    : {
      _tag: "Attribute",
      suggest: Exposures.annotation(type, Decode.suggestion) as ((text: string) => string) | undefined
    }
}

const isStruct = (ast: SchemaAST.AST): ast is SchemaAST.Objects => ast._tag === "Objects"

/** What a schema decodes first: below a default, the schema that it was given to. */
const codecOf = (ast: SchemaAST.AST): SchemaAST.AST => {
  const link = ast.encoding?.at(-1)
  return link === undefined ? ast : codecOf(link.to)
}

// ---- what it does hold ----

/** A body, with the place of everything in it. */
interface Body {
  readonly block: Tree.Block
  /** What the block is in. */
  readonly outer: Body | undefined
  readonly shape: Shape
  readonly exposures: Exposures.Exposures
  readonly scope: Scope
  /** A `Value` for an attribute, a record or an array of records for blocks. */
  readonly encoded: Record<string, unknown>
  readonly attributes: Map<string, Tree.Attribute>
  readonly blocks: Map<string, Array<Body>>
  /**
   * What has been said to be wrong, or is unknown: statements by name that have no value, and attributes by name with the
   * holes in theirs.
   */
  readonly broken: Map<string, ReadonlySet<Range>>
}

const read = (
  shape: Shape,
  exposures: Exposures.Exposures,
  block: Tree.Block,
  scope: Scope,
  report: Report,
  outer?: Body
): Body => {
  const body: Body = {
    block,
    outer,
    shape,
    exposures,
    scope,
    encoded: {},
    attributes: new Map(),
    blocks: new Map(),
    broken: new Map()
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
    body.broken.set(name, new Set())
    return report(() => misplacedAttribute(name, field) + meant(name, field, body), attribute.range)
  }
  if (body.attributes.has(name)) return report(() => `attribute "${name}" may only be provided once`, attribute.range)
  body.attributes.set(name, attribute)
  const holes = new Set<Range>()
  body.encoded[name] = Expression.evaluateParts(attribute.value, body.scope, (error, hole) => {
    holes.add(hole)
    if (error !== undefined) report(() => error.message(maskOf(body, name, false)), error.range)
  })
  if (holes.size > 0) body.broken.set(name, holes)
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
    body.broken.set(name, new Set())
    return report(() => misplacedBlock(name, field) + meant(name, field, body), block.range)
  }
  const nested = read(
    shapeOf(field.struct),
    body.exposures.blocks.get(name) ?? Exposures.unknown,
    block,
    body.scope,
    report,
    body
  )
  readLabel(nested, name, report)
  const siblings = body.blocks.get(name)
  if (siblings === undefined) {
    body.blocks.set(name, [nested])
    body.encoded[name] = field.isRepeatable ? [nested.encoded] : nested.encoded
  } else if (field.isRepeatable) {
    siblings.push(nested)
    const records = body.encoded[name] as Array<unknown>
    records.push(nested.encoded)
  } else if (siblings.push(nested) === 2) {
    report(() => `block "${name}" may only be specified once`, siblings[0]!.block.range)
  }
}

/** Into the field that is for it. */
const readLabel = ({ block, broken, encoded, shape }: Body, name: string, report: Report): void => {
  const { label, open, range } = block
  const field = Array.from(shape).find(([, { _tag }]) => _tag === "Label")?.[0]
  const complain = (problem: string): void =>
    report(() => `block "${name}" ${problem}`, { start: range.start, end: open.end })
  if (field === undefined) {
    if (label !== undefined) complain("does not support specifying labels")
  } else if (label === undefined) {
    broken.set(field, new Set())
    complain("requires non-empty label")
  } else {
    encoded[field] = label.name
  }
}

const misplacedAttribute = (name: string, field: Exclude<Field, { _tag: "Attribute" }> | undefined): string => {
  if (field === undefined || field._tag === "Label") return `unrecognized attribute name "${name}"`
  return field._tag === "Unsupported"
    ? `attribute "${name}" is not supported by pyroduct yet`
    : `"${name}" must be a block, but is used as an attribute`
}

const misplacedBlock = (name: string, field: Exclude<Field, { _tag: "Block" }> | undefined): string => {
  if (field === undefined || field._tag === "Label") return `unrecognized block name "${name}"`
  return field._tag === "Unsupported"
    ? `block "${name}" is not supported by pyroduct yet`
    : `"${name}" must be an attribute, but is used as a block`
}

/** What a name may have been meant to be, or where, that a block does not have. */
const meant = (name: string, field: Field | undefined, { block, outer, shape }: Body): string => {
  if (field !== undefined && field._tag !== "Label") return ""
  const usable = Array.from(shape).filter(([, field]) => isUsable(field))
  const home = usable.find(([, field]) => field._tag === "Block" && isUsable(shapeOf(field.struct).get(name)))
  if (home !== undefined) return `; its place is in the block "${home[0]}"`
  for (let [inner, around] = [block, outer]; around !== undefined; [inner, around] = [around.block, around.outer]) {
    if (isUsable(around.shape.get(name))) return `; its place is outside of the block "${inner.name.join(".")}"`
  }
  return Suggestion.didYouMeanName(name, usable.map(([name]) => name))
}

const isUsable = (field: Field | undefined): boolean => field?._tag === "Attribute" || field?._tag === "Block"

// ---- what does not fit ----

/** Arguments as far as they have a value. */
type Partial = Readonly<Record<string, unknown>>

/** Looks at every argument by itself, and then at the rules about them, as far as they can tell. */
const judge = (struct: SchemaAST.Objects, body: Body, report: Report): Partial => {
  const values: Record<string, unknown> = {}
  const missing = new Set<PropertyKey>(body.broken.keys())
  for (const property of struct.propertySignatures) {
    const name = String(property.name)
    const field = body.shape.get(name)
    const blocks = body.blocks.get(name)
    if (field?._tag === "Block" && blocks !== undefined) {
      const partials = blocks.slice(0, field.isRepeatable ? undefined : 1).map((nested) =>
        judge(field.struct, nested, report)
      )
      values[name] = field.isRepeatable ? partials : partials[0]
      continue
    }
    const given = Object.hasOwn(body.encoded, name) ? { [name]: body.encoded[name] } : {}
    const decoded = decodeAlone(property)(given)
    if (Result.isSuccess(decoded)) Object.assign(values, decoded.success)
    else {
      missing.add(name)
      locate(decoded.failure.issue, body, report)
    }
  }
  const partial = withoutMissing(values, missing)
  for (const check of struct.checks ?? []) {
    for (const issue of violations(check, partial, struct)) locate(issue, body, report)
  }
  return partial
}

const decodeAlone = memoize((property: SchemaAST.PropertySignature) =>
  Schema.decodeUnknownResult(
    Schema.make<Schema.Codec<Partial, unknown>>(new SchemaAST.Objects([property], [])),
    { errors: "all" }
  )
)

const unknowable = new Error("this argument has no value")

/** What is missing is not `in` it, and whoever reads it nevertheless, or all there is, gets no further. */
const withoutMissing = (values: Partial, missing: ReadonlySet<PropertyKey>): Partial =>
  new Proxy(values, {
    has: (_, name) => !missing.has(name) && Object.hasOwn(values, name),
    get: (_, name) => {
      if (missing.has(name)) throw unknowable
      return Reflect.get(values, name)
    },
    ownKeys: () => {
      if (missing.size > 0) throw unknowable
      return Reflect.ownKeys(values)
    }
  })

/** A rule that needs an argument without a value says nothing: why there is none has been said. */
const violations = (
  check: SchemaAST.Check<unknown>,
  partial: Partial,
  struct: SchemaAST.Objects
): ReadonlyArray<SchemaIssue.Issue> => {
  if (check._tag === "FilterGroup") return check.checks.flatMap((inner) => violations(inner, partial, struct))
  const options = { errors: "all" } as const
  const issue = Result.try(() => check.run(partial, struct, options))
  if (Result.isSuccess(issue)) {
    return issue.success === undefined ? [] : [new SchemaIssue.Filter(check, issue.success, partial, options)]
  }
  if (issue.failure !== unknowable) throw issue.failure
  return []
}

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
        const subject = broken.path?.length ? undefined : placeOf(body, path)
        if (place === undefined) continue
        const advice = place.advice ?? (() => Remarks.because(valuesIn(place.body), body.scope))
        report(() => `${subject?.text() ?? ""} ${broken.message}${advice()}`.trimStart(), place.range)
      }
      return
    case "MissingKey": {
      const place = placeOf(body, path)
      const name = String(path.at(-1))
      const kind = place?.body.shape.get(name)?._tag === "Block" ? "block" : "attribute"
      if (place !== undefined) report(() => `missing required ${kind} "${name}"`, place.range)
      return
    }
    default: {
      const place = placeOf(body, path)
      if (place === undefined) return
      report(() => `${place.text()} ${SchemaIssue.defaultLeafHook(issue)}${place.advice?.() ?? ""}`, place.range)
    }
  }
}

const formatRule = SchemaIssue.makeFormatterStandardSchemaV1()

interface Place {
  readonly body: Body
  readonly range: Range
  readonly text: () => string
  /** Of an expression: what ends the text of an error about it. */
  readonly advice?: () => string
}

const valuesIn = ({ attributes }: Body): ReadonlyArray<Tree.Expression> =>
  Array.from(attributes.values(), ({ value }) => value)

/** What was meant, where the text is written there, or why it is not what was meant. */
const adviceOn = (expr: Tree.Expression, field: Field | undefined, scope: Scope): string => {
  const suggest = field?._tag === "Attribute" ? field.suggest : undefined
  return expr._tag === "Literal" && expr.kind === "string"
    ? suggest?.(StringLiteral.decode(expr.raw)) ?? ""
    : Remarks.because([expr], scope)
}

/** What a path leads to: an expression or a body. Nothing, where there has been a complaint already. */
const placeOf = (body: Body, path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): Place | undefined => {
  const [name, ...rest] = path.map((step) => typeof step === "object" ? step.key : step)
  const whole: Place = { body, range: body.block.range, text: () => "" }
  if (name === undefined) return whole
  const holes = body.broken.get(String(name))
  const attribute = body.attributes.get(String(name))
  if (attribute !== undefined) {
    const path = rest.filter((step) => typeof step !== "symbol")
    const culprit = Culprit.locate(attribute.value, path, maskOf(body, String(name), true))
    if (holes?.has(culprit.range)) return undefined
    const field = body.shape.get(String(name))
    return {
      body,
      range: culprit.range,
      text: () => culprit.text,
      advice: () => adviceOn(culprit.expr, field, body.scope)
    }
  }
  if (holes !== undefined) return undefined
  const label = body.shape.get(String(name))?._tag === "Label" ? body.block.label : undefined
  if (label !== undefined) return { body, range: label.range, text: () => StringLiteral.quote(label.name) }
  const nested = body.blocks.get(String(name))
  if (nested === undefined) return whole
  return typeof rest[0] === "number" ? placeOf(nested[rest[0]]!, rest.slice(1)) : placeOf(nested[0]!, rest)
}

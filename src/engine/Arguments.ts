/**
 * From the body of a block to the arguments of a component.
 *
 * All problems of a block are found at once: statements that do not belong, expressions that do not evaluate, values
 * that do not fit, rules of the component that are broken. Each is reported where it stands, and shows of a value what
 * its type lets be seen.
 */
import { Effect, Result, Schema, SchemaAST, SchemaIssue } from "effect"
import * as Conversion from "../evaluation/Conversion.ts"
import * as Culprit from "../evaluation/Culprit.ts"
import * as Expression from "../evaluation/Expression.ts"
import type { Scope } from "../evaluation/Scope.ts"
import * as Diagnostic from "../syntax/Diagnostic.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as Masking from "../syntax/Masking.ts"
import { Problems } from "../syntax/Problems.ts"
import type { Position, Range } from "../syntax/Source.ts"
import type * as Tree from "../syntax/Tree.ts"
import * as Exposures from "./Exposures.ts"

/** A schema of arguments: its encoded side has a `Value` for each attribute and a nested record for each block. */
export type Arguments<A> = Schema.Codec<A, unknown>

/** What is known of a block whose arguments cannot all have their values yet. */
export interface Known {
  /** Problems there have been reported. */
  readonly isReported: (place: Position) => boolean
  /**
   * The references, in the order of the text, that the scope has a value of the right type for, and of that type any: what
   * depends on more than the type is not judged.
   */
  readonly provisional: ReadonlyArray<Range>
}

const everything: Known = { isReported: () => false, provisional: [] }

/** Problems there are too many of are counted. Where values are provisional it may fail without a problem. */
export const decode = <A>(
  schema: Arguments<A>,
  block: Tree.Block,
  file: string,
  scope: Scope,
  { isReported, provisional }: Known = everything
): Result.Result<A, ReadonlyArray<Diagnostic.Diagnostic>> => {
  const problems = new Problems()
  let isRight = true
  const report: Report = (message, range) => {
    isRight = false
    if (isReported(range.start)) return
    // A text takes its time to make, and that of a further one is not shown.
    problems.add(Diagnostic.error(problems.isFull ? "" : message(), file, range))
  }
  const struct = codecOf(schema.ast)
  const body = read(shapeOf(struct), { scope, provisional, report }, Exposures.ofArguments(schema), block)
  const decoded = Schema.decodeUnknownResult(schema)(body.encoded)
  if (Result.isSuccess(decoded) && isRight) return Result.succeed(decoded.success)
  if (isStruct(struct)) judge(struct, body)
  // What is wrong with no argument and against no rule can only be wrong with all of them together.
  if (Result.isFailure(decoded) && isRight && provisional.length === 0) locate(decoded.failure.issue, body)
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
  | { readonly _tag: "Attribute" }
  | { readonly _tag: "Unsupported" }
  | { readonly _tag: "Block"; readonly isRepeatable: boolean; readonly struct: SchemaAST.Objects }

type Shape = ReadonlyMap<string, Field>

const shapeOf = (ast: SchemaAST.AST): Shape =>
  new Map(isStruct(ast) ? ast.propertySignatures.map(({ name, type }) => [String(name), fieldOf(type)]) : [])

const fieldOf = (type: SchemaAST.AST): Field => {
  const ast = codecOf(type)
  if (ast._tag === "Never") return { _tag: "Unsupported" }
  if (isStruct(ast)) return { _tag: "Block", isRepeatable: false, struct: ast }
  const item = ast._tag === "Arrays" && ast.rest[0] !== undefined ? codecOf(ast.rest[0]) : undefined
  return item !== undefined && isStruct(item)
    ? { _tag: "Block", isRepeatable: true, struct: item }
    : { _tag: "Attribute" }
}

const isStruct = (ast: SchemaAST.AST): ast is SchemaAST.Objects => ast._tag === "Objects"

/** What a schema decodes first: below a default, the schema that it was given to. */
const codecOf = (ast: SchemaAST.AST): SchemaAST.AST => {
  const link = ast.encoding?.at(-1)
  return link === undefined ? ast : codecOf(link.to)
}

// ---- what it does hold ----

/** What a block is read with. */
interface Reading {
  readonly scope: Scope
  readonly provisional: ReadonlyArray<Range>
  readonly report: Report
}

/** A body, with the place of everything in it. */
interface Body {
  readonly block: Tree.Block
  readonly shape: Shape
  readonly exposures: Exposures.Exposures
  readonly reading: Reading
  /** A `Value` for an attribute, a record or an array of records for blocks. */
  readonly encoded: Record<string, unknown>
  readonly attributes: Map<string, Tree.Attribute>
  readonly blocks: Map<string, Array<Body>>
  /** What has been said to be wrong: statements by name that have no value, and attributes by name with the holes in theirs. */
  readonly broken: Map<string, ReadonlySet<Range>>
}

const read = (shape: Shape, reading: Reading, exposures: Exposures.Exposures, block: Tree.Block): Body => {
  const body: Body = {
    block,
    shape,
    exposures,
    reading,
    encoded: {},
    attributes: new Map(),
    blocks: new Map(),
    broken: new Map()
  }
  for (const statement of block.body) {
    if (statement._tag === "Attribute") readAttribute(body, statement)
    else readBlock(body, statement)
  }
  return body
}

const readAttribute = (body: Body, attribute: Tree.Attribute): void => {
  const { provisional, report, scope } = body.reading
  const name = attribute.name.name
  const field = body.shape.get(name)
  if (field?._tag !== "Attribute") {
    body.broken.set(name, new Set())
    return report(() => misplacedAttribute(name, field), attribute.range)
  }
  if (body.attributes.has(name)) return report(() => `attribute "${name}" may only be provided once`, attribute.range)
  body.attributes.set(name, attribute)
  const holes = new Set<Range>()
  body.encoded[name] = Expression.evaluateParts(attribute.value, scope, (error, hole) => {
    holes.add(hole)
    if (firstIn(provisional, hole) !== undefined) return
    report(() => error.message(maskOf(body, name, false)), error.range)
  })
  if (holes.size > 0) body.broken.set(name, holes)
}

/** What may be shown of expressions in an attribute: of those that are a value of their own, or of parts of one. */
const maskOf = ({ exposures, reading }: Body, attribute: string, isWhole: boolean): Masking.Mask =>
  Masking.make({
    exposure: exposures.attributes.get(attribute) ?? Exposure.nothing,
    isKnown: (name) => reading.scope.lookup(name) !== undefined
  })(isWhole)

/** The first of the references, which are in the order of the text, that is in `range`. */
const firstIn = (references: ReadonlyArray<Range>, { end, start }: Range): Range | undefined => {
  let low = 0
  let high = references.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (references[middle]!.start.offset < start.offset) low = middle + 1
    else high = middle
  }
  const first = references[low]
  return first !== undefined && first.start.offset <= end.offset ? first : undefined
}

const readBlock = (body: Body, block: Tree.Block): void => {
  const { reading } = body
  const { report } = reading
  const name = block.name.join(".")
  const field = body.shape.get(name)
  if (field?._tag !== "Block") {
    body.broken.set(name, new Set())
    return report(() => misplacedBlock(name, field), block.range)
  }
  if (block.label !== undefined) {
    report(() => `block "${name}" does not support specifying labels`, {
      start: block.range.start,
      end: block.open.end
    })
  }
  const nested = read(
    shapeOf(field.struct),
    reading,
    body.exposures.blocks.get(name) ?? Exposures.unknown,
    block
  )
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

/** Arguments as far as they have a value. */
type Partial = Readonly<Record<string, unknown>>

/** Looks at every argument by itself, and then at the rules about them, as far as they can tell. */
const judge = (struct: SchemaAST.Objects, body: Body): Partial => {
  const values: Record<string, unknown> = {}
  const missing = new Set<PropertyKey>(body.broken.keys())
  for (const property of struct.propertySignatures) {
    const name = String(property.name)
    const field = body.shape.get(name)
    const blocks = body.blocks.get(name)
    if (field?._tag === "Block" && blocks !== undefined) {
      const partials = blocks.slice(0, field.isRepeatable ? undefined : 1).map((nested) => judge(field.struct, nested))
      values[name] = field.isRepeatable ? partials : partials[0]
      continue
    }
    const alone = Schema.make<Schema.Codec<Partial, unknown>>(new SchemaAST.Objects([property], []))
    const given = Object.hasOwn(body.encoded, name) ? { [name]: body.encoded[name] } : {}
    const decoded = Schema.decodeUnknownResult(alone, { errors: "all" })(given)
    const attribute = body.attributes.get(name)
    const isProvisional = attribute !== undefined &&
      firstIn(body.reading.provisional, attribute.value.range) !== undefined
    if (Result.isSuccess(decoded)) Object.assign(values, decoded.success)
    else locate(decoded.failure.issue, body)
    if (isProvisional || Result.isFailure(decoded)) missing.add(name)
  }
  const partial = withoutMissing(values, missing)
  for (const check of struct.checks ?? []) {
    for (const issue of violations(check, partial, struct)) locate(issue, body)
  }
  return partial
}

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
const locate = (issue: SchemaIssue.Issue, body: Body, path: ReadonlyArray<PropertyKey> = []): void => {
  const { provisional, report } = body.reading
  switch (issue._tag) {
    case "Pointer":
      return locate(issue.issue, body, [...path, ...issue.path])
    case "Encoding":
      return locate(issue.issue, body, path)
    case "Composite":
    case "AnyOf":
      for (const inner of issue.issues) locate(inner, body, path)
      return
    case "Filter":
      for (const broken of formatRule(issue).issues) {
        const place = placeOf(body, [...path, ...(broken.path ?? [])])
        // A rule about one value follows the value's text, one about a block or that leads to a part says all by itself.
        const subject = broken.path?.length ? undefined : placeOf(body, path)
        if (place === undefined || firstIn(provisional, place.range) !== undefined) continue
        report(() => `${subject?.text() ?? ""} ${broken.message}`.trimStart(), place.range)
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
      const message = SchemaIssue.defaultLeafHook(issue)
      const reference = firstIn(provisional, place.range)
      // Of a reference that stands alone the type is known, though not the value.
      const isAlone = reference?.end.offset === place.range.end.offset &&
        reference.start.offset === place.range.start.offset
      if (reference !== undefined && !(isAlone && Conversion.isMismatch(message))) return
      report(() => `${place.text()} ${message}`, place.range)
    }
  }
}

const formatRule = SchemaIssue.makeFormatterStandardSchemaV1()

interface Place {
  readonly body: Body
  readonly range: Range
  readonly text: () => string
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
    return { body, range: culprit.range, text: () => culprit.text }
  }
  if (holes !== undefined) return undefined
  const nested = body.blocks.get(String(name))
  if (nested === undefined) return whole
  return typeof rest[0] === "number" ? placeOf(nested[rest[0]]!, rest.slice(1)) : placeOf(nested[0]!, rest)
}

/**
 * Expressions without what may not be shown of them.
 */
import * as Exposure from "./Exposure.ts"
import type { Range } from "./Source.ts"
import type * as Tree from "./Tree.ts"

/** An expression of the same shape that can be shown. */
export type Mask = <E extends Tree.Expression>(expr: E) => E

/** Nothing is hidden. */
export const none: Mask = (expr) => expr

/** A literal or a name, and what of it is hidden. */
export interface Hidden {
  readonly range: Range
  readonly written: string
  readonly parts: ReadonlyArray<Exposure.Part>
}

export interface Settings {
  readonly exposure: Exposure.Exposure
  /** Whether a name means something in the language: then it is none for a value without its quotes. */
  readonly isKnown: (name: string) => boolean
  readonly onHidden?: (hidden: Hidden) => void
}

/** `isWhole` says that the expression is a value by itself, and no operand or argument. */
export const make = (settings: Settings) => (isWhole: boolean): Mask => (expr) =>
  new Masking(settings).of(expr, isWhole) as typeof expr

class Masking {
  private readonly settings: Settings

  constructor(settings: Settings) {
    this.settings = settings
  }

  of(expr: Tree.Expression, isWhole: boolean): Tree.Expression {
    const part = (inner: Tree.Expression): Tree.Expression => this.of(inner, false)
    switch (expr._tag) {
      case "Literal":
        return expr.kind === "null" || expr.kind === "bool"
          ? expr
          : { ...expr, raw: this.leaf(expr.range, expr.raw, isWhole) }
      case "Name":
        return this.settings.isKnown(expr.name) ? expr : { ...expr, name: this.leaf(expr.range, expr.name, isWhole) }
      case "Paren":
        return { ...expr, expression: this.of(expr.expression, isWhole) }
      case "Array":
        return { ...expr, elements: expr.elements.map((element) => this.of(element, true)) }
      case "Object":
        return { ...expr, fields: expr.fields.map((field) => this.field(field)) }
      case "Access":
        return { ...expr, value: part(expr.value), name: this.isReference(expr) ? expr.name : this.name(expr.name) }
      case "Index":
        return { ...expr, value: part(expr.value), index: part(expr.index) }
      case "Call":
        return {
          ...expr,
          callee: part(expr.callee),
          args: expr.args.map((arg) => namesVariable(expr, arg) ? arg : part(arg))
        }
      case "Unary":
        return { ...expr, operand: part(expr.operand) }
      case "Binary":
        return { ...expr, left: part(expr.left), right: part(expr.right) }
    }
  }

  private leaf(range: Range, written: string, isWhole: boolean): string {
    return this.hide(range, written, this.settings.exposure(written, isWhole))
  }

  private hide(range: Range, written: string, parts: ReadonlyArray<Exposure.Part>): string {
    if (parts.length > 0) this.settings.onHidden?.({ range, written, parts })
    return Exposure.hide(written, parts)
  }

  private name(name: Tree.Identifier): Tree.Identifier {
    return { ...name, name: this.leaf(name.range, name.name, false) }
  }

  private field({ name, quoted, value }: Tree.Field): Tree.Field {
    const written = quoted ? `"${name.name}"` : name.name
    const shown = Exposure.isName(name.name) ? written : this.hide(name.range, written, Exposure.nothing(written, true))
    return {
      name: { ...name, name: quoted ? shown.slice(1, -1) : shown },
      quoted,
      value: make({ ...this.settings, exposure: Exposure.ofField(name.name, this.settings.exposure) })(true)(value)
    }
  }

  /** Whether the first name of `a.b[0].c` means something. */
  private isReference(expr: Tree.Expression): boolean {
    switch (expr._tag) {
      case "Name":
        return this.settings.isKnown(expr.name)
      case "Access":
      case "Index":
        return this.isReference(expr.value)
      case "Call":
        return this.isReference(expr.callee)
      default:
        return false
    }
  }
}

/** `sys.env("NAME")` shows what it asks for. */
const namesVariable = ({ callee }: Tree.Call, arg: Tree.Expression): boolean => {
  const name = callee._tag === "Access" ? callee.name.name : callee._tag === "Name" ? callee.name : ""
  return name === "env" && arg._tag === "Literal" && Exposure.isVariable(arg.raw)
}

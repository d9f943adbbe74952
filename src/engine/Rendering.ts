/**
 * What can be seen of a block's arguments and exports: plain data in the shape of Alloy's API, without a secret in it.
 *
 * What may be shown of an argument follows from its type, as in diagnostics (see `Exposures`); but here it is the value
 * that is shown, and not how it is written: a password is found in a URL though it comes from a variable. What does not
 * look like a credential and whose type is that of a plain text is shown, also where it was a secret before
 * `nonsensitive`: that is what `nonsensitive` says.
 *
 * However large the values are, what is shown of them is not.
 */
import { Result } from "effect"
import * as Expression from "../evaluation/Expression.ts"
import type { Scope } from "../evaluation/Scope.ts"
import type * as Value from "../evaluation/Value.ts"
import * as Exposure from "../syntax/Exposure.ts"
import * as Printer from "../syntax/Printer.ts"
import * as StringLiteral from "../syntax/StringLiteral.ts"
import type * as Tree from "../syntax/Tree.ts"
import type { Shown, Statement } from "../telemetry/ComponentStatus.ts"
import * as Exposures from "./Exposures.ts"

/** The most that is shown of one text, in characters. */
const longest = 1024

/** The most that is shown of one list, object or block. */
const most = 1000

/** The most that is shown of all there is of a block, in characters, of which each of a list or a block counts for some. */
const budget = 256 * 1024
const perOne = 32

/** What a block says, in the order of its text, with the values that its expressions have in `scope`. */
export const argumentsOf = (
  block: Tree.Block,
  scope: Scope,
  exposures: Exposures.Exposures
): ReadonlyArray<Statement> => new Rendering().body(block.body, scope, exposures)

/** Texts that look like credentials are not shown, as nobody knows what they are. */
export const exportsOf = (fields: Iterable<readonly [name: string, Value.Value]>): ReadonlyArray<Statement> => {
  const rendering = new Rendering()
  return rendering.statements(Array.from(fields), ([name, value]) => ({
    name,
    type: "attr",
    value: rendering.value(value, Exposure.text)
  }))
}

const capsule = (value: string): Shown => ({ type: "capsule", value })

const secret = capsule("(secret)")

const more = (count: number): Shown => capsule(`(${count} more)`)

class Rendering {
  private left = budget

  body(body: Tree.Body, scope: Scope, exposures: Exposures.Exposures): ReadonlyArray<Statement> {
    return this.statements(body, (statement) =>
      statement._tag === "Attribute"
        ? this.attribute(statement, scope, exposures)
        : this.block(statement, scope, exposures))
  }

  statements<A>(all: ReadonlyArray<A>, render: (statement: A) => Statement): ReadonlyArray<Statement> {
    return this.some(all, render, (count) => ({ name: "…", type: "attr", value: more(count) }))
  }

  private attribute(
    { name: { name }, value }: Tree.Attribute,
    scope: Scope,
    exposures: Exposures.Exposures
  ): Statement {
    const exposure = exposures.attributes.get(name) ?? Exposure.nothing
    const shown = Result.match(Expression.evaluate(value, scope), {
      onFailure: () => capsule("(no value)"),
      onSuccess: (result) => this.value(result, exposure, value)
    })
    return { name, type: "attr", value: shown }
  }

  private block(block: Tree.Block, scope: Scope, exposures: Exposures.Exposures): Statement {
    const name = block.name.join(".")
    const body = this.body(block.body, scope, exposures.blocks.get(name) ?? Exposures.unknown)
    return { name, type: "block", ...(block.label && { label: block.label.name }), body }
  }

  /** `written` is the expression whose value it is, where there is one. */
  value(value: Value.Value, exposure: Exposure.Exposure, written?: Tree.Expression): Shown {
    switch (value._tag) {
      case "Null":
        return { type: "null", value: null }
      case "Bool":
        return { type: "bool", value: value.value }
      case "Int":
      case "Uint":
      case "Float":
        return exposure(String(value.value), true).length > 0
          ? secret
          : { type: "number", value: Number(value.value) }
      case "Text":
        return this.text(value.value, exposure)
      case "List": {
        const elements = written === undefined ? [] : elementsOf(written)
        const items = value.items.map((item, index) => [item, elements[index]] as const)
        return {
          type: "array",
          value: this.some(items, ([item, written]) => this.value(item, exposure, written), more)
        }
      }
      case "Object": {
        const fields = Array.from(value.fields).sort(([a], [b]) => a < b ? -1 : 1)
        const render = ([key, field]: (typeof fields)[number]) => ({
          key: this.key(key, exposure),
          value: this.value(field, Exposure.ofField(key, exposure))
        })
        return { type: "object", value: this.some(fields, render, (count) => ({ key: "…", value: more(count) })) }
      }
      case "Function":
        return { type: "function", value: "function" }
      case "Secret":
        return secret
      case "Opaque":
        return capsule(
          written !== undefined && isReference(written)
            ? Printer.excerpt(written)
            : `capsule(${StringLiteral.quote(value.type)})`
        )
    }
  }

  private text(text: string, exposure: Exposure.Exposure): Shown {
    if (exposure === Exposure.nothing) return secret
    const written = StringLiteral.quote(text)
    const parts = exposure(written, true)
    if (parts.some(([from, to]) => from <= 1 && to >= written.length - 1)) return secret
    return { type: "string", value: this.cut(StringLiteral.decode(Exposure.hide(written, parts))) }
  }

  /** Names are no secrets, but what looks like none may be anything; where no secret belongs it is as it is. */
  private key(key: string, exposure: Exposure.Exposure): string {
    return this.cut(Exposure.isName(key) || exposure === Exposure.text ? key : Exposure.mask)
  }

  private cut(text: string): string {
    const shown = text.length <= longest ? text : text.slice(0, longest).replace(/[\ud800-\udbff]$/, "")
    this.left -= shown.length
    return shown.length === text.length ? text : `${shown}… (${text.length - shown.length} more characters)`
  }

  /** As many as there is room for, and how many there are besides. */
  private some<A, B>(all: ReadonlyArray<A>, render: (one: A) => B, rest: (count: number) => B): ReadonlyArray<B> {
    const shown: Array<B> = []
    for (const one of all) {
      if (this.left <= 0 || shown.length === most) return [...shown, rest(all.length - shown.length)]
      this.left -= perOne
      shown.push(render(one))
    }
    return shown
  }
}

/** Of a list as it is written, so that each belongs to the item in its place. */
const elementsOf = (written: Tree.Expression): ReadonlyArray<Tree.Expression> => {
  if (written._tag === "Paren") return elementsOf(written.expression)
  return written._tag === "Array" ? written.elements : []
}

/** `pyroscope.write.out.receiver`, and nothing but names. */
const isReference = (written: Tree.Expression): boolean => {
  if (written._tag === "Access") return isReference(written.value)
  return written._tag === "Name"
}

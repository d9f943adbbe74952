/**
 * Tree -> text, in the one canonical form.
 *
 * What is written is taken from the tree, where lines break from the ranges in it: a list that spans lines in the
 * source does so here, one level deeper and with a comma behind its last item; one on a single line stays there.
 */
import { Layout } from "./Layout.ts"
import * as StringLiteral from "./StringLiteral.ts"
import type * as Tree from "./Tree.ts"

/** An expression, without the comments in it. */
export const expression = (node: Tree.Expression): string => {
  const layout = new Layout()
  print(layout, node)
  return layout.toString()
}

/** The longest that an error message shows of an expression. */
const longest = 300

/** An expression as an error message shows it: the beginning of it where it is long. */
export const excerpt = (node: Tree.Expression): string => {
  const layout = new Layout(longest)
  print(layout, node)
  return layout.isFull ? `${layout.toString().trimEnd()}…` : layout.toString()
}

const print = (layout: Layout, node: Tree.Expression): void => {
  if (layout.isFull) return
  switch (node._tag) {
    case "Literal":
      return layout.text(node.raw)
    case "Name":
      return layout.text(node.name)
    case "Array":
      return array(layout, node)
    case "Object":
      return object(layout, node)
    case "Call":
      return call(layout, node)
    case "Access":
      print(layout, node.value)
      // `1.x` would read as the float `1.`
      if (node.value._tag === "Literal" && node.value.kind === "number") {
        layout.blank()
      }
      return layout.text(`.${node.name.name}`)
    case "Index":
      print(layout, node.value)
      layout.text("[")
      print(layout, node.index)
      return layout.text("]")
    case "Unary":
      layout.text(node.operator)
      return print(layout, node.operand)
    case "Binary":
      print(layout, node.left)
      layout.blank()
      layout.text(node.operator)
      layout.blank()
      return print(layout, node.right)
    case "Paren":
      layout.text("(")
      print(layout, node.expression)
      return layout.text(")")
  }
}

const array = (layout: Layout, { elements, range }: Tree.ArrayLiteral): void => {
  layout.text("[")
  items(layout, elements, range.start.line, range.end.line)
  layout.text("]")
}

const call = (layout: Layout, { args, callee, range }: Tree.Call): void => {
  print(layout, callee)
  layout.text("(")
  items(layout, args, callee.range.end.line, range.end.line)
  layout.text(")")
}

/** Expressions between brackets on the lines `open` and `close`: each begins a line where it did in the source. */
const items = (layout: Layout, nodes: ReadonlyArray<Tree.Expression>, open: number, close: number): void => {
  let line = open
  for (const [index, node] of nodes.entries()) {
    if (layout.isFull) return
    const breaks = node.range.start.line !== line
    if (breaks) {
      layout.indent()
      layout.section()
    } else if (index > 0) {
      layout.blank()
    }
    print(layout, node)
    line = node.range.end.line
    if (index < nodes.length - 1 || line !== close) {
      layout.text(",")
    }
    if (breaks) {
      layout.unindent()
    }
  }
  if (nodes.length > 0 && line !== close) {
    layout.section()
  }
}

const object = (layout: Layout, { fields, range }: Tree.ObjectLiteral): void => {
  layout.text("{")
  layout.indent()
  let line = range.start.line
  // Fields line up their `=` as long as no value between them takes several lines.
  let flat = false
  for (const [index, { name, quoted, value }] of fields.entries()) {
    if (layout.isFull) return
    if (name.range.start.line === line) {
      if (index > 0) {
        layout.blank()
      }
    } else if (flat) {
      layout.newline()
    } else {
      layout.section()
    }
    layout.text(quoted ? StringLiteral.quote(name.name) : name.name)
    layout.separator()
    layout.text("=")
    layout.blank()
    const { height } = layout
    print(layout, value)
    line = name.range.start.line
    flat = layout.height === height
    if (index < fields.length - 1 || line !== range.end.line) {
      layout.text(",")
    }
  }
  if (fields.length > 0 && line !== range.end.line) {
    layout.section()
  }
  layout.unindent()
  layout.text("}")
}

import { Redacted, Result } from "effect"
import * as Arguments from "../../src/engine/Arguments.ts"
import * as Scope from "../../src/evaluation/Scope.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import { problem } from "../syntax/notation.ts"

/** What `later` is nobody knows before it runs. */
const scope = Scope.make(new Map([["secret", Value.secret(Redacted.make("hunter2"))], ["later", Value.unknown]]))

/** What is wrong with a block whose lines begin in line 2. */
export const problemsOf = <A>(schema: Arguments.Arguments<A>, ...lines: ReadonlyArray<string>) => {
  const { body: [block] } = Result.getOrThrow(Parser.parse(Source.make("test", `a "b" {\n${lines.join("\n")}\n}`)))
  if (block?._tag !== "Block") throw new Error("no block")
  const decoded = Arguments.decode(schema, block, "test", scope)
  return Result.isFailure(decoded) ? decoded.failure.map(problem) : []
}

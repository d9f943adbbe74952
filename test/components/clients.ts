import { assert } from "@effect/vitest"
import { Redacted, Result } from "effect"
import * as HttpClient from "../../src/components/HttpClient.ts"
import * as Arguments from "../../src/engine/Arguments.ts"
import * as Scope from "../../src/evaluation/Scope.ts"
import * as Value from "../../src/evaluation/Value.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import { problem } from "../syntax/notation.ts"

const scope = Scope.make(
  new Map([
    ["secret", Value.secret(Redacted.make("hunter2"))],
    ["broken_secret", Value.secret(Redacted.make("hunter\n2"))]
  ])
)

const decode = (lines: ReadonlyArray<string>) => {
  const { body: [block] } = Result.getOrThrow(Parser.parse(Source.make("test", `client {\n${lines.join("\n")}\n}`)))
  assert(block?._tag === "Block")
  return Arguments.decode(HttpClient.Arguments, block, "test", scope)
}

/** The arguments of a client with these lines. */
export const decoded = (...lines: ReadonlyArray<string>): HttpClient.Arguments =>
  Result.getOrThrowWith(decode(lines), (problems) => new Error(problems.map(problem).join("; ")))

/** What is wrong with a client whose lines begin in line 2. */
export const problems = (...lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const result = decode(lines)
  return Result.isFailure(result) ? result.failure.map(problem) : []
}

import { assert, describe, it } from "@effect/vitest"
import * as Output from "../../src/cli/Output.ts"

/** A stream whose writes end when a test says how. */
const makeStream = () => {
  const written: Array<string> = []
  const pending: Array<(error?: Error) => void> = []
  const stream = {
    writableLength: 0,
    write: (text: string, callback: (error?: Error) => void): void => {
      stream.writableLength += text.length
      pending.push((error) => {
        stream.writableLength -= text.length
        if (error === undefined) written.push(text)
        callback(error)
      })
    }
  }
  const log = Output.log(stream)
  return {
    written,
    stream,
    line: (text: string) => log(text, (lost) => `${lost} lost`),
    settle: (error?: Error) => pending.splice(0).forEach((end) => end(error))
  }
}

const full = new Error("ENOSPC")

describe("The log of a run", () => {
  it("is written line by line", () => {
    const { line, settle, written } = makeStream()
    line("a")
    line("b")
    settle()
    assert.deepStrictEqual(written, ["a\n", "b\n"])
  })

  it("says how many lines were lost, as soon as it can be written again", () => {
    const { line, settle, written } = makeStream()
    for (const text of ["a", "b", "c"]) {
      line(text)
      settle(full)
    }
    line("d")
    settle()
    line("e")
    settle()
    assert.deepStrictEqual(written, ["\n3 lost\n", "d\n", "e\n"])
  })

  it("holds a bounded part of what nobody reads, and counts the rest", () => {
    const { line, settle, stream, written } = makeStream()
    const text = "x".repeat(9_999)
    for (let n = 0; n < 1000; n++) line(text)
    const kept = stream.writableLength / 10_000
    assert.isBelow(kept, 120)
    settle()
    line("again")
    settle()
    assert.strictEqual(written.length, kept + 2)
    assert.deepStrictEqual(written.slice(-2), [`\n${1000 - kept} lost\n`, "again\n"])
  })
})

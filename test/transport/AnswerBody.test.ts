import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as AnswerBody from "../../src/transport/AnswerBody.ts"

const lengths = Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3000 }))), {
  maxLength: 60
})

describe("The reader of an answer's body", () => {
  it.prop("puts together what came, in pieces of whatever size", [lengths], ([lengths]) => {
    const reader = new AnswerBody.Reader({ max: 1_000_000, budget: undefined }, 200)
    const chunks = lengths.map((length, index) => new Uint8Array(length).fill(index + 1))
    for (const chunk of chunks) assert.isUndefined(reader.add(chunk))
    assert.isTrue(Buffer.concat(chunks).equals(reader.take()))
  })

  it("keeps no chunk that is small, which would take far more memory than it has bytes", () => {
    const reader = new AnswerBody.Reader({ max: 100, budget: undefined }, 200)
    const chunk = Uint8Array.of(1)
    for (let count = 0; count < 10; count++) reader.add(chunk)
    chunk[0] = 2
    assert.deepStrictEqual([...reader.take()], Array(10).fill(1))
  })
})

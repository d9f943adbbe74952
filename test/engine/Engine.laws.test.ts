import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Equal, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Engine from "../../src/engine/Engine.ts"
import * as Source from "../../src/syntax/Source.ts"
import * as World from "./world.ts"

const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4 }))

const Text = Schema.Literals(["one", "two", "three", "broken"])

/** A block refers to blocks of smaller numbers, if they are there. */
const Block = Schema.Struct({
  number: Index,
  refersTo: Schema.Array(Index).check(Schema.isMaxLength(3)),
  says: Schema.Array(Text).check(Schema.isMaxLength(1)),
  count: Schema.Literals([-1, 0, 1])
})

const Step = Schema.Union([
  Schema.Struct({ blocks: Schema.Array(Block).check(Schema.isMaxLength(5)) }),
  Schema.Struct({ number: Index, out: Text }),
  Schema.Struct({ wrong: Schema.Literals(["node \"0\" {", "node \"n0\" { to = [node.no.out] }", "what \"x\" { }"]) })
])

const write = (blocks: ReadonlyArray<typeof Block.Type>, isWell = false): string => {
  const all = new Map(blocks.map((block) => [block.number, block]))
  return Array.from(all.values(), ({ count, number, refersTo, says }) => {
    const to = [
      ...refersTo.filter((other) => other < number && all.has(other)).map((other) => `node.n${other}.out`),
      ...says.map((text) => isWell && text === "broken" ? "\"mended\"" : JSON.stringify(text))
    ]
    return `node "n${number}" {\n  to = [${to.join(", ")}]\n  count = ${isWell ? Math.abs(count) : count}\n}`
  }).join("\n")
}

const source = (text: string) => [Source.make("a.alloy", text)]

const settled = TestClock.adjust("10 seconds")

/** In the middle of what a change has begun. */
const moment = TestClock.adjust("50 millis")

describe("Engine", () => {
  it.effect.prop(
    "comes to the state of a fresh start of the last text, whatever came before, and touches nothing that stays equal",
    [
      Arbitrary.array(Arbitrary.schema(Schema.Tuple([Step, Schema.Boolean])), { maxLength: 8 }),
      Arbitrary.array(Arbitrary.schema(Block), { maxLength: 5 }),
      Arbitrary.array(Arbitrary.schema(Index), { maxLength: 2 })
    ],
    ([steps, last, late]) =>
      Effect.gen(function*() {
        const world = World.make("30 millis")
        const engine = yield* Engine.make({ sources: [], registry: world.registry, stdlib: new Map() })
        let isSettled = true
        const apply = Effect.fnUntraced(function*<E>(step: Effect.Effect<void, E>, isLeftAlone = true) {
          const before = isSettled && isLeftAlone ? world.running() : []
          isSettled = isLeftAlone
          yield* Effect.forkChild(Effect.ignore(step), { startImmediately: true })
          yield* isLeftAlone ? settled : moment
          for (const built of world.running()) {
            const old = before.find(({ id }) => id === built.id)
            if (old !== undefined && Equal.equals(old.args, built.args)) assert.strictEqual(built, old)
          }
        })
        const outs = new Map<string, string>()
        const set = (id: string, out: string) => {
          outs.set(id, out)
          return world.set(id, out)
        }
        for (const [step, isLeftAlone] of steps) {
          if ("out" in step) yield* apply(set(`node.n${step.number}`, step.out), isLeftAlone)
          else yield* apply(engine.reload(source("wrong" in step ? step.wrong : write(step.blocks))), isLeftAlone)
        }
        yield* settled
        for (const [id, out] of outs) if (out === "broken") yield* apply(set(id, "mended"))
        yield* apply(engine.reload(source(write(last, true))), false)
        for (const number of late) yield* apply(set(`node.n${number}`, "late"), false)
        yield* settled
        assert.isTrue((yield* engine.components).every(({ health }) => health.state === "healthy"))

        const fresh = World.make()
        for (const [id, out] of outs) yield* fresh.set(id, out)
        yield* Engine.make({ sources: source(write(last, true)), registry: fresh.registry, stdlib: new Map() })
        assert.isTrue(World.isSame(world.running(), fresh.running()))
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 50 } }
  )
})

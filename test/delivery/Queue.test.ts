import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Queue from "../../src/delivery/Queue.ts"

interface Item {
  readonly name: string
  readonly bytes: number
}

const item = (name: string, bytes = 10): Item => ({ name, bytes })

const queueOf = (whenFull: Queue.WhenFull, items: ReadonlyArray<Item>, maxBytes = 30) => {
  const queue = Queue.make<Item>({ maxBytes, whenFull })
  for (const item of items) assert.deepStrictEqual(queue.offer(item), [])
  return queue
}

/** Takes all that is due. */
const takeAll = (queue: Queue.Queue<Item>, now: number, preferFresh: boolean): ReadonlyArray<string> => {
  const names: Array<string> = []
  for (let item = queue.take(now, preferFresh); item !== undefined; item = queue.take(now, preferFresh)) {
    names.push(item.name)
  }
  return names
}

describe("Queue", () => {
  const [a, b, c, d] = [item("a"), item("b"), item("c"), item("d")]

  it("gives the oldest first, once", () => {
    const queue = queueOf("drop_oldest", [a, b, c])
    assert.deepStrictEqual(takeAll(queue, 0, false), ["a", "b", "c"])
    assert.strictEqual(queue.size(), 3)
    assert.strictEqual(queue.bytes(), 30)
  })

  it("counts an item until it is settled", () => {
    const queue = queueOf("drop_oldest", [a])
    queue.take(0, false)
    assert.deepStrictEqual([queue.size(), queue.bytes()], [1, 10])
    queue.settle(a)
    assert.deepStrictEqual([queue.size(), queue.bytes()], [0, 0])
  })

  it("gives a postponed item again when it is due, and says when that is", () => {
    const queue = queueOf("drop_oldest", [a, b])
    assert.isUndefined(queue.nextDue())
    takeAll(queue, 0, false)
    queue.postpone(a, 200)
    queue.postpone(b, 100)
    assert.strictEqual(queue.nextDue(), 100)
    assert.deepStrictEqual(takeAll(queue, 99, false), [])
    assert.deepStrictEqual(takeAll(queue, 100, false), ["b"])
    assert.strictEqual(queue.nextDue(), 200)
    assert.deepStrictEqual(takeAll(queue, 200, false), ["a"])
    assert.isUndefined(queue.nextDue())
  })

  it("items that are due at the same time come in the order they failed", () => {
    const queue = queueOf("drop_oldest", [a, b, c])
    takeAll(queue, 0, false)
    for (const item of [b, c, a]) queue.postpone(item, 100)
    assert.deepStrictEqual(takeAll(queue, 100, false), ["b", "c", "a"])
  })

  it("an item that has failed comes first when due, unless those that have not are preferred", () => {
    for (const preferFresh of [false, true]) {
      const queue = queueOf("drop_oldest", [a, b])
      queue.take(0, false)
      queue.postpone(a, 100)
      assert.deepStrictEqual(takeAll(queue, 100, preferFresh), preferFresh ? ["b", "a"] : ["a", "b"])
    }
  })

  describe("when full", () => {
    it("drop_oldest makes room with the oldest that nobody works on", () => {
      const queue = queueOf("drop_oldest", [a, b, c])
      queue.take(0, false)
      assert.deepStrictEqual(queue.offer(d), [b])
      assert.deepStrictEqual(takeAll(queue, 0, false), ["c", "d"])
    })

    it("drop_oldest goes by age, not by when an item is due", () => {
      const queue = queueOf("drop_oldest", [a, b, c])
      takeAll(queue, 0, false)
      queue.settle(c)
      queue.postpone(a, 900)
      queue.postpone(b, 100)
      assert.deepStrictEqual(queue.offer(item("large", 20)), [a])
      assert.deepStrictEqual(takeAll(queue, 100, false), ["b", "large"])
    })

    it("drop_oldest drops as many as it takes, and no more", () => {
      const queue = queueOf("drop_oldest", [a, b, c])
      assert.deepStrictEqual(queue.offer(item("large", 11)), [a, b])
      assert.strictEqual(queue.bytes(), 21)
    })

    it("drop_oldest drops what is offered, and nothing else, when it would not fit in beside what is taken", () => {
      const queue = queueOf("drop_oldest", [a, b, c])
      queue.take(0, false)
      const large = item("large", 21)
      assert.deepStrictEqual(queue.offer(large), [large])
      assert.deepStrictEqual(takeAll(queue, 0, false), ["b", "c"])
    })

    it("drop_newest and reject drop what is offered", () => {
      for (const whenFull of ["drop_newest", "reject"] as const) {
        const queue = queueOf(whenFull, [a, b, c])
        assert.deepStrictEqual(queue.offer(d), [d])
        assert.deepStrictEqual(takeAll(queue, 0, false), ["a", "b", "c"])
      }
    })

    it("says beforehand whether there is room", () => {
      const queue = queueOf("reject", [a, b])
      assert.isTrue(queue.fits(10))
      assert.isFalse(queue.fits(11))
      queue.take(0, false)
      assert.isFalse(queue.fits(11))
      queue.settle(a)
      assert.isTrue(queue.fits(20))
    })
  })

  it("clear gives everything back, in whatever state it is", () => {
    const queue = queueOf("drop_oldest", [a, b, c])
    queue.take(0, false)
    queue.take(0, false)
    queue.postpone(b, 500)
    assert.sameMembers([...queue.clear()], [a, b, c])
    assert.deepStrictEqual([queue.size(), queue.bytes(), queue.nextDue()], [0, 0, undefined])
    assert.deepStrictEqual(queue.offer(d), [])
    assert.deepStrictEqual(takeAll(queue, 1000, false), ["d"])
  })

  const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

  /** `which` chooses among the taken items, if there are any. */
  const Operation = Schema.Union([
    Schema.Struct({ op: Schema.Literal("offer"), bytes: upTo(40) }),
    Schema.Struct({ op: Schema.Literal("take"), after: upTo(50), preferFresh: Schema.Boolean }),
    Schema.Struct({ op: Schema.Literal("postpone"), which: upTo(9), delay: upTo(100) }),
    Schema.Struct({ op: Schema.Literal("settle"), which: upTo(9) })
  ])

  it.prop(
    "does what the simplest possible queue does, in any sequence of operations",
    {
      whenFull: Schema.Literals(["drop_oldest", "drop_newest", "reject"]),
      operations: Arbitrary.array(Arbitrary.schema(Operation), { minLength: 10, maxLength: 80 })
    },
    ({ operations, whenFull }) => {
      const maxBytes = 100
      const queue = Queue.make<Item>({ maxBytes, whenFull })
      const model = new Model(maxBytes, whenFull)
      const gone: Array<Item> = []
      let offered = 0
      let now = 0
      for (const operation of operations) {
        if (operation.op === "offer") {
          const added = item(`${offered++}`, operation.bytes)
          assert.strictEqual(queue.fits(added.bytes), model.fits(added.bytes))
          const dropped = queue.offer(added)
          assert.deepStrictEqual(dropped, model.offer(added))
          gone.push(...dropped)
        } else if (operation.op === "take") {
          now += operation.after
          assert.strictEqual(queue.take(now, operation.preferFresh), model.take(now, operation.preferFresh))
        } else {
          const chosen = model.taken[operation.which % model.taken.length]
          if (chosen === undefined) continue
          if (operation.op === "settle") {
            queue.settle(chosen)
            model.settle(chosen)
            gone.push(chosen)
          } else {
            queue.postpone(chosen, now + operation.delay)
            model.postpone(chosen, now + operation.delay)
          }
        }
        assert.isAtMost(queue.bytes(), maxBytes)
        assert.deepStrictEqual(
          [queue.size(), queue.bytes(), queue.nextDue()],
          [model.all().length, model.bytes(), model.waiting.toSorted((a, b) => a.dueAt - b.dueAt)[0]?.dueAt]
        )
      }
      gone.push(...queue.clear())
      // Everything that was offered has left exactly once.
      assert.deepStrictEqual(
        gone.map(({ name }) => Number(name)).toSorted((a, b) => a - b),
        Array.from({ length: offered }, (_, index) => index)
      )
    },
    { arbitrary: { runs: 300 } }
  )
})

/** Three lists, searched from end to end. */
class Model {
  readonly fresh: Array<Item> = []
  readonly waiting: Array<{ readonly item: Item; readonly dueAt: number }> = []
  readonly taken: Array<Item> = []
  private readonly maxBytes: number
  private readonly whenFull: Queue.WhenFull

  constructor(maxBytes: number, whenFull: Queue.WhenFull) {
    this.maxBytes = maxBytes
    this.whenFull = whenFull
  }

  all(): ReadonlyArray<Item> {
    return [...this.fresh, ...this.waiting.map(({ item }) => item), ...this.taken]
  }
  bytes(): number {
    return this.all().reduce((sum, { bytes }) => sum + bytes, 0)
  }
  fits(bytes: number): boolean {
    return this.bytes() + bytes <= this.maxBytes
  }

  offer(item: Item): ReadonlyArray<Item> {
    const dropped: Array<Item> = []
    if (this.whenFull === "drop_oldest") {
      const taken = this.taken.reduce((sum, { bytes }) => sum + bytes, 0)
      if (taken + item.bytes > this.maxBytes) return [item]
      while (!this.fits(item.bytes)) {
        const untaken = [...this.fresh, ...this.waiting.map(({ item }) => item)]
        const oldest = untaken.toSorted((a, b) => Number(a.name) - Number(b.name))[0]!
        remove(this.fresh, (fresh) => fresh === oldest)
        remove(this.waiting, ({ item }) => item === oldest)
        dropped.push(oldest)
      }
    } else if (!this.fits(item.bytes)) return [item]
    this.fresh.push(item)
    return dropped
  }

  take(now: number, preferFresh: boolean): Item | undefined {
    const [due] = this.waiting.filter(({ dueAt }) => dueAt <= now).toSorted((a, b) => a.dueAt - b.dueAt)
    const [first] = this.fresh
    const item = preferFresh ? first ?? due?.item : due?.item ?? first
    if (item === undefined) return undefined
    remove(this.fresh, (fresh) => fresh === item)
    remove(this.waiting, (waiting) => waiting.item === item)
    this.taken.push(item)
    return item
  }

  postpone(item: Item, dueAt: number): void {
    remove(this.taken, (taken) => taken === item)
    this.waiting.push({ item, dueAt })
  }

  settle(item: Item): void {
    remove(this.taken, (taken) => taken === item)
  }
}

const remove = <A>(from: Array<A>, is: (value: A) => boolean): void => {
  const index = from.findIndex(is)
  if (index !== -1) from.splice(index, 1)
}

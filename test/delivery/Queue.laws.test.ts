import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Queue from "../../src/delivery/Queue.ts"

interface Item {
  readonly name: string
  readonly bytes: number
  readonly since: number
}

const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

/** `which` chooses among what there is. */
const Operation = Schema.Union([
  Schema.Struct({ op: Schema.Literal("reserve"), bytes: upTo(40), isCommitted: Schema.Literal(true) }),
  Schema.Struct({ op: Schema.Literal("reserve"), bytes: upTo(40), isCommitted: Schema.Boolean }),
  Schema.Struct({ op: Schema.Literal("commit"), which: upTo(9) }),
  Schema.Struct({ op: Schema.Literal("take"), after: upTo(50), preferFresh: Schema.Boolean }),
  Schema.Struct({ op: Schema.Literal("postpone"), which: upTo(9), delay: upTo(100) }),
  Schema.Struct({ op: Schema.Literal("settle"), which: upTo(9) }),
  Schema.Struct({ op: Schema.Literal("expire"), age: upTo(200) }),
  Schema.Struct({
    op: Schema.Literal("resize"),
    maxBytes: upTo(80),
    whenFull: Schema.Literals(["drop_oldest", "drop_newest", "reject"])
  }),
  Schema.Struct({ op: Schema.Literals(["flush", "clear", "settle what is gone", "postpone what is gone"]) })
])

describe("Queue", () => {
  it.prop(
    "does what the simplest possible queue does, in any sequence of operations, and never holds too much",
    {
      whenFull: Schema.Literals(["drop_oldest", "drop_newest", "reject"]),
      operations: Arbitrary.array(Arbitrary.schema(Operation), { minLength: 10, maxLength: 100 })
    },
    ({ operations, whenFull }) => {
      let maxBytes = 60
      const queue = Queue.make<Item>({ maxBytes, whenFull })
      const model = new Model(maxBytes, whenFull)
      const reservations: Array<readonly [bytes: number, commit: (item: Item) => void]> = []
      const gone: Array<Item> = []
      let committed = 0
      let now = 0
      const commit = (which: number): void => {
        const [reservation] = reservations.splice(which, 1)
        if (reservation === undefined) return
        const [bytes, commit] = reservation
        const added = { name: `${committed++}`, bytes, since: now }
        commit(added)
        model.commit(added)
      }
      const clear = (): void => {
        const all = queue.clear()
        assert.sameMembers([...all], [...model.clear()])
        gone.push(...all)
      }
      for (const operation of operations) {
        switch (operation.op) {
          case "reserve": {
            assert.strictEqual(queue.fits(operation.bytes), model.fits(operation.bytes))
            const reservation = queue.reserve(operation.bytes)
            const dropped = model.reserve(operation.bytes)
            assert.deepStrictEqual(reservation?.dropped, dropped)
            if (reservation === undefined) break
            gone.push(...reservation.dropped)
            reservations.push([operation.bytes, reservation.commit])
            if (operation.isCommitted) commit(reservations.length - 1)
            break
          }
          case "commit":
            commit(operation.which % reservations.length)
            break
          case "take":
            now += operation.after
            assert.strictEqual(queue.take(now, operation.preferFresh), model.take(now, operation.preferFresh))
            break
          case "postpone":
          case "settle": {
            const chosen = model.leased[operation.which % model.leased.length]
            if (chosen === undefined) break
            if (operation.op === "settle") {
              queue.settle(chosen)
              model.settle(chosen)
              gone.push(chosen)
            } else {
              queue.postpone(chosen, now + operation.delay)
              model.postpone(chosen, now + operation.delay)
            }
            break
          }
          case "expire": {
            const expired = queue.expire(now - operation.age)
            assert.sameMembers([...expired], [...model.expire(now - operation.age)])
            gone.push(...expired)
            break
          }
          case "resize": {
            const { maxBytes: bytes, whenFull } = operation
            const dropped = queue.resize({ maxBytes: bytes, whenFull })
            assert.deepStrictEqual(dropped, model.resize(bytes, whenFull))
            gone.push(...dropped)
            // What is held, or had been accepted, is kept.
            maxBytes = Math.max(bytes, queue.bytes())
            break
          }
          case "flush":
            queue.flush(now)
            model.flush(now)
            break
          case "clear":
            clear()
            break
          case "settle what is gone":
            for (const item of gone) queue.settle(item)
            break
          case "postpone what is gone":
            for (const item of gone) queue.postpone(item, now)
            break
        }
        assert.isAtMost(queue.bytes(), maxBytes)
        assert.deepStrictEqual(
          [queue.size(), queue.leased().length, queue.bytes(), queue.nextDue(), queue.oldest()],
          [model.all().length, model.leased.length, model.bytes(), model.nextDue(), model.oldest()]
        )
      }
      clear()
      for (const item of model.leased.splice(0)) {
        queue.settle(item)
        gone.push(item)
      }
      // Everything that was committed has left exactly once.
      assert.deepStrictEqual(
        gone.map(({ name }) => Number(name)).toSorted((a, b) => a - b),
        Array.from({ length: committed }, (_, index) => index)
      )
      assert.strictEqual(queue.bytes(), reservations.reduce((sum, [bytes]) => sum + bytes, 0))
    },
    { arbitrary: { runs: 400 } }
  )
})

/** Four lists, searched from end to end. */
class Model {
  readonly reserved: Array<number> = []
  readonly fresh: Array<Item> = []
  readonly delayed: Array<{ readonly item: Item; readonly dueAt: number }> = []
  readonly leased: Array<Item> = []
  private maxBytes: number
  private whenFull: Queue.WhenFull

  constructor(maxBytes: number, whenFull: Queue.WhenFull) {
    this.maxBytes = maxBytes
    this.whenFull = whenFull
  }

  waiting(): ReadonlyArray<Item> {
    return [...this.fresh, ...this.delayed.map(({ item }) => item)]
  }
  all(): ReadonlyArray<Item> {
    return [...this.waiting(), ...this.leased]
  }
  bytes(): number {
    return sum(this.reserved) + sum(this.all().map(({ bytes }) => bytes))
  }
  fits(bytes: number): boolean {
    return this.bytes() + bytes <= this.maxBytes
  }
  nextDue(): number {
    return this.fresh.length > 0 ? -Infinity : Math.min(...this.delayed.map(({ dueAt }) => dueAt))
  }
  oldest(): number {
    return Math.min(...this.waiting().map(({ since }) => since))
  }

  resize(maxBytes: number, whenFull: Queue.WhenFull): ReadonlyArray<Item> {
    this.maxBytes = maxBytes
    this.whenFull = whenFull
    const dropped: Array<Item> = []
    if (whenFull === "reject") return dropped
    const inOrder = this.waiting().toSorted((a, b) => Number(a.name) - Number(b.name))
    while (!this.fits(0) && inOrder.length > 0) {
      const item = whenFull === "drop_oldest" ? inOrder.shift()! : inOrder.pop()!
      this.drop(item)
      dropped.push(item)
    }
    return dropped
  }

  reserve(bytes: number): ReadonlyArray<Item> | undefined {
    const dropped: Array<Item> = []
    if (this.whenFull === "drop_oldest") {
      const held = sum(this.reserved) + sum(this.leased.map(({ bytes }) => bytes))
      if (held + bytes > this.maxBytes) return undefined
      while (!this.fits(bytes)) {
        const oldest = this.waiting().toSorted((a, b) => Number(a.name) - Number(b.name))[0]!
        this.drop(oldest)
        dropped.push(oldest)
      }
    } else if (!this.fits(bytes)) return undefined
    this.reserved.push(bytes)
    return dropped
  }

  commit(item: Item): void {
    remove(this.reserved, (bytes) => bytes === item.bytes)
    this.fresh.push(item)
  }

  take(now: number, preferFresh: boolean): Item | undefined {
    const [due] = this.delayed.filter(({ dueAt }) => dueAt <= now).toSorted((a, b) => a.dueAt - b.dueAt)
    const [first] = this.fresh
    const item = preferFresh ? first ?? due?.item : due?.item ?? first
    if (item === undefined) return undefined
    this.drop(item)
    this.leased.push(item)
    return item
  }

  postpone(item: Item, dueAt: number): void {
    this.settle(item)
    this.delayed.push({ item, dueAt })
  }

  settle(item: Item): void {
    remove(this.leased, (leased) => leased === item)
  }

  expire(before: number): ReadonlyArray<Item> {
    const expired = this.waiting().filter(({ since }) => since < before)
    for (const item of expired) this.drop(item)
    return expired
  }

  flush(now: number): void {
    const inOrder = this.delayed.toSorted((a, b) => a.dueAt - b.dueAt)
    this.delayed.splice(0, this.delayed.length, ...inOrder.map(({ item }) => ({ item, dueAt: now })))
  }

  clear(): ReadonlyArray<Item> {
    return [...this.fresh.splice(0), ...this.delayed.splice(0).map(({ item }) => item)]
  }

  private drop(item: Item): void {
    remove(this.fresh, (fresh) => fresh === item)
    remove(this.delayed, (delayed) => delayed.item === item)
  }
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

const remove = <A>(from: Array<A>, is: (value: A) => boolean): void => {
  const index = from.findIndex(is)
  if (index !== -1) from.splice(index, 1)
}

import { assert, describe, it } from "@effect/vitest"
import * as Queue from "../../src/delivery/Queue.ts"

interface Item {
  readonly name: string
  readonly bytes: number
  readonly since: number
}

const item = (name: string, bytes = 10, since = 0): Item => ({ name, bytes, since })

/** Puts an item there at once, and gives what was dropped for it: itself, where there was no room to be made. */
const offer = (queue: Queue.Queue<Item>, item: Item): ReadonlyArray<Item> => {
  const reservation = queue.reserve(item.bytes)
  reservation?.commit(item)
  return reservation?.dropped ?? [item]
}

const queueOf = (whenFull: Queue.WhenFull, items: ReadonlyArray<Item>, maxBytes = 30) => {
  const queue = Queue.make<Item>({ maxBytes, whenFull })
  for (const item of items) assert.deepStrictEqual(offer(queue, item), [])
  return queue
}

/** Takes all that is due. */
const takeAll = (queue: Queue.Queue<Item>, now: number, preferFresh = false): ReadonlyArray<string> => {
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
    assert.deepStrictEqual(takeAll(queue, 0), ["a", "b", "c"])
    assert.deepStrictEqual([queue.size(), queue.leased().length, queue.bytes()], [3, 3, 30])
  })

  it("counts an item until it is settled", () => {
    const queue = queueOf("drop_oldest", [a])
    assert.deepStrictEqual([queue.size(), queue.leased().length, queue.bytes()], [1, 0, 10])
    queue.take(0, false)
    assert.deepStrictEqual([queue.size(), queue.leased().length, queue.bytes()], [1, 1, 10])
    queue.settle(a)
    assert.deepStrictEqual([queue.size(), queue.leased().length, queue.bytes()], [0, 0, 0])
  })

  it("gives a postponed item again when it is due", () => {
    const queue = queueOf("drop_oldest", [a, b])
    takeAll(queue, 0)
    queue.postpone(a, 200)
    queue.postpone(b, 100)
    assert.strictEqual(queue.leased().length, 0)
    assert.deepStrictEqual(takeAll(queue, 99), [])
    assert.deepStrictEqual(takeAll(queue, 100), ["b"])
    assert.deepStrictEqual(takeAll(queue, 200), ["a"])
  })

  it("says when there is something to take: at once, when the first is due, or never", () => {
    const queue = queueOf("drop_oldest", [])
    assert.strictEqual(queue.nextDue(), Infinity)
    offer(queue, a)
    assert.strictEqual(queue.nextDue(), -Infinity)
    queue.take(0, false)
    assert.strictEqual(queue.nextDue(), Infinity)
    queue.postpone(a, 200)
    assert.strictEqual(queue.nextDue(), 200)
    offer(queue, b)
    assert.strictEqual(queue.nextDue(), -Infinity)
    queue.take(0, true)
    queue.postpone(b, 100)
    assert.strictEqual(queue.nextDue(), 100)
  })

  it("items that are due at the same time come in the order they failed", () => {
    const queue = queueOf("drop_oldest", [a, b, c])
    takeAll(queue, 0)
    for (const item of [b, c, a]) queue.postpone(item, 100)
    assert.deepStrictEqual(takeAll(queue, 100), ["b", "c", "a"])
  })

  it("an item that has failed comes first when due, unless those that have not are preferred", () => {
    for (const preferFresh of [false, true]) {
      const queue = queueOf("drop_oldest", [a, b])
      queue.take(0, false)
      queue.postpone(a, 100)
      assert.deepStrictEqual(takeAll(queue, 100, preferFresh), preferFresh ? ["b", "a"] : ["a", "b"])
    }
  })

  it("flush makes everything due, in the order in which it was to be", () => {
    const queue = queueOf("drop_oldest", [a, b])
    takeAll(queue, 0)
    queue.postpone(a, 900)
    queue.postpone(b, 500)
    queue.flush(7)
    assert.strictEqual(queue.nextDue(), 7)
    assert.deepStrictEqual(takeAll(queue, 6), [])
    assert.deepStrictEqual(takeAll(queue, 7), ["b", "a"])
  })

  describe("a reservation", () => {
    it("takes room, and gives nothing to take before it is committed", () => {
      const queue = queueOf("reject", [])
      const reservation = queue.reserve(20)
      assert.deepStrictEqual([queue.bytes(), queue.size(), queue.nextDue()], [20, 0, Infinity])
      assert.isFalse(queue.fits(11))
      assert.isUndefined(queue.reserve(11))
      assert.isUndefined(queue.take(0, false))
      reservation?.commit(item("late", 20))
      assert.deepStrictEqual([queue.bytes(), queue.size(), queue.nextDue()], [20, 1, -Infinity])
      assert.deepStrictEqual(takeAll(queue, 0), ["late"])
    })

    it("cannot be dropped, and what is there already is dropped in its place", () => {
      const queue = queueOf("drop_oldest", [a, b])
      const reservation = queue.reserve(10)
      assert.deepStrictEqual(queue.reserve(20)?.dropped, [a, b])
      assert.isUndefined(queue.reserve(1))
      reservation?.commit(c)
      // Now it can.
      assert.deepStrictEqual(queue.reserve(10)?.dropped, [c])
    })

    it("is all or nothing: where there can be no room nothing is dropped", () => {
      const queue = queueOf("drop_oldest", [a, b])
      queue.reserve(10)
      assert.isUndefined(queue.reserve(21))
      assert.deepStrictEqual([queue.bytes(), queue.size()], [30, 2])
      assert.deepStrictEqual(takeAll(queue, 0), ["a", "b"])
    })

    it("outlives a clear, and is committed then as ever", () => {
      const queue = queueOf("drop_oldest", [a])
      const reservation = queue.reserve(10)
      assert.deepStrictEqual(queue.clear(), [a])
      assert.deepStrictEqual([queue.bytes(), queue.size()], [10, 0])
      assert.isUndefined(queue.reserve(21))
      reservation?.commit(b)
      assert.deepStrictEqual([queue.bytes(), queue.size()], [10, 1])
      assert.isUndefined(queue.reserve(31))
      assert.deepStrictEqual(takeAll(queue, 0), ["b"])
    })
  })

  describe("when full", () => {
    it("drop_oldest makes room with the oldest that nobody works on", () => {
      const queue = queueOf("drop_oldest", [a, b, c])
      queue.take(0, false)
      assert.deepStrictEqual(offer(queue, d), [b])
      assert.deepStrictEqual(takeAll(queue, 0), ["c", "d"])
    })

    it("drop_oldest goes by age, not by when an item is due", () => {
      const queue = queueOf("drop_oldest", [a, b, c])
      takeAll(queue, 0)
      queue.settle(c)
      queue.postpone(a, 900)
      queue.postpone(b, 100)
      assert.deepStrictEqual(offer(queue, item("large", 20)), [a])
      assert.deepStrictEqual(takeAll(queue, 100), ["b", "large"])
    })

    it("drop_oldest drops as many as it takes, and no more", () => {
      const queue = queueOf("drop_oldest", [a, b, c])
      assert.deepStrictEqual(offer(queue, item("large", 11)), [a, b])
      assert.strictEqual(queue.bytes(), 21)
    })

    it("drop_oldest drops what is offered, and nothing else, when it would not fit in beside what is taken", () => {
      const queue = queueOf("drop_oldest", [a, b, c])
      queue.take(0, false)
      const large = item("large", 21)
      assert.deepStrictEqual(offer(queue, large), [large])
      assert.deepStrictEqual(takeAll(queue, 0), ["b", "c"])
    })

    it("drop_newest and reject drop what is offered", () => {
      for (const whenFull of ["drop_newest", "reject"] as const) {
        const queue = queueOf(whenFull, [a, b, c])
        assert.deepStrictEqual(offer(queue, d), [d])
        assert.deepStrictEqual(takeAll(queue, 0), ["a", "b", "c"])
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

  describe("age", () => {
    const [one, two, three, four] = [
      item("since 1", 1, 1),
      item("since 2", 1, 2),
      item("since 3", 1, 3),
      item("since 4", 1, 4)
    ]
    const aged = () => queueOf("drop_oldest", [one, two, three, four])

    it("expire removes what waits and was accepted before, fresh or not", () => {
      const queue = aged()
      queue.take(0, false)
      queue.postpone(one, 900)
      assert.deepStrictEqual(queue.expire(1), [])
      assert.deepStrictEqual(queue.expire(3), [one, two])
      assert.deepStrictEqual([queue.size(), queue.bytes()], [2, 2])
      assert.deepStrictEqual(takeAll(queue, 1000), ["since 3", "since 4"])
    })

    it("expire finds what is old behind what is younger and due before", () => {
      const queue = aged()
      takeAll(queue, 0)
      queue.postpone(three, 100)
      queue.postpone(one, 200)
      queue.postpone(four, 300)
      queue.postpone(two, 400)
      assert.deepStrictEqual(queue.expire(3), [one, two])
      assert.deepStrictEqual(takeAll(queue, 1000), ["since 3", "since 4"])
    })

    it("expire leaves alone what somebody works on, until it is given back", () => {
      const queue = aged()
      queue.take(0, false)
      assert.deepStrictEqual(queue.expire(2), [])
      assert.deepStrictEqual([queue.size(), queue.bytes()], [4, 4])
      queue.postpone(one, 0)
      assert.deepStrictEqual(queue.expire(2), [one])
    })

    it("the oldest is that which waits longest, and none where nothing waits", () => {
      const queue = aged()
      assert.strictEqual(queue.oldest(), 1)
      takeAll(queue, 0)
      assert.strictEqual(queue.oldest(), Infinity)
      queue.postpone(three, 100)
      queue.postpone(two, 200)
      assert.strictEqual(queue.oldest(), 2)
      offer(queue, item("since 5", 1, 5))
      assert.strictEqual(queue.oldest(), 2)
      queue.expire(4)
      assert.strictEqual(queue.oldest(), 5)
    })
  })

  it("clear gives back what nobody works on", () => {
    const queue = queueOf("drop_oldest", [a, b, c])
    queue.take(0, false)
    queue.take(0, false)
    queue.postpone(b, 500)
    assert.sameMembers([...queue.clear()], [b, c])
    assert.deepStrictEqual([queue.size(), queue.leased().length, queue.bytes(), queue.nextDue()], [1, 1, 10, Infinity])
    queue.settle(a)
    assert.deepStrictEqual(offer(queue, d), [])
    assert.deepStrictEqual(takeAll(queue, 1000), ["d"])
  })

  it("what is gone can still be settled or postponed, without effect", () => {
    const queue = queueOf("drop_oldest", [a, b])
    takeAll(queue, 0)
    for (const gone of [a, b]) queue.settle(gone)
    queue.settle(a)
    queue.postpone(b, 0)
    assert.deepStrictEqual([queue.size(), queue.bytes(), queue.nextDue()], [0, 0, Infinity])
    // The room is what it was, too.
    assert.deepStrictEqual(offer(queue, item("large", 30)), [])
    assert.isUndefined(queue.reserve(31))
  })

  it.each(
    [
      { whenFull: "drop_oldest", dropped: ["a", "b"], left: ["c"] },
      { whenFull: "drop_newest", dropped: ["c", "b"], left: ["a"] },
      { whenFull: "reject", dropped: [], left: ["a", "b", "c"] }
    ] as const
  )("set smaller, $whenFull drops $dropped", ({ dropped, left, whenFull }) => {
    const queue = queueOf("drop_oldest", [a, b, c])
    queue.take(0, false)
    queue.postpone(a, 500)
    assert.deepStrictEqual(queue.resize({ maxBytes: 15, whenFull }).map(({ name }) => name), [...dropped])
    assert.isFalse(queue.fits(10))
    assert.deepStrictEqual(takeAll(queue, 1000).toSorted(), [...left])
  })
})

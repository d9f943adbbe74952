import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Schema } from "effect"
import * as Breaker from "../../src/delivery/Breaker.ts"
import * as RetrySchedule from "../../src/delivery/RetrySchedule.ts"

const settings: Breaker.Settings = { ...RetrySchedule.defaults, jitter: false, concurrency: 8 }

const first = { openings: 0, failedAt: undefined }

const now = (breaker: Breaker.Breaker): Breaker.Attempt => ({ openings: breaker.openings, failedAt: undefined })

/** One attempt that begins and ends at once. */
const succeed = (breaker: Breaker.Breaker) => Breaker.succeeded(Breaker.begin(breaker), now(breaker), 0)

const fail = (breaker: Breaker.Breaker, at = 0, retryAfter?: Duration.Duration) =>
  Breaker.failed(Breaker.begin(breaker), now(breaker), { now: at, retryAfter, random: 0 }, settings)

const opensAt = (breaker: Breaker.Breaker) => Breaker.opensAt(breaker, settings)

const times = <A>(count: number, f: (a: A) => A, start: A): A =>
  Array.from({ length: count }).reduce((a: A) => f(a), start)

const { closed } = Breaker
const open = times(8, (breaker) => fail(breaker), closed)

/** Outcomes of attempts that follow each other, `true` where the endpoint took the profile. */
const Outcomes = Arbitrary.array(Arbitrary.schema(Schema.Boolean), { minLength: 1, maxLength: 200 })

describe("Breaker", () => {
  it("lets so many through as may be in flight", () => {
    const full = times(8, Breaker.begin, closed)
    assert.strictEqual(opensAt(times(7, Breaker.begin, closed)), -Infinity)
    assert.strictEqual(opensAt(full), Infinity)
    assert.strictEqual(opensAt(Breaker.ended(full, first)), -Infinity)
  })

  it("opens at the eighth failure in a row", () => {
    assert.isFalse(times(7, (breaker) => fail(breaker), closed).isOpen)
    assert.isTrue(open.isOpen)
    assert.strictEqual(opensAt(open), 500)
  })

  it.prop("never opens unless more than two thirds of what was last sent has failed", [Outcomes], ([outcomes]) => {
    let breaker = closed
    for (const [index, outcome] of outcomes.entries()) {
      breaker = outcome ? succeed(breaker) : fail(breaker)
      const failing = outcomes.slice(0, index + 1).findIndex((_, start) => {
        const last = outcomes.slice(start, index + 1)
        const failures = last.filter((outcome) => !outcome).length
        return failures >= 8 && failures * 3 > last.length * 2 && failures - 2 * (last.length - failures) >= 8
      })
      assert.strictEqual(breaker.isOpen, failing !== -1)
      if (breaker.isOpen) break
    }
  })

  it.prop(
    "never opens for what fails once in three at most, in whatever order it begins",
    [Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 }))), {
      minLength: 1,
      maxLength: 100
    })],
    ([positions]) => {
      let breaker = closed
      for (const position of positions) {
        for (const place of [0, 1, 2]) breaker = place === position ? fail(breaker) : succeed(breaker)
        assert.isFalse(breaker.isOpen)
      }
    }
  )

  it("the failures of a profile that has failed before do not count if something was delivered in between", () => {
    const delivered = succeed(closed)
    const again = { openings: 0, failedAt: closed.successes }
    const failure = { now: 0, retryAfter: undefined, random: 0 }
    const failAgain = (breaker: Breaker.Breaker) => Breaker.failed(Breaker.begin(breaker), again, failure, settings)
    assert.strictEqual(times(100, failAgain, delivered).pressure, 0)
    // Where nothing was, they do: the endpoint has been failing all the time.
    assert.isTrue(times(8, failAgain, closed).isOpen)
  })

  it("what was in flight when it opened failed for the same reason: it neither lengthens the pause nor counts", () => {
    const inFlight = times(3, Breaker.begin, closed)
    const opened = times(8, (breaker) => fail(breaker), inFlight)
    const late = Breaker.failed(opened, first, { now: 400, retryAfter: undefined, random: 0 }, settings)
    assert.deepStrictEqual(late, opened)
    const recovered = succeed(opened)
    assert.deepStrictEqual(
      Breaker.failed(recovered, first, { now: 400, retryAfter: undefined, random: 0 }, settings),
      recovered
    )
  })

  it("lets one attempt through after the pause, and no other while it is in flight, whatever else is", () => {
    const opened = times(8, (breaker) => fail(breaker), times(3, Breaker.begin, closed))
    assert.strictEqual(opensAt(opened), 500)
    assert.strictEqual(opensAt(Breaker.begin(opened)), Infinity)
  })

  it.prop(
    "each probe that fails begins the next pause of the schedule",
    [Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 }))],
    ([count]) => {
      let breaker = open
      for (let k = 1; k < count; k++) {
        const at = opensAt(breaker)
        breaker = fail(breaker, at)
        assert.strictEqual(opensAt(breaker) - at, Duration.toMillis(RetrySchedule.delay(settings, k, 0)))
      }
    }
  )

  it.prop(
    "the more has failed lately the fewer may be in flight, after a success more with each further one",
    [Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))],
    ([concurrency]) => {
      const allowed = (breaker: Breaker.Breaker) => Breaker.allowed(breaker, { concurrency })
      for (let failures = 0; failures < 8; failures++) {
        const pressed = times(failures, (breaker) => fail(breaker), closed)
        assert.strictEqual(allowed(pressed), Math.ceil(concurrency * (8 - failures) / 8))
      }
      assert.strictEqual(allowed(open), 1)
      for (let successes = 1; successes < 8; successes++) {
        const recovering = times(successes, succeed, open)
        assert.strictEqual(allowed(recovering), Math.ceil(concurrency * Math.min(1, successes / 4)))
        const full = times(allowed(recovering), Breaker.begin, recovering)
        assert.strictEqual(Breaker.opensAt(full, { concurrency }), Infinity)
      }
    }
  )

  it("two failures in a row end a recovery that has just begun", () => {
    const recovering = succeed(open)
    assert.isFalse(fail(recovering).isOpen)
    assert.isTrue(fail(fail(recovering)).isOpen)
  })

  it("a short recovery does not forget the count, a long one does, step by step", () => {
    const third = fail(fail(open, 500), 1500)
    assert.strictEqual(opensAt(third), 1500 + 2000)
    const again = (breaker: Breaker.Breaker) =>
      opensAt(times(8, (breaker) => breaker.isOpen ? breaker : fail(breaker), breaker))
    // Four successes until all is as it was; each further one takes one doubling back.
    for (const [successes, pause] of [[1, 4000], [4, 4000], [5, 2000], [6, 1000], [7, 500], [50, 500]] as const) {
      assert.strictEqual(again(times(successes, succeed, third)), pause, `after ${successes} successes`)
    }
  })

  it("a success that was begun before it opened closes it: it is an answer", () => {
    const opened = times(8, (breaker) => fail(breaker), Breaker.begin(closed))
    assert.isFalse(Breaker.succeeded(opened, first, 0).isOpen)
  })

  it("Retry-After opens it at the first failure, for as long as is asked, and whatever is answered meanwhile", () => {
    const asked = fail(Breaker.begin(closed), 1000, Duration.minutes(1))
    assert.isTrue(asked.isOpen)
    assert.strictEqual(opensAt(asked), 61_000)
    const answered = Breaker.succeeded(asked, first, 2000)
    assert.isTrue(answered.isOpen)
    assert.strictEqual(opensAt(answered), 61_000)
    // Then there is one probe, and its success is the end of it.
    assert.strictEqual(opensAt(Breaker.begin(answered)), Infinity)
    assert.isFalse(Breaker.succeeded(Breaker.begin(answered), now(answered), 61_000).isOpen)
    const longer = Breaker.failed(asked, first, { now: 2000, retryAfter: Duration.minutes(2), random: 0 }, settings)
    assert.strictEqual(opensAt(longer), 122_000)
    // It is no doubling, and a longer pause of the schedule stays.
    assert.strictEqual(asked.pauses, 0)
    assert.strictEqual(opensAt(fail(fail(open, 500), 1500, Duration.seconds(1))), 3500)
  })

  it("a Retry-After that is over asks for nothing", () => {
    const failure = fail(closed, 0)
    for (const retryAfter of [Duration.zero, Duration.millis(-1)]) {
      assert.deepStrictEqual(fail(closed, 0, retryAfter), failure)
    }
  })

  it("a probe that fails after a Retry-After begins a pause, though it is the second failure of all", () => {
    const again = fail(fail(closed, 0, Duration.seconds(1)), 1000)
    assert.strictEqual(opensAt(again), 1500)
  })

  it("a flush ends the pause, though a probe is in flight, but no Retry-After", () => {
    assert.strictEqual(opensAt(Breaker.flush(open)), -Infinity)
    const probing = Breaker.flush(Breaker.begin(open))
    assert.strictEqual(opensAt(probing), -Infinity)
    // What that probe comes to changes nothing any more, unless it is a success.
    const late = { now: 0, retryAfter: undefined, random: 0 }
    assert.deepStrictEqual(Breaker.failed(probing, now(open), late, settings), probing)
    assert.isFalse(Breaker.succeeded(probing, now(open), 0).isOpen)
    assert.strictEqual(opensAt(Breaker.flush(fail(open, 0, Duration.minutes(1)))), 60_000)
    assert.strictEqual(Breaker.flush(closed), closed)
  })

  it("an attempt that says nothing about the endpoint gives its place back, and changes nothing else", () => {
    assert.deepStrictEqual(Breaker.ended(Breaker.begin(open), now(open)), open)
    assert.deepStrictEqual(Breaker.ended(Breaker.begin(closed), first), closed)
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Latch, Queue, Result } from "effect"
import { TestClock } from "effect/testing"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import type * as Profile from "../../src/profile/Profile.ts"
import * as Budget from "../../src/transport/Budget.ts"
import { withLog } from "../delivery/observations.ts"
import { Counts, sumOf } from "../support/counts.ts"
import * as World from "./world.ts"

const { answer, at, cpu, failure, goroutine, memory } = World

/** 15 seconds, as by default. */
const interval = 15_000

const timesOf = (requests: ReadonlyArray<World.Received>, host?: string): ReadonlyArray<number> =>
  requests.filter((request) => host === undefined || request.host === host).map(({ at }) => at)

const gaps = (times: ReadonlyArray<number>): ReadonlyArray<number> =>
  times.slice(1).map((time, index) => time - times[index]!)

const bytesOf = (profile: Profile.Profile): Uint8Array =>
  profile._tag === "Series" ? profile.samples[0]!.profile : profile.body

describe("a target", () => {
  it.effect("is first scraped within the first interval, and then at a fixed rate at its own moment", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      yield* world.scrape({ targets: at("a:81", "b:81", "c:81"), types: [goroutine, memory] })
      yield* TestClock.adjust("59999 millis")
      const firsts = new Set<number>()
      for (const host of ["a:81", "b:81", "c:81"]) {
        for (const path of ["/goroutine", "/allocs"]) {
          const times = timesOf(world.requests.filter((request) => request.path === path), host)
          assert.isBelow(times[0]!, interval)
          assert.deepStrictEqual(gaps(times), [interval, interval, interval])
          firsts.add(times[0]!)
        }
      }
      assert.strictEqual(firsts.size, 6)
    }))

  it.effect("that is slow leaves out its own scrapes, and no other's", () =>
    Effect.gen(function*() {
      const world = yield* World.make(({ host }, n) =>
        host === "slow:81" && n === 1
          ? Effect.delay(answer(new Uint8Array(3)), Duration.seconds(35))
          : failure(500)
      )
      const running = yield* world.scrape({
        targets: at("slow:81", "quick:81"),
        types: [goroutine],
        timeout: "40 seconds"
      })
      yield* TestClock.adjust("89999 millis")
      assert.deepStrictEqual(gaps(timesOf(world.requests, "slow:81")).slice(0, 2), [interval, 3 * interval])
      assert.deepStrictEqual(gaps(timesOf(world.requests, "quick:81")), Array(5).fill(interval))
      const slow = running.states().find(({ target }) => target.origin.includes("slow"))!
      assert.strictEqual(slow.skipped, 2)
    }))

  it.effect("has its timeout, and that of a profile that takes some time has that time besides", () =>
    Effect.gen(function*() {
      const world = yield* World.make(() => Effect.never)
      const running = yield* world.scrape({ targets: at("a:81"), types: [goroutine, cpu] })
      const seconds: Record<string, number> = {}
      for (let second = 0; second < 40; second++) {
        yield* TestClock.adjust("1 second")
        for (const { lastDuration, lastError, target } of running.states()) {
          if (lastError !== undefined) seconds[`${target.type}: ${lastError}`] ??= lastDuration!
        }
      }
      assert.deepStrictEqual(seconds, {
        "goroutine: no profile within 10s": 10_000,
        "process_cpu: no profile within 24s": 24_000
      })
    }))

  it.effect("is up or down by its last scrape", () =>
    Effect.gen(function*() {
      const world = yield* World.make((_, n) =>
        n === 1 ? failure(500, "out of order") : answer(new Uint8Array([10, 0, 0]))
      )
      const running = yield* world.scrape({ targets: at("a:81"), types: [goroutine] })
      const [state] = running.states()
      assert.strictEqual(state!.health, "unknown")
      const seen: Array<unknown> = []
      for (let n = 0; n < 3; n++) {
        yield* TestClock.adjust("15 seconds")
        seen.push([state!.health, state!.lastError, state!.lastSize])
      }
      assert.deepStrictEqual(seen, [
        ["up", undefined, 3],
        ["down", "server returned HTTP status (500) out of order", 3],
        ["up", undefined, 3]
      ])
      assert.deepInclude(state!, { scrapes: 3, failures: 1 })
    }))

  it.effect("whose scrape dies of a defect is scraped again", () =>
    Effect.gen(function*() {
      const world = yield* World.make((_, n) => n === 0 ? Effect.die(new Error("boom")) : answer(new Uint8Array(3)))
      const running = yield* world.scrape({ targets: at("a:81"), types: [goroutine] })
      yield* TestClock.adjust("15 seconds")
      assert.match(running.states()[0]!.lastError!, /^defect in the scraper: Error: boom/)
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(running.states()[0]!.health, "up")
    }))

  it.effect("of which no URL can be made is left out and said once, and the others are scraped", () =>
    withLog(Effect.fnUntraced(function*(log) {
      const world = yield* World.make()
      const options = { targets: [...at("a:81", "x/y"), Labels.make({ a: "b" }), ...at("c:81")], types: [goroutine] }
      yield* world.scrape(options)
      yield* world.scrape({ ...options, targets: [...options.targets, ...at("z/")] })
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(world.requests.map(({ host }) => host).toSorted(), ["a:81", "c:81"])
      const said = log.filter(({ message }) => message === "target left out")
      assert.deepStrictEqual(said.map(({ annotations }) => annotations), [
        { index: 1, address: "x/y", err: "\"x/y:80\" is not a valid hostname" },
        { index: 2, err: "no address" },
        { index: 4, address: "z/", err: "\"z/:80\" is not a valid hostname" }
      ])
    })))
})

describe("another set of targets", () => {
  it.effect("leaves those alone that stay, begins those that are new and ends those that are gone at once", () =>
    Effect.gen(function*() {
      const world = yield* World.make(({ host }) => host === "hanging:81" ? Effect.never : answer(new Uint8Array(3)))
      const types = [goroutine]
      const first = yield* world.scrape({
        targets: at("stays:81", "gone:81", "hanging:81"),
        types,
        timeout: "1 minute"
      })
      yield* TestClock.adjust("20 seconds")
      const second = yield* world.scrape({ targets: at("new:81", "stays:81"), types })
      assert.strictEqual(yield* world.counted, 4, "one that both have is one")
      yield* first.close
      assert.strictEqual(yield* world.counted, 2)
      assert.strictEqual(world.interrupted.length, 1)
      const before = world.requests.length
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(
        new Set(world.requests.slice(before).map(({ host }) => host)),
        new Set(["new:81", "stays:81"])
      )
      assert.deepStrictEqual(gaps(timesOf(world.requests, "stays:81")), Array(3).fill(interval))
      assert.deepStrictEqual(second.states().map(({ target }) => target.origin).toSorted(), [
        "http://new:81",
        "http://stays:81"
      ])
      yield* second.close
      const last = world.requests.length
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(world.requests.length, last)
    }))

  it.effect("has what stays go on with what is new about it: labels, receiver, limits", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      const process = { __address__: "a:81", service_name: "app" }
      const first = yield* world.scrape({ targets: [{ ...process, __meta_zone: "1" }], types: [goroutine] })
      yield* TestClock.adjust("15 seconds")
      const taken = yield* Queue.unbounded<Profile.Profile>()
      yield* world.scrape(
        { targets: [{ ...process, __meta_zone: "2" }], types: [goroutine] },
        World.makeReceiver(taken)
      )
      yield* first.close
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(Labels.get((yield* Queue.take(world.taken)).labels, "__meta_zone"), "1")
      assert.strictEqual(Labels.get((yield* Queue.take(taken)).labels, "__meta_zone"), "2")
      assert.deepStrictEqual(gaps(timesOf(world.requests)), [interval])
    }))

  it.effect("with another interval is followed at once, and by a scrape on its way when it has ended", () =>
    Effect.gen(function*() {
      const world = yield* World.make(({ path }) =>
        path === "/goroutine"
          ? answer(new Uint8Array(3))
          : Effect.delay(answer(new Uint8Array(3)), Duration.seconds(14))
      )
      const options = { targets: at("a:81"), types: [goroutine, cpu] }
      const first = yield* world.scrape({ ...options, interval: "1 hour", timedDuration: "14 seconds" })
      while (!world.requests.some(({ path }) => path.startsWith("/profile"))) yield* TestClock.adjust("10 seconds")
      yield* world.scrape({ ...options, interval: "20 seconds", timedDuration: "14 seconds" })
      yield* first.close
      const before = yield* Clock.currentTimeMillis
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(world.interrupted.length, 0)
      const after = world.requests.filter(({ at }) => at > before)
      assert.deepStrictEqual(after.map(({ path }) => path.split("?")[0]).toSorted(), [
        ...Array(3).fill("/goroutine"),
        ...Array(after.length - 3).fill("/profile")
      ])
      assert.isAtLeast(after.length, 5)
    }))

  it.effect("with another interval lets a timed profile come that is on its way, and asks for longer ones from then on", () =>
    Effect.gen(function*() {
      const world = yield* World.make(() => Effect.delay(answer(new Uint8Array(3)), Duration.seconds(14)))
      const first = yield* world.scrape({ targets: at("a:81"), types: [cpu] })
      while (world.requests.length === 0) yield* TestClock.adjust("1 second")
      yield* world.scrape({ targets: at("a:81"), types: [cpu], interval: "30 seconds" })
      yield* first.close
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(world.interrupted.length, 0)
      assert.deepStrictEqual(world.requests.slice(0, 2).map(({ path }) => path), [
        "/profile?seconds=14",
        "/profile?seconds=29"
      ])
    }))

  it.effect("that is given up again leaves things as they were", () =>
    Effect.gen(function*() {
      const world = yield* World.make()
      yield* world.scrape({ targets: at("a:81"), types: [goroutine] })
      const nobody = yield* Queue.unbounded<Profile.Profile>()
      const other = yield* world.scrape(
        { targets: at("a:81"), types: [goroutine], interval: "1 second" },
        World.makeReceiver(nobody)
      )
      yield* other.close
      yield* TestClock.adjust("45 seconds")
      assert.deepStrictEqual(gaps(timesOf(world.requests)), [interval, interval])
      assert.strictEqual(yield* Queue.size(world.taken), 3)
      assert.strictEqual(yield* Queue.size(nobody), 0)
    }))
})

describe("a cumulative profile", () => {
  /** A process that counts, and what each of its profiles had. */
  const counting = Effect.fnUntraced(function*(change: (counts: Counts, n: number) => Result.Result<void, number>) {
    const counts = new Counts("memory")
    counts.add("alloc;main", 5, 500, 1, 10)
    const world = yield* World.make((_, n) => {
      const result = change(counts, n)
      return Result.isSuccess(result) ? answer(counts.profile()) : failure(result.failure)
    })
    return { counts, world }
  })

  const grows = (counts: Counts, n: number): void => {
    counts.add("alloc;main", n, n * 100, 0, 0)
    counts.add(`alloc;f${n};main`, 1, 8, 0, 0)
  }

  it.effect("is sent as what was added since the last one that was taken, whatever failed or was refused between", () =>
    Effect.gen(function*() {
      const { counts, world } = yield* counting((counts, n) => {
        if (n > 0) grows(counts, n)
        return n % 4 === 2 ? Result.fail(503) : Result.void
      })
      const base = sumOf([counts.profile()])
      const running = yield* world.scrape({ targets: at("a:81"), types: [memory] })
      const [state] = running.states()
      const profiles: Array<Profile.Profile> = []
      for (let n = 0; n <= 11; n++) {
        world.refuses = n % 4 === 3
        yield* TestClock.adjust("15 seconds")
        // Gzip takes a thread's time and none of the clock's.
        while (state!.scrapes <= n) yield* Effect.yieldNow
        if (n === 0 || n % 4 === 2) continue
        if (world.refuses) { while (state!.lastError?.startsWith("profile refused") !== true) yield* Effect.yieldNow }
        else profiles.push(yield* Queue.take(world.taken))
      }
      const added = sumOf(profiles.map(bytesOf))
      const last = sumOf([counts.profile()])
      assert.deepStrictEqual(Labels.get(profiles[0]!.labels, "__delta__"), "false")
      // The last one was refused: what it had added is sent with the next.
      assert.deepStrictEqual(added["alloc;main"]!.slice(0, 2), [
        last["alloc;main"]![0]! - base["alloc;main"]![0]! - 11 - 10,
        last["alloc;main"]![1]! - base["alloc;main"]![1]! - 2100
      ])
      assert.strictEqual(Object.keys(added).length, 1 + 9)
      assert.isAbove(state!.baselineBytes, 0)
    }))

  it.effect("is not counted twice by a receiver that took it while another refused it", () =>
    Effect.gen(function*() {
      const { counts, world } = yield* counting((counts, n) => {
        if (n > 0) grows(counts, n)
        return Result.void
      })
      const base = sumOf([counts.profile()])
      world.refuses = true
      const taken = yield* Queue.unbounded<Profile.Profile>()
      const others = Receiver.all([Receiver.all([world.receiver, World.makeReceiver(taken)]), world.receiver])
      const running = yield* world.scrape({ targets: at("a:81"), types: [memory] }, others)
      const [state] = running.states()
      const profiles: Array<Profile.Profile> = []
      for (let n = 0; n < 5; n++) {
        yield* TestClock.adjust("15 seconds")
        while (state!.scrapes <= n) yield* Effect.yieldNow
        if (n > 0) profiles.push(yield* Queue.take(taken))
      }
      const added = sumOf(profiles.map(bytesOf))["alloc;main"]!
      const last = sumOf([counts.profile()])["alloc;main"]!
      assert.deepStrictEqual(added.slice(0, 2), [0, 1].map((column) => last[column]! - base["alloc;main"]![column]!))
      assert.strictEqual(state!.health, "down")
    }))

  it.effect("that is too large for every queue is given up, so that the next may fit", () =>
    Effect.gen(function*() {
      const { world } = yield* counting((counts, n) => {
        if (n > 0) grows(counts, n)
        return Result.void
      })
      const sizes: Array<ReadonlyArray<string>> = []
      const small = Receiver.make((profile) => {
        sizes.push(Object.keys(sumOf([bytesOf(profile)])))
        return Effect.fail(new Receiver.Refused({ reason: new Receiver.ProfileTooLarge({ bytes: 1 }) }))
      })
      const running = yield* world.scrape({ targets: at("a:81"), types: [memory] }, small)
      for (let n = 0; n < 4; n++) {
        yield* TestClock.adjust("15 seconds")
        while (sizes.length < n || running.states()[0]!.scrapes <= n) yield* Effect.yieldNow
      }
      assert.deepStrictEqual(sizes.map((stacks) => stacks.length), [2, 2, 2])
    }))

  it.effect("waits for its turn only while there is room for it", () =>
    Effect.gen(function*() {
      const counts = new Counts("memory")
      // So much that it is decompressed elsewhere.
      for (let n = 0; n < 1000; n++) grows(counts, n)
      const body = counts.profile()
      const together = yield* Latch.make()
      const world = yield* World.make(() => Effect.andThen(together.await, answer(body)))
      const budget = new Budget.Budget(1.5 * body.byteLength)
      const running = yield* Effect.provideService(
        world.scrape({ targets: at("a:81", "b:81", "c:81"), types: [memory], timeout: "1 minute" }),
        Budget.Shared,
        budget
      )
      while (world.requests.length < 3) yield* TestClock.adjust("1 second")
      yield* together.open
      while (running.states().some(({ health }) => health === "unknown")) yield* Effect.yieldNow
      assert.sameMembers(running.states().map(({ lastError }) => lastError), [
        undefined,
        `failed to read body: ${budget.refusal}`,
        `failed to read body: ${budget.refusal}`
      ])
      assert.strictEqual(budget.used, 0)
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import * as Resolver from "../../src/transport/Resolver.ts"
import * as Files from "../support/files.ts"
import { type Answer, makeNameServer, type Question } from "../support/nameServer.ts"

const addresses =
  (all: Readonly<Record<string, ReadonlyArray<string>>>, ttl = 60) => ({ name, type }: Question): Answer => {
    const known = all[name]
    return known === undefined
      ? "NXDOMAIN"
      : { addresses: known.filter((address) => address.includes(":") === (type === "AAAA")), ttl }
  }

/** A resolver of a machine that has one name server. */
const setUp = Effect.fnUntraced(function*(
  answer: (question: Question) => Answer,
  { hosts = "", nsswitch = "hosts: files dns", resolvConf = "search .\noptions timeout:1 attempts:1" } = {}
) {
  const server = yield* makeNameServer(answer)
  const files = Files.make({ "/hosts": hosts, "/resolv.conf": resolvConf, "/nsswitch.conf": nsswitch })
  const asked: Array<string> = []
  const resolve = yield* Resolver.make({
    hostsFile: "/hosts",
    resolvConfFile: "/resolv.conf",
    nameServiceSwitchFile: "/nsswitch.conf",
    servers: [server.address],
    system: (name) =>
      Effect.suspend(() => {
        asked.push(name)
        return name.endsWith(".local") ? Effect.succeed(["10.0.0.99"]) : Effect.fail("ENOTFOUND")
      }),
    platform: "linux",
    maxNames: 1000
  }).pipe(Effect.provide(files.layer))
  return { resolve, files, asked, questions: server.questions.all }
})

const silent = (): Answer => undefined

describe("The addresses of a host", () => {
  it.live("are those of both families in turn, IPv6 first", () =>
    Effect.gen(function*() {
      const { resolve } = yield* setUp(addresses({ "a.example": ["10.0.0.1", "10.0.0.2", "fd00::1"] }))
      assert.deepStrictEqual(yield* resolve("A.example"), ["fd00::1", "10.0.0.1", "10.0.0.2"])
    }))

  it.live("are those of one family when the server says nothing about the other", () =>
    Effect.gen(function*() {
      const { resolve } = yield* setUp(({ type }) => type === "A" ? { addresses: ["10.0.0.1"], ttl: 60 } : undefined)
      assert.deepStrictEqual(yield* resolve("a.example"), ["10.0.0.1"])
    }))

  it.live("are asked for once, however many want them, and kept", () =>
    Effect.gen(function*() {
      const { questions, resolve } = yield* setUp(addresses({ "a.example": ["10.0.0.1"] }))
      yield* Effect.all(Array.from({ length: 20 }, () => resolve("a.example")), { concurrency: "unbounded" })
      yield* resolve("a.example")
      assert.deepStrictEqual(questions.map(({ type }) => type).sort(), ["A", "AAAA"])
    }))

  it.live("are found for as many names as there may be at a time, and all are kept", () =>
    Effect.gen(function*() {
      const { questions, resolve } = yield* setUp(
        ({ name, type }) =>
          name.startsWith("dead") ? undefined : { addresses: type === "A" ? ["10.0.0.1"] : [], ttl: 60 },
        { resolvConf: "search .\noptions timeout:5 attempts:3" }
      )
      const names = Array.from({ length: 500 }, (_, index) => `n${index}.example`)
      for (let index = 0; index < 100; index++) {
        yield* Effect.forkChild(resolve(`dead${index}.example`), { startImmediately: true })
      }
      const resolveAll = Effect.forEach(names, resolve, { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* resolveAll, names.map(() => ["10.0.0.1"]))
      const asked = () => questions.filter(({ name }) => name.startsWith("n")).length
      const before = asked()
      yield* resolveAll
      assert.strictEqual(asked(), before)
    }))

  it.effect.each([
    { ttl: 0, seconds: 1 },
    { ttl: 7, seconds: 7 },
    { ttl: 86_400, seconds: 60 }
  ])("are kept for $seconds s when the record says $ttl s", ({ seconds, ttl }) =>
    Effect.gen(function*() {
      const { questions, resolve } = yield* setUp(addresses({ "a.example": ["10.0.0.1", "fd00::1"] }, ttl))
      yield* resolve("a.example")
      yield* TestClock.adjust(seconds * 1000 - 1)
      yield* resolve("a.example")
      assert.strictEqual(questions.length, 2)
      yield* TestClock.adjust(1)
      yield* resolve("a.example")
      assert.strictEqual(questions.length, 4)
    }))

  it.live("are looked for in the domains to search, as in Kubernetes", () =>
    Effect.gen(function*() {
      const { questions, resolve } = yield* setUp(
        addresses({ "pyroscope.monitoring.svc.cluster.local": ["10.96.1.1"], "profiles.example": ["10.0.0.1"] }),
        { resolvConf: "search apps.svc.cluster.local svc.cluster.local\noptions ndots:5" }
      )
      assert.deepStrictEqual(yield* resolve("pyroscope.monitoring"), ["10.96.1.1"])
      assert.deepStrictEqual(questions.filter(({ type }) => type === "A").map(({ name }) => name), [
        "pyroscope.monitoring.apps.svc.cluster.local",
        "pyroscope.monitoring.svc.cluster.local"
      ])
      assert.deepStrictEqual(yield* resolve("profiles.example"), ["10.0.0.1"])
    }))

  it.live("are found behind a domain that its server will not talk about", () =>
    Effect.gen(function*() {
      const { resolve } = yield* setUp(
        (question) => question.name === "a.broken" ? "SERVFAIL" : addresses({ "a.example": ["10.0.0.1"] })(question),
        { resolvConf: "search broken example" }
      )
      assert.deepStrictEqual(yield* resolve("a"), ["10.0.0.1"])
      assert.strictEqual((yield* Effect.flip(resolve("b"))).code, "ENOTFOUND")
    }))

  it.live("are asked for in another way when resolv.conf has changed", () =>
    Effect.gen(function*() {
      const { files, resolve } = yield* setUp(addresses({ "a.old": ["10.0.0.1"], "b.new": ["10.0.0.2"] }), {
        resolvConf: "search old"
      })
      assert.deepStrictEqual(yield* resolve("a"), ["10.0.0.1"])
      files.write("/resolv.conf", "search new")
      assert.deepStrictEqual(yield* resolve("b"), ["10.0.0.2"])
    }))

  it.live("are those in /etc/hosts before all others", () =>
    Effect.gen(function*() {
      const { files, questions, resolve } = yield* setUp(addresses({ "a.example": ["10.0.0.1"] }), {
        hosts: "10.0.0.5 a.example"
      })
      assert.deepStrictEqual(yield* resolve("a.example"), ["10.0.0.5"])
      files.write("/hosts", "10.0.0.6 b.example")
      assert.deepStrictEqual(yield* resolve("b.example."), ["10.0.0.6"])
      assert.deepStrictEqual(questions, [])
    }))

  it.live("are nobody's business when they are the name, or this host", () =>
    Effect.gen(function*() {
      const { files, questions, resolve } = yield* setUp(silent)
      files.stall()
      assert.deepStrictEqual(yield* resolve("192.0.2.7"), ["192.0.2.7"])
      assert.deepStrictEqual(yield* resolve("fd00::7"), ["fd00::7"])
      for (const name of ["localhost", "LocalHost.", "app.localhost"]) {
        assert.deepStrictEqual(yield* resolve(name), ["::1", "127.0.0.1"])
      }
      assert.deepStrictEqual(questions, [])
    }))

  it.live("are found though a file system gives no answer any more", () =>
    Effect.gen(function*() {
      const { files, resolve } = yield* setUp(addresses({ "a.example": ["10.0.0.1"], "b.example": ["10.0.0.2"] }))
      assert.deepStrictEqual(yield* resolve("a.example"), ["10.0.0.1"])
      files.stall()
      assert.deepStrictEqual(yield* resolve("b.example"), ["10.0.0.2"])
    }))
})

describe("A host without an address", () => {
  it.live("is not found", () =>
    Effect.gen(function*() {
      const { asked, resolve } = yield* setUp(addresses({ "empty.example": [] }))
      for (const name of ["none.example", "empty.example", `${"a".repeat(64)}.example`, "a..example"]) {
        const { code, detail } = yield* Effect.flip(resolve(name))
        assert.deepStrictEqual([code, detail], ["ENOTFOUND", `cannot resolve ${name}: there is no such host`])
      }
      assert.deepStrictEqual(asked, [])
    }))

  it.live("may be found later when DNS is silent or in trouble", () =>
    Effect.gen(function*() {
      const { resolve } = yield* setUp(({ name }) => name === "broken.example" ? "SERVFAIL" : undefined)
      const broken = yield* Effect.flip(resolve("broken.example"))
      assert.strictEqual(broken.message, "cannot resolve broken.example: DNS says ESERVFAIL (EAI_AGAIN)")
      const mute = yield* Effect.flip(resolve("silent.example"))
      assert.strictEqual(mute.message, "cannot resolve silent.example: no answer in time (EAI_AGAIN)")
    }))

  it.live("is looked up by the C library where the machine has more than DNS", () =>
    Effect.gen(function*() {
      const { asked, resolve } = yield* setUp(
        (question) => question.name === "silent.local" ? undefined : addresses({ "a.local": ["10.0.0.1"] })(question),
        { nsswitch: "hosts: files mdns4_minimal [NOTFOUND=return] dns" }
      )
      assert.deepStrictEqual(yield* resolve("printer.local"), ["10.0.0.99"])
      assert.deepStrictEqual(yield* resolve("a.local"), ["10.0.0.1"])
      assert.strictEqual((yield* Effect.flip(resolve("none.example"))).code, "ENOTFOUND")
      assert.strictEqual((yield* Effect.flip(resolve("silent.local"))).code, "EAI_AGAIN")
      assert.deepStrictEqual(asked, ["printer.local", "none.example"])
    }))

  it.live("is looked up by the C library alone where the machine has no DNS", () =>
    Effect.gen(function*() {
      const { questions, resolve } = yield* setUp(silent, { nsswitch: "hosts: files nis" })
      assert.deepStrictEqual(yield* resolve("printer.local"), ["10.0.0.99"])
      assert.deepStrictEqual(questions, [])
    }))

  it.live("keeps no thread, and no other name, waiting", () =>
    Effect.gen(function*() {
      const { resolve } = yield* setUp((question) =>
        question.name.startsWith("dead") ? undefined : addresses({ "a.example": ["10.0.0.1"] })(question)
      )
      const dead = yield* Effect.forEach(
        Array.from({ length: 8 }, (_, index) => `dead${index}.example`),
        (name) => Effect.forkChild(resolve(name), { startImmediately: true })
      )
      assert.deepStrictEqual(yield* resolve("a.example"), ["10.0.0.1"])
      yield* Effect.promise(() => promisify(gzip)("text"))
      assert.isTrue(dead.every((fiber) => fiber.pollUnsafe() === undefined))
      assert.notInclude(process.getActiveResourcesInfo(), "GetAddrInfoReqWrap")
    }))
})

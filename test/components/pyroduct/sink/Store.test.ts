import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, PlatformError } from "effect"
import { TestClock } from "effect/testing"
import * as Zlib from "node:zlib"
import * as Directory from "../../../../src/components/pyroduct/sink/Directory.ts"
import * as Store from "../../../../src/components/pyroduct/sink/Store.ts"
import * as Pprof from "../../../../src/pprof/Pprof.ts"
import * as Labels from "../../../../src/profile/Labels.ts"
import * as Profile from "../../../../src/profile/Profile.ts"
import * as Health from "../../../../src/telemetry/Health.ts"
import { makePprof } from "../../../support/pprof.ts"

const labels = Labels.make({ __name__: "process_cpu", service_name: "app" })

const series = (...profiles: ReadonlyArray<Uint8Array>) =>
  Profile.series(labels, profiles.map((profile) => ({ id: "", profile })))

const settings: Store.Settings = { maxBytes: 1_000_000, maxProfileBytes: 1_000_000, directory: undefined }

/** A store in a new directory, its path, and what it reports. */
const inDirectory = (overrides: Partial<Store.Settings> = {}, most = 100) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* fs.makeTempDirectoryScoped()
    const health: Array<string> = []
    const open = Effect.gen(function*() {
      return yield* Store.make({ ...settings, directory: yield* Directory.open(path, most), ...overrides })
    }).pipe(Effect.provideService(Health.Reporter, {
      problem: (_about, message) => Effect.sync(() => health.push(message ?? "healthy"))
    }))
    const files = Effect.map(fs.readDirectory(path), (names) => names.sort())
    return { files, fs, health, open, path, store: yield* open }
  })

describe("Store", () => {
  describe("in memory", () => {
    it.effect("lists what it has, newest first", () =>
      Effect.gen(function*() {
        const store = yield* Store.make(settings)
        const first = makePprof({ seed: 1, gzip: true })
        const second = makePprof({ seed: 2 })
        yield* TestClock.setTime(1_700_000_000_123)
        yield* store.keep(series(first, second))
        yield* TestClock.adjust("1 seconds")
        const ingest = { query: "format=jfr", contentType: undefined, body: Buffer.from("jfr") }
        yield* store.keep(Profile.ingest({ labels: Labels.make({ __name__: "java" }), ...ingest }))

        const listed = yield* store.profiles
        assert.deepStrictEqual(listed.map(({ id }) => id), [
          "20231114T221321.123Z-000003",
          "20231114T221320.123Z-000002",
          "20231114T221320.123Z-000001"
        ])
        assert.deepStrictEqual(listed[0], {
          id: "20231114T221321.123Z-000003",
          received_at: "2023-11-14T22:13:21.123Z",
          labels: { __name__: "java" },
          bytes: 3,
          sample_types: [],
          samples: 0,
          top: []
        })
        const { sampleTypes, samples, top } = yield* Pprof.summarize(first, { top: 10, maxBytes: 1_000_000 })
        assert.deepStrictEqual(listed[2], {
          id: "20231114T221320.123Z-000001",
          received_at: "2023-11-14T22:13:20.123Z",
          labels: { __name__: "process_cpu", service_name: "app" },
          bytes: first.byteLength,
          sample_types: sampleTypes,
          samples,
          top
        })
      }))

    it.effect("lists a broken profile with what is wrong with it", () =>
      Effect.gen(function*() {
        const store = yield* Store.make({ ...settings, maxProfileBytes: 10_000 })
        yield* store.keep(series(makePprof({ size: 20_000, gzip: true }), new Uint8Array(0)))
        const listed = yield* store.profiles
        assert.deepStrictEqual(listed.map(({ error }) => error), [
          "not a pprof: it has no sample type",
          "pprof too large: larger than 10000 bytes when decompressed"
        ])
        assert.deepStrictEqual(listed.map(({ sample_types, samples, top }) => [sample_types, samples, top]), [
          [[], 0, []],
          [[], 0, []]
        ])
      }))

    it.effect("drops the oldest beyond the bound, in which labels count", () =>
      Effect.gen(function*() {
        const store = yield* Store.make({ ...settings, maxBytes: 30_000 })
        for (let seed = 0; seed < 4; seed++) yield* store.keep(series(makePprof({ seed, size: 9000 })))
        assert.deepStrictEqual((yield* store.profiles).map(({ id }) => id.slice(-1)), ["4", "3"])
        const wordy = Labels.make(Object.fromEntries(Array.from("abcdefghij", (name) => [name, "x".repeat(2_000)])))
        yield* store.keep(Profile.series(wordy, [{ id: "", profile: new Uint8Array(0) }]))
        assert.strictEqual((yield* store.profiles).length, 1)
      }))

    it.effect("lists a hundred at most, and no more of labels and names than people read", () =>
      Effect.gen(function*() {
        const store = yield* Store.make({ ...settings, maxBytes: 1e9 })
        const pairs = Array.from({ length: 1000 }, (_, index) => [`l${index}`, "x".repeat(10_000)] as const)
        const wordy = Labels.make(new Map(pairs))
        const profile = makePprof({ samples: 1 })
        yield* store.keep(Profile.series(wordy, Array.from({ length: 150 }, () => ({ id: "", profile }))))
        const listed = yield* store.profiles
        assert.strictEqual(yield* store.count, 150)
        assert.deepStrictEqual(
          listed.map(({ id }) => Number(id.slice(-3))),
          Array.from({ length: 100 }, (_, n) => 150 - n)
        )
        assert.isBelow(JSON.stringify(listed[0]).length, 150_000)
      }))

    it.effect("lists all the same what somebody else did not wait for", () =>
      Effect.gen(function*() {
        const store = yield* Store.make(settings)
        yield* store.keep(series(makePprof({ samples: 3, gzip: true })))
        const impatient = yield* Effect.forkChild(store.profiles, { startImmediately: true })
        yield* Fiber.interrupt(impatient)
        assert.deepStrictEqual((yield* store.profiles).map(({ samples }) => samples), [3])
      }))

    it.effect("keeps nothing of the request that the profile came in", () =>
      Effect.gen(function*() {
        const store = yield* Store.make(settings)
        const request = new Uint8Array([...makePprof({ samples: 3 }), 1, 2, 3])
        yield* store.keep(series(request.subarray(0, -3)))
        request.fill(0)
        assert.strictEqual((yield* store.profiles)[0]?.samples, 3)
      }))
  })

  describe("in a directory", () => {
    it.effect("writes gzipped files, and those that come gzipped as they are", () =>
      Effect.gen(function*() {
        const { files, fs, path, store } = yield* inDirectory()
        const raw = makePprof({ seed: 1 })
        const gzipped = makePprof({ seed: 2, gzip: true })
        yield* store.keep(series(raw, gzipped))
        const odd = Labels.make({ __name__: "../a b" })
        const body = Buffer.from("main;work 1\n")
        yield* store.keep(Profile.ingest({ labels: odd, query: "", contentType: undefined, body }))
        const names = yield* files
        assert.deepStrictEqual(names, [
          "19700101T000000.000Z-000001-process_cpu.pb.gz",
          "19700101T000000.000Z-000002-process_cpu.pb.gz",
          "19700101T000000.000Z-000003-.._a_b.ingest.gz"
        ])
        const contents = yield* Effect.forEach(names, (name) => fs.readFile(`${path}/${name}`))
        assert.isTrue(Zlib.gunzipSync(contents[0]!).equals(raw))
        assert.isTrue(Buffer.from(contents[1]!).equals(gzipped))
        assert.isTrue(Zlib.gunzipSync(contents[2]!).equals(body))
        const listed = yield* store.profiles
        assert.deepStrictEqual(listed.map(({ id }) => names.some((name) => name.startsWith(id))), [true, true, true])
        assert.deepStrictEqual(listed.map(({ samples }) => samples), [0, 100, 100])
        assert.strictEqual(listed[2]?.bytes, raw.byteLength)
      }).pipe(Effect.provide(NodeFileSystem.layer)))

    it.effect("drops the oldest files beyond the bound, those of earlier runs before all", () =>
      Effect.gen(function*() {
        const { files, fs, open, path, store } = yield* inDirectory({ maxBytes: 50_000 })
        const profile = (seed: number) => makePprof({ seed, size: 15_000, gzip: true })
        const size = profile(1).byteLength
        assert.isTrue(3 * (size + Store.overhead) < 50_000 && 4 * (size + Store.overhead) > 50_000)
        yield* fs.writeFileString(`${path}/notes.pb.gz`, "mine")
        yield* fs.writeFileString(`${path}/20231114T221320.123Z-000001-cpu.pb.gz.tmp`, "cut")
        yield* store.keep(series(profile(1), profile(2)))
        yield* TestClock.adjust("1 seconds")
        const next = yield* open
        assert.deepStrictEqual(yield* next.profiles, [])
        yield* next.keep(series(profile(3), profile(4)))
        assert.deepStrictEqual(yield* files, [
          "19700101T000000.000Z-000002-process_cpu.pb.gz",
          "19700101T000001.000Z-000001-process_cpu.pb.gz",
          "19700101T000001.000Z-000002-process_cpu.pb.gz",
          "notes.pb.gz"
        ])
        assert.strictEqual((yield* next.profiles).length, 2)
      }).pipe(Effect.provide(NodeFileSystem.layer)))

    it.effect("keeps profiles in memory while files cannot be written, and says so", () =>
      Effect.gen(function*() {
        const { files, fs, health, path, store } = yield* inDirectory()
        yield* fs.remove(path, { recursive: true })
        yield* store.keep(series(makePprof({ samples: 1 }), makePprof({ samples: 2 })))
        assert.strictEqual(health.length, 1)
        assert.match(health[0]!, /^profiles are kept in memory instead of files: ENOENT: no such file or directory$/)
        yield* fs.makeDirectory(path)
        yield* store.keep(series(makePprof({ samples: 3 })))
        assert.strictEqual(health.at(-1), "healthy")
        assert.strictEqual((yield* files).length, 1)
        assert.deepStrictEqual((yield* store.profiles).map(({ samples }) => samples), [3, 2, 1])
      }).pipe(Effect.provide(NodeFileSystem.layer)))

    it.effect("says that the disk is full, once, and when it no longer is", () =>
      Effect.gen(function*() {
        const health: Array<string> = []
        let isFull = true
        const full = PlatformError.systemError({
          _tag: "Unknown",
          module: "FileSystem",
          method: "writeFile",
          pathOrDescriptor: "/sink/x",
          cause: Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })
        })
        const store = yield* Store.make({
          ...settings,
          directory: {
            earlier: [],
            write: (_name, bytes) =>
              isFull
                ? Effect.fail(full)
                : Effect.succeed({ size: bytes.length, read: Effect.succeed(bytes), remove: Effect.void })
          }
        }).pipe(Effect.provideService(Health.Reporter, {
          problem: (_about, message) => Effect.sync(() => health.push(message ?? "healthy"))
        }))
        yield* store.keep(series(makePprof(), makePprof()))
        isFull = false
        yield* store.keep(series(makePprof(), makePprof()))
        assert.deepStrictEqual(health, [
          "profiles are kept in memory instead of files: ENOSPC: no space left on device",
          "healthy"
        ])
        assert.strictEqual(yield* store.count, 4)
      }))

    it.effect("starts with whatever is there, and leaves alone what is no file of its own", () =>
      Effect.gen(function*() {
        const { files, fs, open, path } = yield* inDirectory({}, 2)
        const name = (n: number) => `2023111${n}T221320.123Z-000001-cpu.pb.gz`
        yield* fs.symlink(`${path}/nowhere`, `${path}/${name(9)}`)
        yield* fs.makeDirectory(`${path}/${name(8)}`)
        for (const n of [1, 2, 3]) yield* fs.writeFileString(`${path}/${name(n)}`, "x")
        yield* fs.writeFileString(`${path}/${name(4)}.tmp`, "x")
        assert.deepStrictEqual(yield* (yield* open).profiles, [])
        const left = files.pipe(Effect.repeat({ until: (names) => names.length === 2 }))
        assert.deepStrictEqual(yield* left, [name(8), name(9)])
      }).pipe(Effect.provide(NodeFileSystem.layer)))

    it.effect("lists a profile whose file has been taken away", () =>
      Effect.gen(function*() {
        const { files, fs, path, store } = yield* inDirectory()
        yield* store.keep(series(makePprof()))
        yield* fs.remove(`${path}/${(yield* files)[0]}`)
        const [listed] = yield* store.profiles
        assert.match(listed?.error ?? "", /^ENOENT: no such file or directory$/)
      }).pipe(Effect.provide(NodeFileSystem.layer)))

    it.effect("lists profiles in the order in which they came, however many come at once", () =>
      Effect.gen(function*() {
        const { store } = yield* inDirectory()
        const sizes = Array.from({ length: 20 }, (_, index) => 1 + (index * 7) % 20)
        yield* Effect.forEach(sizes, (samples) => store.keep(series(makePprof({ samples }))), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual((yield* store.profiles).map(({ samples }) => samples), sizes.toReversed())
      }).pipe(Effect.provide(NodeFileSystem.layer)))
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import { gunzipSync } from "node:zlib"
import { Profile } from "pprof-format"
import { Inspector } from "../../src/pprof/Inspector.ts"
import { ComponentApi } from "../../src/server/ComponentApi.ts"
import * as Listener from "../../src/server/Listener.ts"
import * as PprofApi from "../../src/server/PprofApi.ts"
import { burn, hoard } from "../support/work.ts"
import { converse, opened, send } from "./client.ts"

const platform = Layer.mergeAll(Listener.Listener.layer, ComponentApi.layer, Logger.layer([]))

const serving = Effect.gen(function*() {
  const pprof = yield* PprofApi.make
  const { port } = yield* opened({
    host: "127.0.0.1",
    port: 0,
    isReady: Effect.succeed(true),
    components: Effect.succeed([]),
    component: () => Effect.undefined,
    pprof
  })
  return { pprof, url: `http://127.0.0.1:${port}/debug/pprof` }
})

const get = (url: string) => send(url, { method: "GET" })

/** The status, and the names of the sample types if there are any. */
const fetched = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url, { headers: { "user-agent": "go" } })
    const bytes = await response.arrayBuffer()
    if (response.status !== 200) return `${response.status} ${Buffer.from(bytes)}`
    const { sampleType, stringTable } = Profile.decode(gunzipSync(bytes))
    return `200 ${sampleType.map(({ type }) => stringTable.strings[Number(type)]).join()}`
  })

describe("PprofApi", () => {
  it.live("takes a CPU profile at a time for requests, and one in memory, and disturbs no other profiler of the process", () =>
    Effect.gen(function*() {
      const other = yield* yield* Inspector
      yield* other.startCpu(Duration.millis(10))
      yield* other.startHeap(512 * 1024)
      const scope = yield* Scope.make()
      const { pprof, url } = yield* Scope.provide(serving, scope)
      const inMemory = Effect.map(pprof.get("/debug/pprof/profile?seconds=1"), (answer) => String(answer?.status))
      const asking = yield* Effect.forkChild(
        Effect.all([inMemory, fetched(`${url}/profile?seconds=1`), fetched(`${url}/profile?seconds=1`)], {
          concurrency: 3
        }),
        { startImmediately: true }
      )
      burn(50)
      assert.sameMembers(yield* Fiber.join(asking), [
        "200",
        "200 samples,cpu",
        "503 another CPU profile is being taken\n"
      ])
      assert.strictEqual(yield* fetched(`${url}/heap`), "200 inuse_space")
      assert.strictEqual(yield* fetched(`${url}/allocs`), "200 inuse_space")
      yield* Scope.close(scope, Exit.void)
      assert.isAbove((yield* other.takeCpu).samples!.length, 0)
      const kept = hoard(8)
      assert.isAbove((yield* other.takeHeap).head.children.length, 0)
      assert.lengthOf(kept, 128)
    }).pipe(Effect.provide(platform)))

  it.live("ends a profile that nobody waits for, and lets the next one have it", () =>
    Effect.gen(function*() {
      const { url } = yield* serving
      const gone = yield* converse(Number(new URL(url).port))
      gone.write("GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nhost: localhost\r\n\r\n")
      const isTaken = Effect.map(fetched(`${url}/profile?seconds=1`), (answer) => answer.startsWith("503"))
      yield* Effect.repeat(isTaken, { until: (taken) => taken })
      gone.end()
      yield* Effect.repeat(isTaken, { until: (taken) => !taken })
    }).pipe(Effect.provide(platform)))

  it.live("says what there is, and refuses what there is not", () =>
    Effect.gen(function*() {
      const { url } = yield* serving
      assert.match((yield* get(`${url}/`)).body, /^profile\?seconds=30\nheap\nallocs\n/)
      for (
        const [path, status] of [
          ["/profile?seconds=0", 400],
          ["/profile?seconds=301", 400],
          ["/profile?seconds=1.5", 400],
          ["/profile?seconds=x", 400],
          ["/heap?debug=1", 400],
          ["/goroutine", 404],
          ["x", 404]
        ] as const
      ) assert.strictEqual((yield* get(url + path)).status, status, path)
      const foreign = { method: "GET", headers: { "sec-fetch-site": "cross-site" } }
      assert.strictEqual((yield* send(`${url}/heap`, foreign)).status, 403)
    }).pipe(Effect.provide(platform)))

  it.live("has the same for whoever is in the process, without a request", () =>
    Effect.gen(function*() {
      const { get } = yield* PprofApi.make
      const allocs = (yield* get("/debug/pprof/allocs?gc=1"))!
      assert.deepInclude(allocs.headers, { "content-type": "application/octet-stream" })
      assert.isAbove(Profile.decode(gunzipSync(allocs.body)).sampleType.length, 0)
      assert.strictEqual((yield* get("/debug/pprof/profile?seconds=0"))!.status, 400)
      for (const path of ["/debug/pprof/mutex", "/debug/fgprof", "/metrics", "/debug/pprofile"]) {
        assert.isUndefined(yield* get(path), path)
      }
    }))

  it.live("lets the next one have the CPU where the one before has been given up", () =>
    Effect.gen(function*() {
      const { get } = yield* PprofApi.make
      const url = "/debug/pprof/profile?seconds=300"
      const first = yield* Effect.forkChild(get(url), { startImmediately: true })
      assert.strictEqual((yield* get(url))!.status, 503)
      yield* Fiber.interrupt(first)
      const next = yield* Effect.forkChild(get(url), { startImmediately: true })
      assert.isUndefined(next.pollUnsafe())
      yield* Fiber.interrupt(next)
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import { gunzipSync } from "node:zlib"
import { Profile } from "pprof-format"
import { Inspector } from "../../src/pprof/Inspector.ts"
import { ComponentApi } from "../../src/server/ComponentApi.ts"
import * as Listener from "../../src/server/Listener.ts"
import { burn, hoard } from "../support/work.ts"
import { converse, opened, send } from "./client.ts"

const platform = Layer.mergeAll(Listener.Listener.layer, ComponentApi.layer, Logger.layer([]))

const serving = Effect.map(
  opened({
    host: "127.0.0.1",
    port: 0,
    isReady: Effect.succeed(true),
    components: Effect.succeed([]),
    component: () => Effect.undefined,
    pprof: true
  }),
  ({ port }) => `http://127.0.0.1:${port}/debug/pprof`
)

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
  it.live("takes a CPU profile at a time, and disturbs no other profiler of the process", () =>
    Effect.gen(function*() {
      const other = yield* yield* Inspector
      yield* other.startCpu(Duration.millis(10))
      yield* other.startHeap(512 * 1024)
      const scope = yield* Scope.make()
      const url = yield* Scope.provide(serving, scope)
      const asking = yield* Effect.forkChild(
        Effect.all([fetched(`${url}/profile?seconds=1`), fetched(`${url}/profile?seconds=1`)], { concurrency: 2 }),
        { startImmediately: true }
      )
      burn(50)
      assert.sameMembers(yield* Fiber.join(asking), ["200 samples,cpu", "503 another CPU profile is being taken\n"])
      assert.strictEqual(yield* fetched(`${url}/heap`), "200 inuse_space")
      yield* Scope.close(scope, Exit.void)
      assert.isAbove((yield* other.takeCpu).samples!.length, 0)
      const kept = hoard(8)
      assert.isAbove((yield* other.takeHeap).head.children.length, 0)
      assert.lengthOf(kept, 128)
    }).pipe(Effect.provide(platform)))

  it.live("ends a profile that nobody waits for, and lets the next one have it", () =>
    Effect.gen(function*() {
      const url = yield* serving
      const gone = yield* converse(Number(new URL(url).port))
      gone.write("GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nhost: localhost\r\n\r\n")
      const isTaken = Effect.map(fetched(`${url}/profile?seconds=1`), (answer) => answer.startsWith("503"))
      yield* Effect.repeat(isTaken, { until: (taken) => taken })
      gone.end()
      yield* Effect.repeat(isTaken, { until: (taken) => !taken })
    }).pipe(Effect.provide(platform)))

  it.live("says what there is, and refuses what there is not", () =>
    Effect.gen(function*() {
      const url = yield* serving
      assert.match((yield* get(`${url}/`)).body, /^profile\?seconds=30\nheap\n/)
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
})

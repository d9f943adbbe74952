import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger } from "effect"
import * as Sink from "../../../src/components/pyroduct/Sink.ts"
import { ComponentId } from "../../../src/engine/Component.ts"
import * as Labels from "../../../src/profile/Labels.ts"
import { ComponentApi } from "../../../src/server/ComponentApi.ts"
import { Listener } from "../../../src/server/Listener.ts"
import * as PushV1 from "../../../src/wire/PushV1.ts"
import { opened } from "../../server/client.ts"
import { makePprof } from "../../support/pprof.ts"

const platform = Layer.mergeAll(Listener.layer, ComponentApi.layer, NodeFileSystem.layer, Logger.layer([]))

/** A sink on a free port and the engine's server on another. */
const running = (options: Sink.Options = {}) =>
  Effect.gen(function*() {
    const context = yield* Layer.build(Sink.layer({ http: { listen_port: 0 }, ...options })).pipe(
      Effect.provideService(ComponentId, "pyroduct.sink.try")
    )
    const sink = Context.get(context, Sink.Sink)
    const own = yield* opened({
      host: "127.0.0.1",
      port: 0,
      isReady: Effect.succeed(true),
      components: Effect.succeed([]),
      component: () => Effect.undefined
    })
    return { sink, url: `http://127.0.0.1:${sink.address.port}`, own: `http://127.0.0.1:${own.port}` }
  })

const send = (url: string, body: Uint8Array<ArrayBuffer> | FormData, contentType?: string) =>
  Effect.promise(() =>
    fetch(url, {
      method: "POST",
      body,
      ...(contentType === undefined ? {} : { headers: { "content-type": contentType } })
    })
  ).pipe(Effect.map(({ status }) => status))

const get = (url: string) =>
  Effect.promise(async () => {
    const response = await fetch(url)
    return { status: response.status, body: await response.text() }
  })

const profile = makePprof({ samples: 7, gzip: true })

describe("Sink", () => {
  it.live("lists what was pushed in any way, newest first", () =>
    Effect.gen(function*() {
      const { own, sink, url } = yield* running()
      assert.strictEqual(sink.address.host, "127.0.0.1")
      const pushed = PushV1.encode(Labels.make({ __name__: "process_cpu", service_name: "pushed" }), [{
        id: "",
        profile
      }])
      assert.strictEqual(
        yield* send(`${url}/push.v1.PusherService/Push`, new Uint8Array(pushed), "application/proto"),
        200
      )
      const raw = `${url}/ingest?name=raw%7Bregion%3Dnorth%7D&format=pprof`
      assert.strictEqual(yield* send(raw, profile, "application/octet-stream"), 200)
      const form = new FormData()
      form.append("profile", new File([profile], "profile"))
      assert.strictEqual(yield* send(`${url}/ingest?name=multipart`, form), 200)
      assert.strictEqual(yield* send(`${url}/ingest?name=folded.cpu`, new Uint8Array(Buffer.from("main 1\n"))), 200)

      const { body, status } = yield* get(`${own}/api/v0/component/pyroduct.sink.try/profiles`)
      assert.strictEqual(status, 200)
      const { profiles } = JSON.parse(body)
      assert.deepStrictEqual(profiles, yield* sink.profiles)
      assert.deepStrictEqual(profiles.map(({ labels }: { labels: unknown }) => labels), [
        { __name__: "folded.cpu", service_name: "folded" },
        { __name__: "multipart", service_name: "multipart" },
        { __name__: "raw", region: "north", service_name: "raw" },
        { __name__: "process_cpu", service_name: "pushed" }
      ])
      assert.deepStrictEqual(profiles.map(({ samples }: { samples: unknown }) => samples), [0, 7, 7, 7])
      assert.strictEqual(profiles[3].top.length > 0, true)
      assert.strictEqual((yield* get(`${own}/api/v0/component/pyroduct.sink.try/profiles/1`)).status, 404)
    }).pipe(Effect.provide(platform)))

  it.live("refuses what is larger than all it may keep", () =>
    Effect.gen(function*() {
      const { sink, url } = yield* running({ max_bytes: profile.byteLength - 1 })
      assert.strictEqual(yield* send(`${url}/ingest?name=app&format=pprof`, profile), 413)
      assert.deepStrictEqual(yield* sink.profiles, [])
    }).pipe(Effect.provide(platform)))

  it.live("refuses what a server would", () =>
    Effect.gen(function*() {
      const { sink, url } = yield* running()
      const push = (labels: Record<string, string>, bytes: Uint8Array) => {
        const body = PushV1.encode(Labels.make(labels), [{ id: "", profile: bytes }])
        return send(`${url}/push.v1.PusherService/Push`, new Uint8Array(body), "application/proto")
      }
      assert.strictEqual(yield* push({ service_name: "app" }, profile), 400)
      assert.strictEqual(yield* push({ __name__: "memory" }, new Uint8Array(0)), 400)
      assert.deepStrictEqual(yield* sink.profiles, [])
    }).pipe(Effect.provide(platform)))

  it.live("announces the first profile", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        logged.push(`${logLevel} ${String(message)}`)
      })
      const { url } = yield* running().pipe(Effect.provide(Logger.layer([logger])))
      for (let n = 0; n < 3; n++) yield* send(`${url}/ingest?name=app&format=pprof`, profile)
      assert.deepStrictEqual(logged.filter((line) => line.endsWith("profile received")), ["Info profile received"])
    }).pipe(Effect.provide(platform)))
})

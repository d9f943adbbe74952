import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Metric, type Scope } from "effect"
import * as Zlib from "node:zlib"
import * as ReceiveHttp from "../../../src/components/pyroscope/ReceiveHttp.ts"
import * as Write from "../../../src/components/pyroscope/Write.ts"
import * as FanOut from "../../../src/delivery/FanOut.ts"
import * as Receipt from "../../../src/delivery/Receipt.ts"
import { make, Refused, Stopped } from "../../../src/delivery/Receiver.ts"
import * as Engine from "../../../src/engine/Engine.ts"
import type { InvalidConfiguration } from "../../../src/engine/InvalidConfiguration.ts"
import * as Registry from "../../../src/engine/Registry.ts"
import type * as Profile from "../../../src/profile/Profile.ts"
import * as Listener from "../../../src/server/Listener.ts"
import * as Source from "../../../src/syntax/Source.ts"
import { ScriptedServer } from "../../../src/testing.ts"
import { Transport } from "../../../src/transport/Transport.ts"
import * as PushV1 from "../../../src/wire/PushV1.ts"
import { send } from "../../server/client.ts"
import { requests } from "../../server/ingest.ts"
import { json, jsonRequest, jsonSeries, profile, proto, pushPath, request } from "../../server/profileApi.ts"
import { problem } from "../../syntax/notation.ts"

/** Listens as ever, and tells where. */
const listening = Effect.gen(function*() {
  const ports: Array<number> = []
  const { listen } = yield* Listener.Listener
  const listener: Listener.Listener["Service"] = {
    listen: (settings, handler) =>
      Effect.tap(listen(settings, handler), ({ port }) =>
        Effect.sync(() => {
          ports.push(port)
        }))
  }
  return { layer: Layer.succeed(Listener.Listener, listener), ports }
}).pipe(Effect.provide(Listener.Listener.layer))

const start = (text: string): Effect.Effect<
  { readonly url: string; readonly push: string; readonly server: ScriptedServer.ScriptedServer["Service"] },
  InvalidConfiguration,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const { layer, ports } = yield* listening
    const platform = yield* Layer.build(
      Layer.mergeAll(
        layer,
        Transport.layerHttpClient.pipe(Layer.provideMerge(ScriptedServer.layer())),
        Logger.layer([])
      )
    )
    return yield* Effect.gen(function*() {
      yield* Engine.make({
        sources: [Source.make("config.alloy", text)],
        registry: Registry.make(ReceiveHttp.component, Write.component),
        stdlib: new Map()
      })
      const url = `http://127.0.0.1:${ports[0]}`
      return { url, push: url + pushPath, server: yield* ScriptedServer.ScriptedServer }
    }).pipe(Effect.provide(platform))
  })

const config = `
  pyroscope.receive_http "in" {
    http {
      listen_address = "127.0.0.1"
      listen_port    = 0
    }
    forward_to = [pyroscope.write.out.receiver]
  }
  pyroscope.write "out" {
    endpoint {
      url = "http://one.example/prefix/"
    }
    endpoint {
      url = "http://two.example"
    }
    external_labels = { region = "north" }
  }
`

/** A receiver that keeps what it gets. */
const keeping = () => {
  const kept: Array<Profile.Profile> = []
  return {
    kept,
    ...make((profile) => Effect.sync(() => kept.push(profile)).pipe(Effect.as(Receipt.none)))
  }
}

describe("ReceiveHttp", () => {
  it.live("passes every format of /ingest on byte for byte, with its query, under a name made from the labels", () =>
    Effect.gen(function*() {
      const { server, url } = yield* start(config)
      for (const [index, { body, contentType, format, query }] of requests.entries()) {
        const answer = yield* send(
          `${url}/ingest?from=1&until=2&${query}&name=shop.cpu%7Bb%3D2,a%3D1,__skip__%3D3%7D`,
          {
            headers: contentType === undefined ? {} : { "content-type": contentType },
            body
          }
        )
        assert.strictEqual(answer.status, 200, format)
        const received = (yield* server.received(2 * index + 2)).slice(-2)
        assert.sameMembers(received.map(({ url }) => url.origin + url.pathname), [
          "http://one.example/prefix/ingest",
          "http://two.example/ingest"
        ])
        for (const request of received) {
          const parameters = new URLSearchParams(`from=1&until=2&${query}`)
          parameters.set("name", "shop.cpu{a=1,b=2,region=north}")
          parameters.sort()
          assert.deepStrictEqual([...request.url.searchParams], [...parameters], format)
          if (contentType !== undefined) assert.strictEqual(request.headers["content-type"], contentType, format)
          assert.strictEqual(Buffer.compare(request.body, body), 0, format)
        }
      }
    }))

  it.live("leaves the name as it is when the sender has named its service", () =>
    Effect.gen(function*() {
      const { server, url } = yield* start(config)
      yield* send(`${url}/ingest?name=shop%7Bservice_name%3Dcheckout%7D`, { body: "a 1" })
      const [received] = yield* server.received(2)
      assert.strictEqual(
        received!.url.searchParams.get("name"),
        "shop{region=north,service_name=checkout}"
      )
    }))

  it.live("passes pushes on a series to a request, with their bytes and their ids", () =>
    Effect.gen(function*() {
      const { push, server } = yield* start(config)
      const memory = { __name__: "memory", __private__: "x", service_name: "shop" }
      const bodies = [
        [proto, request()],
        [{ ...proto, "content-encoding": "gzip", "connect-protocol-version": "1" }, Zlib.gzipSync(request())],
        [json, jsonRequest([jsonSeries({ ...memory, __name__: "process_cpu" }), jsonSeries(memory)])]
      ] as const
      for (const [headers, body] of bodies) {
        assert.strictEqual((yield* send(push, { headers: { ...headers }, body })).status, 200)
      }
      const received = yield* server.received(8)
      const pushed = received.map(({ body, headers, url }) => {
        assert.strictEqual(url.pathname.endsWith(pushPath), true)
        assert.strictEqual(headers["content-type"], "application/proto")
        const decoded = PushV1.decode(body)
        assert(decoded._tag === "Success" && decoded.success.length === 1)
        const [series] = decoded.success
        assert.deepStrictEqual(series!.samples.map(({ id }) => id), ["an id"])
        assert.strictEqual(Buffer.compare(series!.samples[0]!.profile, profile), 0)
        return JSON.stringify(series!.labels)
      })
      const cpu = "[[\"__name__\",\"process_cpu\"],[\"region\",\"north\"],[\"service_name\",\"shop\"]]"
      const sdk =
        "[[\"__name__\",\"process_cpu\"],[\"process.runtime.name\",\"nodejs\"],[\"region\",\"north\"],[\"service_name\",\"shop\"]]"
      const alloc = "[[\"__name__\",\"memory\"],[\"region\",\"north\"],[\"service_name\",\"shop\"]]"
      assert.deepStrictEqual(pushed.sort(), [alloc, alloc, sdk, sdk, sdk, sdk, cpu, cpu])
    }))

  it.live("gives a profile to all receivers, though one refuses it", () =>
    Effect.gen(function*() {
      const { layer, ports } = yield* listening
      const [first, last] = [keeping(), keeping()]
      const stopped = make(() => Effect.fail(new Refused({ reason: new Stopped() })))
      yield* Layer.build(
        ReceiveHttp.layer(ReceiveHttp.Arguments.make({
          forward_to: [first, stopped, last],
          http: { listen_address: "127.0.0.1", listen_port: 0 }
        }))
      ).pipe(Effect.provide([layer, Logger.layer([])]))
      const answer = yield* send(`http://127.0.0.1:${ports[0]}/ingest?name=app`, { body: "a 1" })
      assert.strictEqual(answer.status, 503)
      assert.deepStrictEqual([first.kept.length, last.kept.length], [1, 1])
    }))

  it.live("gives a request to no receiver when one would never take some of it", () =>
    Effect.gen(function*() {
      const { layer, ports } = yield* listening
      const kept = keeping()
      const strict = FanOut.make({ externalLabels: {} }, [])
      yield* Layer.build(
        ReceiveHttp.layer(ReceiveHttp.Arguments.make({
          forward_to: [kept, strict],
          http: { listen_address: "127.0.0.1", listen_port: 0 }
        }))
      ).pipe(Effect.provide([layer, Logger.layer([])]))
      const pushed = (...series: ReadonlyArray<Record<string, string>>) =>
        send(`http://127.0.0.1:${ports[0]}${pushPath}`, {
          headers: json,
          body: jsonRequest(series.map((labels) => jsonSeries(labels)))
        })
      for (const bad of [[{ service_name: "shop" }], [{ __name__: "memory" }, { service_name: "shop" }]]) {
        const answer = yield* pushed(...bad)
        assert.strictEqual(answer.status, 400)
        assert.include(answer.body, "__name__ is required")
      }
      assert.strictEqual(kept.kept.length, 0)
      assert.strictEqual((yield* pushed({ __name__: "memory" }, { __name__: "wall" })).status, 200)
      assert.strictEqual(kept.kept.length, 2)
    }))

  it.live("counts requests by route and status, in the component's name", () =>
    Effect.gen(function*() {
      const { push, url } = yield* start(config)
      yield* send(push, { headers: proto, body: request() })
      yield* send(push, { headers: proto, body: request() })
      yield* send(push, { headers: proto, body: "garbage" })
      yield* send(`${url}/ingest?name=app`, { body: "a 1" })
      yield* send(`${url}/nowhere`)
      const metrics = yield* Metric.snapshot
      const counts = metrics.flatMap(({ attributes, id, state }) =>
        id === "pyroscope_receive_http_request_duration_seconds" && "buckets" in state
          ? [`${attributes?.["component_id"]} ${attributes?.["route"]} ${attributes?.["status_code"]}: ${state.count}`]
          : []
      )
      assert.sameMembers(counts, [
        "pyroscope.receive_http.in push 200: 2",
        "pyroscope.receive_http.in push 400: 1",
        "pyroscope.receive_http.in ingest 200: 1",
        "pyroscope.receive_http.in unknown 404: 1"
      ])
    }).pipe((self) => Effect.suspend(() => Effect.provideService(self, Metric.MetricRegistry, new Map()))))

  it.live("takes bodies up to the size that is configured", () =>
    Effect.gen(function*() {
      const { url } = yield* start(config.replace("listen_port    = 0", "listen_port = 0\nmax_body_size = \"1KiB\""))
      const sent = (bytes: number) => send(`${url}/ingest?name=app`, { body: "a".repeat(bytes) })
      assert.deepStrictEqual([(yield* sent(1024)).status, (yield* sent(1025)).status], [200, 413])
    }))

  it.live("shows the block whose port is taken", () =>
    Effect.gen(function*() {
      const { layer, ports } = yield* listening
      yield* Layer.build(
        ReceiveHttp.layer(
          ReceiveHttp.Arguments.make({ forward_to: [], http: { listen_address: "127.0.0.1", listen_port: 0 } })
        )
      ).pipe(Effect.provide([layer, Logger.layer([])]))
      const error = yield* Effect.flip(start(config.replace("listen_port    = 0", `listen_port = ${ports[0]}`)))
      assert.deepStrictEqual(error.diagnostics.map(problem), [
        `2:3-2:24 Failed to build component: cannot listen on 127.0.0.1:${ports[0]}: address already in use`
      ])
    }))
})

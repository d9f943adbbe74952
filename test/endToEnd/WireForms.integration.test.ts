import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { gzipSync } from "node:zlib"
import { makePprof } from "../support/pprof.ts"
import * as Push from "../support/push.ts"
import { startRelay } from "../support/relay.ts"

const external = `external_labels = { region = "north", cluster = "c1" }`

/** Which has all bytes that there are. */
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index * 31 & 0xff)

describe("push.v1", () => {
  const request: ReadonlyArray<Push.Series> = [
    {
      labels: { __name__: "process_cpu", service_name: "shop", region: "eu-1", __session_id__: "a" },
      samples: [
        { id: "734fd599-6865-419e-9475-932762d8f469", profile: makePprof({ seed: 1, gzip: true }) },
        { id: "", profile: makePprof({ seed: 2 }) }
      ]
    },
    { labels: { service_name: "shop", __name__: "memory" }, samples: [{ id: "b", profile: makePprof({ seed: 3 }) }] },
    { labels: { service_name: "till", __name__: "wall", pod: "é" }, samples: [{ id: "c", profile: bytes(1000) }] }
  ]
  const forwarded: ReadonlyArray<Push.Series> = [
    { ...request[1]!, labels: { __name__: "memory", cluster: "c1", region: "north", service_name: "shop" } },
    { ...request[0]!, labels: { __name__: "process_cpu", cluster: "c1", region: "north", service_name: "shop" } },
    { ...request[2]!, labels: { __name__: "wall", cluster: "c1", pod: "é", region: "north", service_name: "till" } }
  ]
  const plain = (series: ReadonlyArray<Push.Series>) =>
    series.map(({ labels, samples }) => ({
      labels: Object.entries(labels),
      samples: samples.map(({ id, profile }) => ({ id, profile: Buffer.from(profile).toString("base64") }))
    }))
  const byName = (a: Push.Series, b: Push.Series) => a.labels["__name__"]! < b.labels["__name__"]! ? -1 : 1

  const forms = ["application/proto", "application/json"].flatMap((type) =>
    ["identity", "gzip"].flatMap((encoding) => [undefined, "1"].map((version) => ({ type, encoding, version })))
  )

  for (const { encoding, type, version } of forms) {
    const title = `${type}, ${encoding}, ${version === undefined ? "no version" : `version ${version}`}`
    it.live(`${title}: each series is a request to each sink, its samples untouched`, () =>
      Effect.gen(function*() {
        const { sinks, url } = yield* startRelay({
          first: `headers = { "X-Scope-OrgID" = "first" }`,
          write: external
        })
        const body = type === "application/proto" ? Push.encode(request) : Push.encodeJson(request)
        const sent = yield* Push.post(url + Push.path, encoding === "gzip" ? gzipSync(body) : body, {
          "content-type": type,
          ...(encoding === "gzip" ? { "content-encoding": encoding } : {}),
          ...(version === undefined ? {} : { "connect-protocol-version": version })
        })
        assert.strictEqual(sent.status, 200)
        assert.strictEqual(sent.headers.get("content-type"), type)
        assert.strictEqual(sent.text, type === "application/json" ? "{}" : "")

        for (const [index, { taken }] of sinks.entries()) {
          const received = yield* taken.atLeast(3)
          const series = received.map(({ body }) => Push.decode(body))
          assert.isTrue(series.every(({ length }) => length === 1), "one series in each request")
          assert.deepStrictEqual(plain(series.flat().sort(byName)), plain(forwarded))
          for (const { headers, method, path } of received) {
            assert.strictEqual(`${method} ${path}`, "POST /push.v1.PusherService/Push")
            assert.strictEqual(headers["content-type"], "application/proto")
            assert.strictEqual(headers["connect-protocol-version"], "1")
            assert.strictEqual(headers["content-encoding"], undefined)
            assert.match(headers["user-agent"]!, /^pyroduct\/\d/)
            assert.strictEqual(headers["x-scope-orgid"], index === 0 ? "first" : undefined)
          }
        }
      }))
  }
})

describe("/ingest", () => {
  const pprof = makePprof({ gzip: true })
  const multipart = (...parts: ReadonlyArray<readonly [disposition: string, type: string, content: Uint8Array]>) =>
    Buffer.concat([
      ...parts.flatMap(([disposition, type, content]) => [
        Buffer.from(`--end-of-part\r\ncontent-disposition: form-data; ${disposition}\r\ncontent-type: ${type}\r\n\r\n`),
        content,
        Buffer.from("\r\n")
      ]),
      Buffer.from("--end-of-part--\r\n")
    ])
  const multipartType = "multipart/form-data; boundary=end-of-part"
  const speedscope = {
    $schema: "https://www.speedscope.app/file-format-schema.json",
    shared: { frames: [{ name: "main" }] },
    profiles: [{
      type: "sampled",
      name: "main",
      unit: "seconds",
      startValue: 0,
      endValue: 1,
      samples: [[0]],
      weights: [1]
    }]
  }

  interface Form {
    readonly title: string
    readonly query: string
    readonly type: string | undefined
    readonly body: Uint8Array
  }
  const forms: ReadonlyArray<Form> = [
    { title: "raw pprof", query: "format=pprof", type: "application/octet-stream", body: pprof },
    { title: "pprof that is not gzipped", query: "format=pprof", type: undefined, body: makePprof() },
    {
      title: "pprof in a form",
      query: "spyName=gospy",
      type: multipartType,
      body: multipart(
        [`name="profile"; filename="profile.pprof"`, "application/octet-stream", pprof],
        [`name="sample_type_config"; filename="config.json"`, "application/json", Buffer.from(`{"samples":{}}`)]
      )
    },
    {
      title: "JFR in a form",
      query: "format=jfr&spyName=javaspy",
      type: multipartType,
      body: multipart(
        [`name="jfr"; filename="jfr"`, "application/octet-stream", gzipSync(Buffer.from("FLR\0\0\x02\0\x01"))],
        [`name="labels"; filename="labels"`, "application/x-protobuf", bytes(300)]
      )
    },
    { title: "raw JFR", query: "format=jfr", type: "application/octet-stream", body: Buffer.from("FLR\0\0\x02\0\x01") },
    {
      title: "folded stacks",
      query: "format=folded&units=samples",
      type: "text/plain",
      body: Buffer.from("main;pay 100\nmain;ship 200\n")
    },
    {
      title: "folded stacks, as curl sends them",
      query: "",
      type: "application/x-www-form-urlencoded",
      body: Buffer.from("main;pay=%41 1\n")
    },
    { title: "lines", query: "format=lines", type: undefined, body: Buffer.from("main;pay\nmain;pay\nmain;ship\n") },
    {
      title: "a trie",
      query: "format=trie",
      type: undefined,
      body: Buffer.from("\0\0\x01\x04main\x01\x02\x04;pay\x02\0\x05;ship\x03\0", "latin1")
    },
    {
      title: "a trie by its content type",
      query: "",
      type: "binary/octet-stream+trie",
      body: Buffer.from("\0\0\x01\x04main\x01\0", "latin1")
    },
    {
      title: "a tree",
      query: "format=tree",
      type: "binary/octet-stream+tree",
      body: Buffer.from("\0\0\x01\x04main\x01\x01\x03pay\x02\0", "latin1")
    },
    {
      title: "speedscope",
      query: "format=speedscope",
      type: "application/json",
      body: Buffer.from(JSON.stringify(speedscope))
    },
    { title: "any bytes at all", query: "format=one-that-nobody-knows", type: "x/y; z=\"a;b\"", body: bytes(70_000) }
  ]

  const other = "from=1700000000&until=1700000010&sampleRate=97&aggregationType=sum&note=a+b%26c%3D%C3%A9&note=again"

  for (const { body, query, title, type } of forms) {
    it.live(`${title}: the same bytes to both sinks, under the labels' name`, () =>
      Effect.gen(function*() {
        const { sinks, url } = yield* startRelay({ write: external })
        const name = encodeURIComponent("shop.cpu{region=eu-1,pod=a b, zone=z=1}")
        const sent = yield* Push.post(
          `${url}/ingest?name=${name}&${other}&${query}`,
          body,
          type === undefined ? {} : { "content-type": type }
        )
        assert.strictEqual(sent.status, 200)
        assert.strictEqual(sent.text, "")

        for (const { taken } of sinks) {
          const [received] = yield* taken.atLeast(1)
          const { headers, query: forwarded } = received!
          assert.strictEqual(`${received!.method} ${received!.path}`, "POST /ingest")
          assert.isTrue(received!.body.equals(body), "the bytes of the body")
          assert.strictEqual(headers["content-type"], type)
          assert.strictEqual(
            forwarded.get("name"),
            "shop.cpu{cluster=c1,pod=a b,region=north,zone=z=1}"
          )
          forwarded.delete("name")
          assert.deepStrictEqual(
            [...forwarded].sort(),
            [...new URLSearchParams(query === "" ? other : `${other}&${query}`)].sort()
          )
        }
      }))
  }

  it.live("a service's own name is a label, and the application's stays in front", () =>
    Effect.gen(function*() {
      const { sinks, url } = yield* startRelay()
      const name = encodeURIComponent("shop.api{service_name=checkout}")
      yield* Push.post(`${url}/ingest?name=${name}&format=pprof`, pprof)
      for (const { taken } of sinks) {
        const [received] = yield* taken.atLeast(1)
        assert.strictEqual(received!.query.get("name"), "shop.api{service_name=checkout}")
      }
    }))
})

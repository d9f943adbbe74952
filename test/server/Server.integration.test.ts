import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Metric } from "effect"
import { HttpServerResponse } from "effect/http"
import { ComponentApi } from "../../src/server/ComponentApi.ts"
import * as Listener from "../../src/server/Listener.ts"
import type { ComponentDetail, ComponentStatus } from "../../src/telemetry/ComponentStatus.ts"
import type { State } from "../../src/telemetry/Health.ts"
import { converse, opened, send } from "./client.ts"

const platform = Layer.mergeAll(Listener.Listener.layer, ComponentApi.layer, Logger.layer([]))

const status = (id: string, state: State, message: string): ComponentStatus => ({
  id,
  name: id.split(".").slice(0, 2).join("."),
  label: id.split(".")[2],
  health: { state, message, updatedAt: Date.UTC(2030, 0, 2, 3, 4, 5, 678) },
  referencesTo: [],
  referencedBy: []
})

const out: ComponentDetail = {
  ...status("pyroscope.write.out", "healthy", "started component"),
  referencedBy: ["pyroduct.self_profile.own"],
  arguments: [{
    name: "endpoint",
    type: "block",
    body: [{ name: "bearer_token", type: "attr", value: { type: "capsule", value: "(secret)" } }]
  }],
  exports: [],
  debugInfo: {
    endpoint: [{ url: "http://one.example", waiting: 3, tags: ["a", null], last: { ok: true } }],
    none: []
  }
}

/** The server on a free port, and what it is told of the engine. */
const serving = Effect.gen(function*() {
  const engine = {
    isReady: true,
    components: [out] as ReadonlyArray<ComponentStatus>,
    reloads: 0,
    problem: undefined as string | undefined
  }
  const { port } = yield* opened({
    host: "127.0.0.1",
    port: 0,
    isReady: Effect.sync(() => engine.isReady),
    components: Effect.sync(() => engine.components),
    component: (id) => Effect.sync(() => id === out.id ? out : undefined),
    reload: Effect.suspend(() => {
      engine.reloads++
      return engine.problem === undefined ? Effect.void : Effect.fail(engine.problem)
    }),
    allowedHosts: ["profiles.example"],
    page: (url) => Effect.succeed(url.startsWith("/?") ? HttpServerResponse.html(`<p>${url}</p>`) : undefined)
  })
  const get = (path: string, method = "GET", headers = {}) =>
    send(`http://127.0.0.1:${port}${path}`, { method, headers })
  const text = (path: string, method = "GET", headers = {}) =>
    Effect.map(get(path, method, headers), ({ body, status }) => `${status} ${body}`)
  return { engine, get, port, text }
})

const provided = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => self.pipe(Effect.provideService(Metric.MetricRegistry, new Map()), Effect.provide(platform)))

describe("Server", () => {
  it.live("says whether the engine is ready", () =>
    Effect.gen(function*() {
      const { engine, text } = yield* serving
      assert.strictEqual(yield* text("/-/ready"), "200 pyroduct is ready.\n")
      engine.isReady = false
      assert.strictEqual(yield* text("/-/ready"), "503 pyroduct is not ready.\n")
    }).pipe(provided))

  it.live("says which components are not healthy, and why to who does not ask under another's name", () =>
    Effect.gen(function*() {
      const { engine, text } = yield* serving
      assert.strictEqual(yield* text("/-/healthy"), "200 All pyroduct components are healthy.\n")
      engine.components = [
        out,
        status("pyroscope.write.a", "unhealthy", "http://one.example\nfails"),
        status("pyroduct.sink.b", "unhealthy", "full"),
        status("pyroduct.sink.c", "exited", "component shut down cleanly")
      ]
      assert.strictEqual(
        yield* text("/-/healthy"),
        "500 unhealthy components:\npyroscope.write.a: http://one.example fails\npyroduct.sink.b: full\n"
      )
      assert.strictEqual(
        yield* text("/-/healthy", "GET", { host: "rebound.example" }),
        "500 unhealthy components:\npyroscope.write.a\npyroduct.sink.b\n"
      )
    }).pipe(provided))

  it.live("reloads at GET and POST, and gives the text of what is wrong", () =>
    Effect.gen(function*() {
      const { engine, get, text } = yield* serving
      for (const method of ["GET", "POST"]) {
        assert.strictEqual(yield* text("/-/reload", method), "200 config reloaded\n")
      }
      engine.problem = "a.alloy:1:1: wrong\n\n1 | x"
      assert.strictEqual(yield* text("/-/reload", "POST"), "400 a.alloy:1:1: wrong\n\n1 | x\n")
      assert.strictEqual(engine.reloads, 3)
      for (const method of ["HEAD", "PUT", "OPTIONS"]) {
        const { headers, status } = yield* get("/-/reload", method)
        assert.deepStrictEqual([status, headers.allow], [405, "GET, POST"], method)
      }
      engine.isReady = false
      assert.strictEqual(yield* text("/-/reload"), "503 pyroduct is not ready.\n")
      assert.strictEqual(engine.reloads, 3)
    }).pipe(provided))

  it.live("does not reload for a page of another site, whatever of its browser's tells it withholds", () =>
    Effect.gen(function*() {
      const { engine, get, port } = yield* serving
      const host = `127.0.0.1:${port}`
      const browser = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0" }
      const refused: ReadonlyArray<readonly [number, Record<string, string>]> = [
        [403, { origin: "http://evil.example" }],
        [403, { origin: "null" }],
        [403, { origin: "http://127.0.0.1:1" }],
        [403, { "sec-fetch-site": "cross-site" }],
        [403, { "sec-fetch-site": "same-site", origin: `http://${host}` }],
        [403, { referer: "http://evil.example/page" }],
        // Over plain HTTP, with a referrer policy.
        [403, browser],
        [421, { host: "rebound.example", origin: "http://rebound.example", "sec-fetch-site": "same-origin" }]
      ]
      for (const method of ["GET", "POST"]) {
        for (const [expected, headers] of refused) {
          const answer = yield* get("/-/reload", method, headers)
          assert.deepStrictEqual([answer.status, answer.headers["access-control-allow-origin"]], [expected, undefined])
        }
      }
      assert.strictEqual(engine.reloads, 0)
      for (
        const headers of [
          { "user-agent": "curl/8.0" },
          { ...browser, origin: `http://${host}`, referer: `http://${host}/`, "sec-fetch-site": "same-origin" },
          { ...browser, origin: `http://${host}` },
          { ...browser, "sec-fetch-site": "none" }
        ]
      ) assert.strictEqual((yield* get("/-/reload", "POST", headers)).status, 200)
    }).pipe(provided))

  it.live("tells of components in Alloy's shape", () =>
    Effect.gen(function*() {
      const { get, text } = yield* serving
      const listed = {
        name: "pyroscope.write",
        type: "block",
        localID: "pyroscope.write.out",
        moduleID: "",
        label: "out",
        referencesTo: [],
        referencedBy: ["pyroduct.self_profile.own"],
        health: { state: "healthy", message: "started component", updatedTime: "2030-01-02T03:04:05.678Z" },
        original: ""
      }
      const list = yield* get("/api/v0/web/components")
      assert.deepStrictEqual(
        [list.status, list.headers["content-type"], list.headers["cache-control"], JSON.parse(list.body)],
        [200, "application/json", "no-store", [listed]]
      )
      for (const path of ["pyroscope.write.out", "pyroscope%2Ewrite.out?x"]) {
        assert.deepStrictEqual(JSON.parse((yield* get(`/api/v0/web/components/${path}`)).body), {
          ...listed,
          arguments: out.arguments,
          exports: [],
          debugInfo: [
            {
              name: "endpoint",
              type: "block",
              body: [
                { name: "url", type: "attr", value: { type: "string", value: "http://one.example" } },
                { name: "waiting", type: "attr", value: { type: "number", value: 3 } },
                {
                  name: "tags",
                  type: "attr",
                  value: { type: "array", value: [{ type: "string", value: "a" }, { type: "null", value: null }] }
                },
                {
                  name: "last",
                  type: "block",
                  body: [{ name: "ok", type: "attr", value: { type: "bool", value: true } }]
                }
              ]
            },
            { name: "none", type: "attr", value: { type: "array", value: [] } }
          ]
        })
      }
      for (const path of ["", "other", "pyroscope.write.out/", "%", "__proto__"]) {
        assert.strictEqual(yield* text(`/api/v0/web/components/${path}`), "404 not found\n", path)
      }
      assert.strictEqual((yield* get("/api/v0/web/components", "HEAD")).body, "")
    }).pipe(provided))

  it.live("shows all metrics as Prometheus reads them", () =>
    Effect.gen(function*() {
      const { get } = yield* serving
      const profiles = Metric.counter("profiles_total", { description: "Profiles.", incremental: true })
      yield* Metric.update(Metric.withAttributes(profiles, { endpoint: "http://a\"b" }), 2)
      const { body, headers, status } = yield* get("/metrics")
      assert.strictEqual(status, 200)
      assert.strictEqual(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
      assert.include(body, "# HELP profiles_total Profiles.\n# TYPE profiles_total counter\n")
      assert.include(body, "\nprofiles_total{endpoint=\"http://a\\\"b\"} 2\n")
    }).pipe(provided))

  it.live("answers for components under their ids", () =>
    Effect.gen(function*() {
      const { text } = yield* serving
      const api = yield* ComponentApi
      yield* api.mount("my.sink", (path, query) =>
        Effect.succeed(path === "/profiles" ? HttpServerResponse.text(`profiles ${query}`.trim()) : undefined))
      assert.strictEqual(yield* text("/api/v0/component/my.sink/profiles"), "200 profiles")
      assert.strictEqual(yield* text("/api/v0/component/my.sink/profiles?x=1&y=a%20b"), "200 profiles x=1&y=a+b")
      assert.strictEqual(yield* text("/api/v0/component/my.sink/other"), "404 not found\n")
      assert.strictEqual(yield* text("/api/v0/component/other/profiles"), "404 not found\n")
      assert.strictEqual(yield* text("/api/v0/component/"), "404 not found\n")
    }).pipe(provided))

  it.live("shows what components have under no name that a foreign page could have, and the rest under every name", () =>
    Effect.gen(function*() {
      const { port } = yield* serving
      const api = yield* ComponentApi
      yield* api.mount("my.sink", () => Effect.succeed(HttpServerResponse.text("profiles")))
      const ask = (path: string, host: string) =>
        Effect.map(
          send(`http://127.0.0.1:${port}${path}`, { method: "GET", headers: { host } }),
          ({ status }) => status
        )
      const profiles = "/api/v0/component/my.sink/profiles"
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, "[::1]", "profiles.example:80"]) {
        assert.strictEqual(yield* ask(profiles, host), 200, host)
      }
      for (const host of ["rebound.example", `rebound.example:${port}`, "127.0.0.1.rebound.example"]) {
        for (const path of [profiles, "/api/v0/component/other", "/", "/api/v0/web/components", "/-/reload"]) {
          assert.strictEqual(yield* ask(path, host), 421, host)
        }
        for (const path of ["/metrics", "/-/ready", "/-/healthy"]) assert.strictEqual(yield* ask(path, host), 200, path)
      }
      // The name in the request's target goes before the one in the header.
      const sender = yield* converse(port)
      sender.write(`GET http://rebound.example${profiles} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
      assert.match(yield* sender.closed, /^HTTP\/1.1 421 /)
      const old = yield* converse(port)
      old.write(`GET ${profiles} HTTP/1.0\r\n\r\n`)
      assert.match(yield* old.closed, /^HTTP\/1.1 200 /)
    }).pipe(provided))

  it.live("shows pages, which get nothing from elsewhere and are in no other's", () =>
    Effect.gen(function*() {
      const { get } = yield* serving
      const { body, headers, status } = yield* get("/?sort=id")
      assert.deepStrictEqual([status, body], [200, "<p>/?sort=id</p>"])
      assert.match(headers["content-type"]!, /^text\/html/)
      assert.match(String(headers["content-security-policy"]), /^default-src 'none'; .*frame-ancestors 'none'$/)
      assert.strictEqual(headers["x-content-type-options"], "nosniff")
      assert.strictEqual(headers["cache-control"], "no-store")
    }).pipe(provided))

  it.live("answers HEAD as it would GET, and allows nothing else", () =>
    Effect.gen(function*() {
      const { get } = yield* serving
      const head = yield* get("/-/ready", "HEAD")
      assert.deepStrictEqual([head.status, head.body], [200, ""])
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
        const answer = yield* get("/-/ready", method)
        assert.deepStrictEqual([answer.status, answer.headers.allow], [405, "GET, HEAD"], method)
      }
    }).pipe(provided))

  it.live("knows nothing else, whatever the path looks like, and lives on", () =>
    Effect.gen(function*() {
      const { port, text } = yield* serving
      assert.strictEqual(yield* text("/other"), "404 not found\n")
      assert.strictEqual(yield* text("/-/ready/"), "404 not found\n")
      for (const path of ["//", "//[", "/%", "/%ff?%", "*", "http://[", "/\\", "/api/v0/component/%"]) {
        const sender = yield* converse(port)
        sender.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
        assert.match(yield* sender.closed, /^HTTP\/1.1 404 /, path)
      }
      assert.strictEqual(yield* text("/-/ready?x=1"), "200 pyroduct is ready.\n")
    }).pipe(provided))

  it.live("says that its port is taken", () =>
    Effect.gen(function*() {
      const { port } = yield* serving
      const error = yield* Effect.flip(
        opened({
          host: "127.0.0.1",
          port,
          isReady: Effect.succeed(true),
          components: Effect.succeed([]),
          component: () => Effect.undefined
        })
      )
      assert.strictEqual(error.message, `cannot listen on 127.0.0.1:${port}: address already in use`)
    }).pipe(provided))
})

import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Metric } from "effect"
import { HttpServerResponse } from "effect/http"
import { ComponentApi } from "../../src/server/ComponentApi.ts"
import * as Listener from "../../src/server/Listener.ts"
import * as Server from "../../src/server/Server.ts"
import { converse, send } from "./client.ts"

const platform = Layer.mergeAll(Listener.Listener.layer, ComponentApi.layer, Logger.layer([]))

/** The server on a free port, and what it is told of the engine. */
const serving = Effect.gen(function*() {
  const engine = { isReady: true, unhealthy: [] as ReadonlyArray<string> }
  const { port } = yield* Server.make({
    host: "127.0.0.1",
    port: 0,
    isReady: Effect.sync(() => engine.isReady),
    unhealthy: Effect.sync(() => engine.unhealthy),
    allowedHosts: ["profiles.example"],
    page: (path, query) =>
      Effect.succeed(path === "/" ? HttpServerResponse.html(`<p>${query.get("sort")}</p>`) : undefined)
  })
  const get = (path: string, method = "GET") => send(`http://127.0.0.1:${port}${path}`, { method })
  const text = (path: string) => Effect.map(get(path), ({ body, status }) => `${status} ${body}`)
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

  it.live("says which components are not healthy", () =>
    Effect.gen(function*() {
      const { engine, text } = yield* serving
      assert.strictEqual(yield* text("/-/healthy"), "200 All pyroduct components are healthy.\n")
      engine.unhealthy = ["pyroscope.write", "pyroduct.sink"]
      assert.strictEqual(yield* text("/-/healthy"), "500 unhealthy components: pyroscope.write, pyroduct.sink\n")
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
      yield* api.mount("my.sink", (path) =>
        Effect.succeed(path === "/profiles" ? HttpServerResponse.text("profiles") : undefined))
      assert.strictEqual(yield* text("/api/v0/component/my.sink/profiles"), "200 profiles")
      assert.strictEqual(yield* text("/api/v0/component/my.sink/profiles?x=1"), "200 profiles")
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
        for (const path of [profiles, "/api/v0/component/other", "/"]) {
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
      assert.deepStrictEqual([status, body], [200, "<p>id</p>"])
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
        Server.make({ host: "127.0.0.1", port, isReady: Effect.succeed(true), unhealthy: Effect.succeed([]) })
      )
      assert.strictEqual(error.message, `cannot listen on 127.0.0.1:${port}: address already in use`)
    }).pipe(provided))
})

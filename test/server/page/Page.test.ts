import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import type { Page } from "../../../src/server/Server.ts"
import * as Engine from "./engine.ts"

const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`

/** With a hostile text wherever one can come from outside. */
const engine = (): Engine.Engine => {
  const engine = Engine.make()
  Engine.add(engine, "pyroscope.receive_http", "in", ["pyroscope.write.out"])
  Engine.add(engine, "local.file", "token")
  Engine.add(engine, "pyroscope.write", "out", ["local.file.token"], "unhealthy", `refused: ${hostile}`)
  engine.traffic = [{
    from: "pyroscope.receive_http.in",
    to: "pyroscope.write.out",
    profiles: 1234,
    bytes: 5_000_000,
    rate: { profiles: 12.34, bytes: 1_234_567 }
  }]
  engine.ignored = [{ id: "loki.write.logs", name: "loki.write", label: "logs", why: "no component of pyroduct" }]
  engine.args.set("pyroscope.write.out", [
    {
      name: "endpoint",
      type: "block",
      body: [
        { name: "url", type: "attr", value: { type: "string", value: hostile } },
        { name: "bearer_token", type: "attr", value: { type: "capsule", value: "(secret)" } }
      ]
    }
  ])
  engine.args.set("pyroscope.receive_http.in", [{
    name: "forward_to",
    type: "attr",
    value: { type: "array", value: [{ type: "capsule", value: "pyroscope.write.out.receiver" }] }
  }])
  engine.infos.set("pyroscope.write.out", {
    endpoints: [
      {
        endpoint: "https://a.example",
        name: "prod",
        state: "failing",
        failing_since: "1970-01-01T00:00:00.000Z",
        failing_reason: hostile,
        queue_profiles: 1204,
        queue_bytes: 48_392_120,
        queue_max_bytes: 67_108_864,
        last_refusal: { time: "1970-01-01T00:00:00.000Z", message: hostile, service_name: hostile },
        retries: 7,
        [hostile]: hostile
      },
      { endpoint: "https://b.example", name: "", state: "delivering", last_delivery: "1970-01-01T00:00:00.000Z" }
    ],
    services: [{
      service_name: hostile,
      last_profile: "1970-01-01T00:00:00.000Z",
      last_accepted: [{ endpoint: "https://b.example", name: "", time: "1970-01-01T00:00:00.000Z" }],
      last_refusal: { time: "1970-01-01T00:00:09.000Z", endpoint: "https://a.example", name: "prod", message: hostile },
      last_loss: null
    }]
  })
  return engine
}

const get = Effect.fnUntraced(function*(page: Page, url: string) {
  const response = yield* page(url)
  if (response === undefined) return undefined
  const { body, headers, status } = response
  assert(body._tag === "Uint8Array")
  return { status, headers, text: new TextDecoder().decode(body.body) }
})

const textOf = (engine: Engine.Engine, url: string) =>
  Effect.map(get(Engine.settingsOf(engine).page, url), (answer) => answer?.text ?? "")

/** What a person reads. */
const words = (markup: string): string =>
  markup
    .replace(/<(style|script|title)>.*?<\/\1>/gs, "")
    .replace(/<[^>]*>/g, "|")
    .replace(/[|\s]*\|[|\s]*/g, " | ")
    .replace(/&middot;/g, "·")

describe("the page", () => {
  it.effect("shows every component with its health, its message and what goes through it", () =>
    Effect.gen(function*() {
      const text = words(yield* textOf(engine(), "/"))
      assert.include(text, "| 4 | components |")
      assert.include(text, "1 | unhealthy")
      assert.include(text, "refused: &lt;script&gt;")
      assert.include(text, "12.3/s | 1.23 MB/s")
      assert.include(text, "12.3/s · 1.23 MB/s")
      assert.include(text, "no component of pyroduct")
      assert.include(text, "| endpoint | prod | failing")
      assert.include(text, "| endpoint | b.example | delivering")
    }))

  it.effect("draws profiles from who sends them, and values from who has them", () =>
    Effect.gen(function*() {
      const text = yield* textOf(engine(), "/")
      const edges = Array.from(text.matchAll(/class="edge (\w+)"><title>([^<]*)/g), ([, carries, between]) => [
        carries,
        between
      ])
      assert.deepStrictEqual(edges.slice(0, 2), [
        ["profiles", "pyroscope.receive_http.in to pyroscope.write.out"],
        ["value", "local.file.token to pyroscope.write.out"]
      ])
    }))

  it.effect("shows of those that are looked for only them, and what they are connected to", () =>
    Effect.gen(function*() {
      const rows = (text: string) =>
        Array.from(text.matchAll(/<th scope="row".*?>(.*?)<\/th>/gs), ([, row]) => words(row!))
      const boxes = (text: string) => Array.from(text.matchAll(/aria-label="([\w.]+), /g), ([, id]) => id)
      const byText = yield* textOf(engine(), "/?q=LOCAL")
      assert.deepStrictEqual(rows(byText).map((row) => row.replace(/[ |]/g, "")), ["local.file.token"])
      assert.deepStrictEqual(boxes(byText), ["local.file.token", "pyroscope.write.out"])
      assert.deepStrictEqual(rows(yield* textOf(engine(), "/?state=ignored")).length, 1)
      assert.deepStrictEqual(rows(yield* textOf(engine(), `/?q=${encodeURIComponent(hostile)}`)).length, 1)
    }))

  it.effect("shows all of a component: arguments as the configuration has them, exports, endpoints, references", () =>
    Effect.gen(function*() {
      const markup = yield* textOf(engine(), "/component/pyroscope.write.out")
      const text = words(markup)
      assert.include(text, "endpoint | { | url | = | &quot;&lt;script")
      assert.include(text, "bearer_token | = | (secret) | }")
      assert.include(text, "Waiting | 1,204 profiles · 48.4 MB of 67.1 MB")
      assert.include(text, "Failing since | ")
      assert.include(text, "Retries | 7")
      assert.include(text, "1970-01-01 00:00:00 UTC")
      assert.include(markup, `href="/component/local.file.token"`)
      assert.include(markup, `href="/component/pyroscope.receive_http.in"`)
      assert.include(
        yield* textOf(engine(), "/component/pyroscope.receive_http.in"),
        `[<a class="capsule" href="/component/pyroscope.write.out">pyroscope.write.out.receiver</a>]`
      )
    }))

  it.effect("shows of a component's targets those that it tells of, and how many there are of each health", () =>
    Effect.gen(function*() {
      const one = Engine.make()
      Engine.add(one, "pyroscope.scrape", "default")
      const url = (url: string) => ({ url, labels: { service_name: hostile } })
      one.infos.set("pyroscope.scrape.default", {
        targets: { up: 1234, down: 1, unknown: 0 },
        target: [
          { ...url("http://a/p"), type: "mutex", health: "down", last_error: hostile, last_size_bytes: null },
          {
            ...url("http://b/p"),
            type: "memory",
            health: "up",
            last_error: null,
            last_scrape: "1970-01-01T00:00:05.000Z",
            last_scrape_duration: 0.0125,
            last_size_bytes: 12_345,
            last_profile: "1970-01-01T00:00:09.000Z"
          }
        ]
      })
      const path = "/component/pyroscope.scrape.default"
      const markup = yield* textOf(one, path)
      const text = words(markup)
      assert.include(text, "| Targets | 1 down | 1,234 up | Target | Type | Health")
      assert.match(text, /http:\/\/a\/p \| &lt;script.*? \| &lt;script.*? \| mutex \| down \| http/)
      assert.match(
        text,
        /http:\/\/b\/p \| &lt;script.*? \| memory \| up \| in 5 s \| 12.5 ms \| 12.3 kB \| in 9 s \| 1,233 more/
      )
      assert.include(markup, `href="/api/v0/component/pyroscope.scrape.default/targets"`)
      assert.include(text, "Debug information | none |")
      assert.include(words(yield* textOf(one, "/")), "1 of 1,235 targets down")
      one.infos.set("pyroscope.scrape.default", { targets: { up: 0, down: 0, unknown: 0 }, target: [] })
      assert.include(words(yield* textOf(one, "/")), "no targets")
      assert.include(words(yield* textOf(one, path)), "| Targets | none |")
      one.infos.clear()
      assert.notInclude(words(yield* textOf(one, path)), "| Targets |")
    }))

  it.effect("says what became of a service's profiles, and where to look where there were none", () =>
    Effect.gen(function*() {
      const text = words(yield* textOf(engine(), "/services?q=alert"))
      assert.include(text, "| refused | at | pyroscope.write.out")
      assert.match(
        text,
        /Last delivered \| prod: not yet \| \(waits: the endpoint is failing\) \| https:\/\/b.example: \| now/
      )
      assert.match(text, /Last refusal \| &lt;script&gt;.* \| in 9 s \| · prod/)
      assert.include(
        words(yield* textOf(engine(), "/services?q=shop")),
        "No profile of a service \"shop\" has come lately"
      )
    }))

  it.effect("calls no endpoint a delivering one whose last answer was a refusal, and says once what lost a profile", () =>
    Effect.gen(function*() {
      const one = Engine.make()
      Engine.add(one, "pyroscope.write", "out")
      const refusal = {
        time: "1970-01-01T00:00:09.000Z",
        endpoint: "https://a.example",
        name: "",
        message: "no such label"
      }
      const endpoint = { ...refusal, state: "delivering", last_refusal: refusal }
      const seen = Effect.fnUntraced(function*(last_delivery: string) {
        one.infos.set("pyroscope.write.out", {
          endpoints: [{ ...endpoint, last_delivery }],
          services: [{ service_name: "shop", last_accepted: [], last_refusal: refusal, last_loss: refusal }]
        })
        return words(yield* textOf(one, "/component/pyroscope.write.out"))
      })
      assert.include(yield* seen("1970-01-01T00:00:08.000Z"), "refused the last profile")
      assert.notInclude(yield* seen("1970-01-01T00:00:10.000Z"), "refused the last profile")
      assert.lengthOf(words(yield* textOf(one, "/services")).match(/no such label/g)!, 1)
    }))

  it.effect("says of a component that is not there that it is not, and answers nothing else", () =>
    Effect.gen(function*() {
      const page = Engine.settingsOf(engine()).page
      for (const id of ["nothing", "a/b.c", encodeURIComponent(hostile), "__proto__"]) {
        assert.strictEqual((yield* get(page, `/component/${id}`))?.status, 404)
      }
      for (const url of ["/component", "/other", "/component/%ff", "//", "/page.js", ""]) {
        assert.isUndefined(yield* get(page, url), url)
      }
    }))

  it.effect("has no text as HTML, nothing that runs but its script, and nothing from elsewhere", () =>
    Effect.gen(function*() {
      const page = Engine.settingsOf(engine()).page
      const query = encodeURIComponent(hostile)
      const urls = [
        "/",
        `/?q=${query}`,
        "/component/pyroscope.write.out",
        "/services",
        `/services?q=${query}`,
        `/component/${query}`
      ]
      for (const url of urls) {
        const answer = yield* get(page, url)
        const { headers, text } = answer!
        const policy = String(headers["content-security-policy"])
        assert.match(policy, /^default-src 'none'; /)
        assert.include(text, `<noscript><meta http-equiv="refresh" content="10"></noscript>`)
        for (const name of ["style", "script"]) {
          const parts = Array.from(
            text.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs")),
            ([, content]) => content!
          )
          assert.strictEqual(parts.length, 1, url)
          const hash = createHash("sha256").update(parts[0]!).digest("base64")
          assert.include(policy, `${name}-src 'sha256-${hash}'`)
        }
        const markup = text.replace(/<(style|script)>.*?<\/\1>/gs, "")
        const tags = Array.from(markup.matchAll(/<[^>]*>/g), ([tag]) => tag.replace(/"[^"]*"/g, ""))
        for (const tag of tags) assert.notMatch(tag, /<script|<img|\son\w+=|\sstyle=/i)
        for (const [, link] of markup.matchAll(/(?:href|src|action)="([^"]*)"/g)) {
          assert.match(link!, /^(\/(?!\/)|#|data:image\/svg)/)
        }
      }
    }))

  it.live("is made once per turn of the event loop, so that a probe does not wait for many", () =>
    Effect.gen(function*() {
      const { page } = Engine.settingsOf(engine())
      const done: Array<string> = []
      const asked = ["/", "/services", "/component/pyroscope.write.out"].map((url) =>
        Effect.map(page!(url), () => done.push("page"))
      )
      const probe = Effect.callback<void>((resume) => {
        setImmediate(() => resume(Effect.sync(() => done.push("probe"))))
      })
      yield* Effect.all([...asked, probe], { concurrency: "unbounded" })
      assert.isBelow(done.indexOf("probe"), 3)
    }))

  it.effect("is no more than a browser can have, however many components there are", () =>
    Effect.gen(function*() {
      const many = Engine.make()
      for (let index = 0; index < 5000; index++) Engine.add(many, "local.file", `f${index}`)
      const text = yield* textOf(many, "/")
      assert.isBelow(text.length, 2_000_000)
      assert.include(words(text), "too many components to be drawn")
      assert.include(words(text), "4000 more: a filter shows them.")
      assert.include(words(yield* textOf(many, "/?q=f4999")), "f4999")
    }))
})

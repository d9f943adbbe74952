import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Scope } from "effect"
import type { Browser, BrowserContextOptions } from "playwright-core"
import { ComponentApi } from "../../../src/server/ComponentApi.ts"
import * as Listener from "../../../src/server/Listener.ts"
import * as Server from "../../../src/server/Server.ts"
import { executable, launch } from "../../support/browser.ts"
import * as Engine from "./engine.ts"

const hostile = `<script>window.pwned=1</script><img src=x onerror="window.pwned=2">`

const traffic = (profiles: number) => ({
  from: "pyroscope.receive_http.in",
  to: "pyroscope.write.out",
  profiles: 100,
  bytes: 1000,
  rate: { profiles, bytes: 1000 }
})

const engine = (): Engine.Engine => {
  const engine = Engine.make()
  Engine.add(engine, "pyroscope.receive_http", "in", ["pyroscope.write.out"])
  Engine.add(engine, "pyroscope.write", "out", [], "unhealthy", hostile)
  Engine.add(engine, "pyroscope.scrape", "default", ["pyroscope.write.out"])
  engine.infos.set("pyroscope.scrape.default", {
    targets: { up: 0, down: 1, unknown: 0 },
    target: [{ url: `http://${"a".repeat(99)}/debug/pprof/mutex`, type: "mutex", health: "down", last_error: hostile }]
  })
  engine.traffic = [traffic(12)]
  engine.infos.set("pyroscope.write.out", {
    endpoints: [{ name: "prod", state: "failing", last_refusal: { service_name: hostile, message: hostile } }],
    services: [{ service_name: hostile, last_refusal: { endpoint: hostile, message: hostile } }]
  })
  return engine
}

/** The engine's server, until the scope closes. */
const serve = Effect.fnUntraced(function*(seen: Engine.Engine) {
  const server = yield* Server.make({ ...Engine.settingsOf(seen), host: "127.0.0.1", port: 0 })
  const { port } = yield* server.open
  return `http://127.0.0.1:${port}`
}, Effect.provide(Layer.mergeAll(Listener.Listener.layer, ComponentApi.layer, Logger.layer([]))))

/** A page of its own, and what it asked for elsewhere or complained about. */
const open = async (browser: Browser, base: string, options: BrowserContextOptions = {}) => {
  const page = await browser.newPage(options)
  const complaints: Array<string> = []
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("dialog", (dialog) => void complaints.push(dialog.message()))
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol !== "data:" && origin !== base) complaints.push(request.url())
  })
  await page.goto(base)
  return { complaints, page }
}

/** A browser takes its time to start where others work, too. */
const patience = 90_000

describe.skipIf(executable === undefined)("the page in a browser", () => {
  it.live(
    "follows the engine, can be walked through by keyboard, and runs nothing that it shows",
    () =>
      Effect.gen(function*() {
        const seen = engine()
        const server = yield* Scope.make()
        const base = yield* Scope.provide(serve(seen), server)
        const browser = yield* launch
        const { complaints, page } = yield* Effect.promise(() => open(browser, base))
        yield* Effect.promise(async () => {
          // To a box of the graph, the first place that leads to a component.
          const focused = () => page.evaluate<string>("document.activeElement?.getAttribute('href') ?? ''")
          for (let presses = 0; presses < 20 && !(await focused()).startsWith("/component/"); presses++) {
            await page.keyboard.press("Tab")
          }
          assert.strictEqual(await focused(), "/component/pyroscope.receive_http.in")

          await page.getByText("12/s", { exact: true }).waitFor()
          seen.traffic = [traffic(34)]
          seen.components[0] = {
            ...seen.components[0]!,
            health: { state: "exited", message: "gone home", updatedAt: 0 }
          }
          await page.getByText("34/s", { exact: true }).waitFor()
          await page.getByText("gone home", { exact: true }).waitFor()
          assert.strictEqual(await focused(), "/component/pyroscope.receive_http.in", "the focus stays where it was")

          await page.keyboard.press("Enter")
          await page.getByRole("heading", { level: 1, name: "pyroscope.receive_http.in" }).waitFor()
          await page.getByRole("link", { name: "pyroscope.write.out" }).first().click()
          await page.getByRole("heading", { level: 3, name: "prod" }).waitFor()
          await page.goto(`${base}/services`)
          await page.getByRole("heading", { level: 2, name: hostile }).waitFor()
          assert.isUndefined(await page.evaluate("window.pwned"))
          assert.deepStrictEqual(complaints, [])
        })
        yield* Scope.close(server, Exit.void)
        yield* Effect.promise(() => page.getByText(/^Not reachable since/).waitFor())
      }).pipe(Effect.scoped),
    patience
  )

  it.live("is all there without scripts, and on a narrow screen", () =>
    Effect.gen(function*() {
      const base = yield* serve(engine())
      const browser = yield* launch
      yield* Effect.promise(async () => {
        const { page } = await open(browser, base, { javaScriptEnabled: false, viewport: { width: 360, height: 700 } })
        await page.getByText("12/s", { exact: true }).waitFor()
        const { page: narrow } = await open(browser, base, { viewport: { width: 360, height: 700 } })
        for (const path of ["/", "/component/pyroscope.scrape.default"]) {
          await narrow.goto(`${base}${path}`)
          assert.strictEqual(await narrow.evaluate("document.documentElement.scrollWidth"), 360, path)
        }
        await narrow.getByText("1 down", { exact: true }).waitFor()
      })
    }).pipe(Effect.scoped), patience)
})

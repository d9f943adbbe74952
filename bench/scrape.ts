/**
 * What it costs to scrape many targets, and whether a target costs the same whatever their number: each number of targets
 * with five types of profiles each, from an address each, in a process of its own.
 *
 *     npm run bench:scrape     # or with: -- --targets 100,1000,10000 --seconds 60 --interval 100 --samples 100
 *
 * The interval is the same for each number of targets, of which 100 make 5 scrapes a second at 100 seconds, and 10,000 make
 * 500. Memory, block and mutex profiles make deltas; profiles go to a receiver that counts them. Printed are, for each number:
 * the time until every target has been scraped once, which is an interval at least; the steady state, with the CPU time of
 * each scrape, how late the event loop was, and the resident size; and a change of one target in a hundred, as a reload
 * makes it: how much CPU time it takes, and how late the event loop was. A connection is kept to each target: both
 * processes need more open files (`ulimit -n`) than there are targets.
 */
import { Duration, Effect, Exit, Layer, Scope } from "effect"
import { fork } from "node:child_process"
import { once } from "node:events"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { parseArgs } from "node:util"
import * as Receipt from "../src/delivery/Receipt.ts"
import * as Receiver from "../src/delivery/Receiver.ts"
import * as Loops from "../src/scrape/Loops.ts"
import * as Scrape from "../src/scrape/Scrape.ts"
import { Transport } from "../src/transport/Transport.ts"

const { values } = parseArgs({
  options: {
    targets: { type: "string", default: "100,1000,10000" },
    seconds: { type: "string", default: "60" },
    interval: { type: "string", default: "100" },
    samples: { type: "string", default: "100" },
    /** Of the process that measures one number of targets. */
    port: { type: "string" }
  }
})
const seconds = Number(values.seconds)
const interval = Number(values.interval)

const perTarget = 5

/** As discovery gives them: much that is not sent. */
const targetsOf = (count: number, port: string, generation: (index: number) => number) =>
  Array.from({ length: count }, (_, index) => ({
    __address__: `127.${1 + (index >> 16)}.${(index >> 8) & 255}.${(index & 255) || 255}:${port}`,
    service_name: `service-${index % 200}`,
    namespace: `team-${index % 20}`,
    pod: `pod-${index}-${generation(index)}`,
    ...Object.fromEntries(
      ["annotation_example", "label_app", "label_version", "node_name", "phase", "ready", "uid"].map((name) => [
        `__meta_kubernetes_pod_${name}`,
        `${name} of ${index}`
      ])
    )
  }))

const cpu = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/** Of the timer by which lateness is measured, in milliseconds. */
const resolution = 10

const millis = (nanos: number): string => `${Math.max(0, nanos / 1e6 - resolution).toFixed(0)} ms`

const measure = (count: number, port: string) =>
  Effect.gen(function*() {
    const rate = count * perTarget / interval
    let profiles = 0
    const receiver = Receiver.make(() =>
      Effect.sync(() => {
        profiles += 1
        return Receipt.none
      })
    )
    const delay = monitorEventLoopDelay({ resolution })
    const late = (): string =>
      `event loop late p50 ${millis(delay.percentile(50))}, p99 ${millis(delay.percentile(99))}, max ${
        millis(delay.max)
      }`
    const scrape = (generation: (index: number) => number) =>
      Scrape.make({
        id: "bench",
        targets: targetsOf(count, port, generation),
        interval: Duration.seconds(interval),
        // It is not waited for here.
        timedDuration: "1 second"
      }).pipe(Effect.provideService(Receiver.Receiver, receiver))

    delay.enable()
    let began = performance.now()
    let spent = cpu()
    const first = yield* Scope.make()
    const { states } = yield* Scope.provide(scrape(() => 0), first)
    const made = performance.now() - began
    const count1 = () => {
      let scrapes = 0
      let down = 0
      let waiting = 0
      for (const state of states()) {
        scrapes += state.scrapes
        if (state.scrapes === 0) waiting += 1
        if (state.health === "down") down += 1
      }
      return { scrapes, down, waiting }
    }
    yield* Effect.sleep("100 millis").pipe(Effect.repeat({ until: () => count1().waiting === 0 }))
    console.log(
      `${count} targets: begun in ${made.toFixed(0)} ms, all scraped once after ${
        ((performance.now() - began) / 1000).toFixed(1)
      } s, ${(cpu() - spent).toFixed(0)} ms of CPU, ${late()}`
    )

    yield* Effect.sleep(Duration.seconds(interval))
    delay.reset()
    spent = cpu()
    began = performance.now()
    const before = count1()
    const profilesBefore = profiles
    yield* Effect.sleep(Duration.seconds(seconds))
    const after = count1()
    const scrapes = after.scrapes - before.scrapes
    const perScrape = (cpu() - spent) / scrapes
    const reached = scrapes / (performance.now() - began) * 1000
    console.log(
      `  steady: ${reached.toFixed(0)} scrapes/s (${(100 * reached / rate).toFixed(0)} %), ${after.down} down, ${
        profiles - profilesBefore
      } profiles, ${perScrape.toFixed(3)} ms of CPU per scrape (${
        (perScrape * reached / 10).toFixed(1)
      } % of a core), ${late()}, ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB resident`
    )

    delay.reset()
    spent = cpu()
    began = performance.now()
    const second = yield* Scope.make()
    yield* Scope.provide(scrape((index) => index % 100 === 0 ? 1 : 0), second)
    yield* Scope.close(first, Exit.void)
    const changed = performance.now() - began
    const changing = cpu() - spent
    yield* Effect.sleep("100 millis")
    console.log(
      `  one in a hundred changed: ${changed.toFixed(0)} ms, ${changing.toFixed(0)} ms of CPU, event loop late max ${
        millis(delay.max)
      }`
    )
    yield* Scope.close(second, Exit.void)
    process.send!(perScrape)
  })

const main = async (): Promise<void> => {
  const counts = values.targets.split(",").map(Number)
  const costs: Array<number> = []
  for (const count of counts) {
    const server = fork(new URL("./scrapeTargets.ts", import.meta.url), [`${interval * 1000}`, values.samples])
    const [port] = await once(server, "message") as [number]
    const child = fork(new URL(import.meta.url), [
      `--port=${port}`,
      `--targets=${count}`,
      `--seconds=${seconds}`,
      `--interval=${interval}`
    ])
    const [cost] = await once(child, "message") as [number]
    costs.push(cost)
    await once(child, "exit")
    server.disconnect()
  }
  console.log(
    `cost of a target by number of targets, as a multiple of the first: ${
      counts.map((count, index) => `${count}: ${(costs[index]! / costs[0]!).toFixed(2)}`).join(", ")
    }`
  )
}

if (values.port === undefined) await main()
else {
  await Effect.runPromise(
    measure(Number(values.targets), values.port).pipe(
      Effect.provide(Layer.merge(Loops.layer, Transport.layer)),
      Effect.scoped
    )
  )
  process.exit()
}

/**
 * What the engine costs beside the least that could do its job: profiles of 50 kB are relayed to two local endpoints
 * by `pyroduct run`, as built, and by a bare `node:http` + undici relay, in turn, several rounds in one run.
 *
 *     npm run bench            # or with: -- --profiles 4000 --rounds 5 --bytes 50000 --rate 1000
 *
 * Each round has two parts. At a fixed rate, the same for both, it takes the CPU time per profile of the relaying
 * process: at full speed the slower relay would also pay for waking senders that wait for it. At full speed it takes the
 * throughput, the p99 of the answer to the sender and again the CPU time. The engine has a third part: the fixed rate
 * again, with one endpoint that answers 502 to one push in twenty. It also prints the largest resident sizes, and of the
 * engine the time until it is ready and the resident size at rest and at 300 profiles a second. A part ends when every
 * endpoint has taken every profile.
 */
import { Pool } from "@effect/platform-node/Undici"
import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Labels from "../src/profile/Labels.ts"
import * as PushV1 from "../src/wire/PushV1.ts"

const { values } = parseArgs({
  options: {
    profiles: { type: "string", default: "3000" },
    rounds: { type: "string", default: "5" },
    bytes: { type: "string", default: "50000" },
    senders: { type: "string", default: "4" },
    rate: { type: "string", default: "1000" }
  }
})
const profiles = Number(values.profiles)
const rounds = Number(values.rounds)
const senders = Number(values.senders)
const rate = Number(values.rate)

const pushPath = "/push.v1.PusherService/Push"
const body = PushV1.encode(
  Labels.make({ __name__: "process_cpu", service_name: "bench", region: "eu-1", pod: "bench-0" }),
  [{ id: "", profile: randomBytes(Number(values.bytes)) }]
)

/** Bytes that do not compress, the same in every run. */
function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = 1
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[index] = state >>> 16
  }
  return bytes
}

interface Sink {
  readonly url: string
  received: number
  /** One of so many pushes is answered 502. */
  failing: number
  readonly server: Server
}

const startSink = async (): Promise<Sink> => {
  let asked = 0
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      asked += 1
      if (asked % sink.failing === 0) return void response.writeHead(502).end()
      sink.received += 1
      response.writeHead(200, { "content-type": "application/proto" }).end()
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const sink: Sink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: 0,
    failing: Infinity,
    server
  }
  return sink
}

interface Relay {
  readonly name: string
  readonly process: ChildProcess
  readonly url: string
  readonly readyMillis: number
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

const startBare = async (sinks: ReadonlyArray<Sink>): Promise<Relay> => {
  const started = performance.now()
  const child = fork(new URL("./bareRelay.ts", import.meta.url), sinks.map(({ url }) => url))
  const [port] = await once(child, "message") as [number]
  return { name: "bare", process: child, url: `http://127.0.0.1:${port}`, readyMillis: performance.now() - started }
}

const startEngine = async (sinks: ReadonlyArray<Sink>, directory: string): Promise<Relay> => {
  const port = await freePort()
  const config = join(directory, "bench.alloy")
  writeFileSync(
    config,
    `pyroscope.receive_http "bench" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = ${port}
  }
  forward_to = [pyroscope.write.bench.receiver]
}

pyroscope.write "bench" {
${sinks.map(({ url }) => `  endpoint {\n    url = "${url}"\n  }`).join("\n")}
}
`
  )
  const started = performance.now()
  const child = spawn(process.execPath, [
    new URL("../dist/bin.js", import.meta.url).pathname,
    "run",
    "--server.http.listen-addr=127.0.0.1:0",
    `--storage.path=${directory}`,
    config
  ], { stdio: ["ignore", "ignore", "pipe"] })
  let log = ""
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk: Uint8Array) => {
      log += String(chunk)
      if (log.includes("pyroduct is ready")) resolve()
    })
    child.on("exit", (code) => reject(new Error(`pyroduct exited with ${code}: ${log}`)))
  })
  return {
    name: "pyroduct",
    process: child,
    url: `http://127.0.0.1:${port}`,
    readyMillis: performance.now() - started
  }
}

/** User and system time of a process, in milliseconds, from the kernel's clock ticks of 10 ms. */
const cpuMillis = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ")
  return (Number(fields[11]) + Number(fields[12])) * 10
}

interface Half {
  readonly cpuMicros: number
  readonly rate: number
  readonly p99: number
}

/** Sends as fast as is answered, or `perSecond` profiles a second. */
const run = async (
  relay: Relay,
  sinks: ReadonlyArray<Sink>,
  count: number,
  perSecond: number = Infinity
): Promise<Half> => {
  const pool = new Pool(relay.url, { connections: senders })
  for (const sink of sinks) sink.received = 0
  const pid = relay.process.pid!
  const times: Array<number> = []
  const cpu = cpuMillis(pid)
  const started = performance.now()
  let next = 0
  const sender = async (): Promise<void> => {
    while (next++ < count) {
      const wait = started + next / perSecond * 1000 - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      const sent = performance.now()
      const response = await pool.request({
        path: pushPath,
        method: "POST",
        body,
        headers: { "content-type": "application/proto" }
      })
      await response.body.dump()
      if (response.statusCode !== 200) throw new Error(`${relay.name} answered ${response.statusCode}`)
      times.push(performance.now() - sent)
    }
  }
  await Promise.all(Array.from({ length: senders }, sender))
  while (sinks.some(({ received }) => received < count)) await new Promise((resolve) => setImmediate(resolve))
  const millis = performance.now() - started
  const spent = cpuMillis(pid) - cpu
  await pool.close()
  times.sort((a, b) => a - b)
  return { cpuMicros: spent * 1000 / count, rate: count / millis * 1000, p99: times[Math.floor(times.length * 0.99)]! }
}

const median = (numbers: ReadonlyArray<number>): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!

interface Round {
  readonly paced: Half
  readonly full: Half
  readonly failing?: Half
}

const runFailing = async (relay: Relay): Promise<Half> => {
  sinks[1]!.failing = 20
  const half = await run(relay, sinks, profiles, rate)
  sinks[1]!.failing = Infinity
  return half
}

const directory = mkdtempSync(join(tmpdir(), "pyroduct-bench-"))
const sinks = [await startSink(), await startSink()]
const relays = [await startBare(sinks), await startEngine(sinks, directory)]
const results = new Map<string, Array<Round>>(relays.map(({ name }) => [name, []]))
try {
  // What a start has needed is given back by then.
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const atRest = resident(1, "VmRSS")
  await run(relays[1]!, sinks, 6000, 300)
  const relaying = resident(1, "VmHWM")
  for (const relay of relays) await run(relay, sinks, Math.max(500, profiles))
  for (let round = 0; round < rounds; round++) {
    for (const relay of relays) {
      const paced = await run(relay, sinks, profiles, rate)
      const full = await run(relay, sinks, profiles)
      // The bare relay tries once: it would never end.
      const failing = relay.name === "bare" ? undefined : await runFailing(relay)
      results.get(relay.name)!.push({ paced, full, ...(failing && { failing }) })
      console.log(`round ${round + 1}  ${describe(relay.name, { paced, full })}`)
    }
  }
  const [bare, engine] = relays.map(({ name }) => results.get(name)!)
  const medianOf = (rounds: ReadonlyArray<Round>, half: "paced" | "full"): Half => ({
    cpuMicros: median(rounds.map((round) => round[half].cpuMicros)),
    rate: median(rounds.map((round) => round[half].rate)),
    p99: median(rounds.map((round) => round[half].p99))
  })
  const failing = median(engine!.map((round) => round.failing!.cpuMicros / round.paced.cpuMicros)).toFixed(2)
  const ratio = (half: "paced" | "full"): string =>
    median(engine!.map((round, index) => round[half].cpuMicros / bare![index]![half].cpuMicros)).toFixed(2)
  console.log(
    `\nmedians of ${rounds} rounds, ${profiles} profiles of ${body.byteLength} bytes to 2 endpoints in each half`
  )
  for (const { name } of relays) {
    const rounds = results.get(name)!
    console.log(describe(name, { paced: medianOf(rounds, "paced"), full: medianOf(rounds, "full") }))
  }
  console.log(`CPU per profile, pyroduct to bare: ${ratio("paced")} at ${rate}/s, ${ratio("full")} at full speed`)
  console.log(`CPU per profile where one endpoint answers 502 to 5 %, to undisturbed: ${failing}`)
  console.log(`largest resident size: bare ${resident(0, "VmHWM")}, pyroduct ${resident(1, "VmHWM")}`)
  const readyMillis = relays[1]!.readyMillis.toFixed(0)
  console.log(`pyroduct ready after ${readyMillis} ms, resident size at rest ${atRest}, at 300/s ${relaying} at most`)
} finally {
  for (const relay of relays) relay.process.kill("SIGKILL")
  for (const sink of sinks) {
    sink.server.closeAllConnections()
    sink.server.close()
  }
  rmSync(directory, { recursive: true })
}

function describe(name: string, { full, paced }: Round): string {
  return `${name.padEnd(8)}  at ${rate}/s: ${paced.cpuMicros.toFixed(0).padStart(4)} us CPU/profile, ` +
    `p99 ${paced.p99.toFixed(2)} ms  at full speed: ${full.cpuMicros.toFixed(0).padStart(4)} us CPU/profile, ` +
    `${full.rate.toFixed(0)} profiles/s, p99 ${full.p99.toFixed(2)} ms`
}

/** The resident size of a relay, now or at most. */
function resident(relay: number, which: "VmRSS" | "VmHWM"): string {
  const status = readFileSync(`/proc/${relays[relay]!.process.pid}/status`, "utf8")
  return `${(Number(new RegExp(`${which}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024 / 1e6).toFixed(0)} MB`
}

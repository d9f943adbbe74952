/**
 * What the transport costs beside the least that could do its job: pushes of 50 kB, 8 at a time, through `Transport` and
 * through a bare undici agent with the same settings, over each protocol. Then what single settings cost that have little
 * or nothing to do for these pushes, beside a transport without any.
 *
 *     npm run bench:transport   # or with: -- --pushes 800 --rounds 40 --bytes 50000
 *
 * The server is a process of its own. All others share one process and take turns in short rounds: whatever else the
 * machine does is then about the same for those that are compared, and what counts is the ratio of their CPU times in
 * each round.
 */
import { Agent, buildConnector, type Dispatcher } from "@effect/platform-node/Undici"
import { Duration, Effect, Redacted } from "effect"
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2"
import type { AddressInfo, Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSecureContext } from "node:tls"
import { parseArgs } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Authentication from "../src/transport/Authentication.ts"
import * as Material from "../src/transport/Material.ts"
import * as Transport from "../src/transport/Transport.ts"
import * as Certificates from "../test/support/certificates.ts"

const { values } = parseArgs({
  options: {
    pushes: { type: "string", default: "800" },
    rounds: { type: "string", default: "40" },
    bytes: { type: "string", default: "50000" },
    server: { type: "boolean", default: false }
  }
})
const pushes = Number(values.pushes)
const rounds = Number(values.rounds)
const concurrency = 8
const timeout = Duration.seconds(10)
const path = "/push.v1.PusherService/Push"
const body = new Uint8Array(Number(values.bytes))
const content = { "content-type": "application/proto" }
const sender = { "user-agent": "pyroduct/bench", "x-agent-id": "bench" }

interface Servers {
  readonly plain: string
  readonly secure: string
  /** The authority behind the secure one's certificate, PEM. */
  readonly ca: string
}

/** Answers a request that has arrived whole, and says which version of HTTP it was. */
const serve = async (): Promise<Servers> => {
  const ca = await Certificates.authority()
  const { certificate: cert, key } = await Certificates.issue(ca)
  const answer = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse
  ): void => {
    request.resume().on("end", () => {
      response.setHeader("x-version", request.httpVersion)
      response.end()
    })
  }
  const listen = async (server: Server): Promise<string> => {
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return {
    plain: `http://${await listen(createServer(answer))}`,
    secure: `https://${await listen(createSecureServer({ allowHTTP1: true, cert, key }, answer))}`,
    ca: ca.certificate
  }
}

interface Protocol {
  readonly name: string
  readonly version: string
  readonly url: string
  /** Whether HTTP/2 may be agreed on. */
  readonly http2: boolean
}

/** What takes turns. */
interface Candidate {
  /** Makes that many pushes, all of which must succeed. */
  readonly push: (count: number) => Promise<void>
  /** CPU time per push in microseconds, of each round. */
  readonly cpu: Array<number>
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

const check = ({ headers, status }: Answer, version: string): void => {
  if (status !== 200 || headers["x-version"] !== version) {
    throw new Error(`answer ${status} over HTTP/${String(headers["x-version"])} instead of 200 over HTTP/${version}`)
  }
}

const bare = ({ http2, url, version }: Protocol, ca: string): Candidate => {
  const millis = Duration.toMillis(timeout)
  const agent = new Agent({
    connect: buildConnector({
      secureContext: createSecureContext({ minVersion: "TLSv1.2", ca }),
      allowH2: http2,
      preferH2: true,
      timeout: millis
    }),
    allowH2: http2,
    headersTimeout: millis,
    bodyTimeout: millis,
    keepAliveTimeout: 55_000,
    keepAliveMaxTimeout: 55_000
  })
  const request = { origin: url, path, method: "POST", headers: { ...sender, ...content }, body } as const
  let left = 0
  const pushInTurn = async (): Promise<void> => {
    while (left-- > 0) check(await dispatch(agent, request), version)
  }
  return {
    push: async (count) => {
      left = count
      await Promise.all(Array.from({ length: concurrency }, pushInTurn))
    },
    cpu: []
  }
}

/** Takes of the answer what a push needs. */
const dispatch = (agent: Agent, request: Dispatcher.DispatchOptions): Promise<Answer> =>
  new Promise((resolve, reject) => {
    let status = 0
    let headers: Answer["headers"] = {}
    let text = ""
    agent.dispatch(request, {
      // Its types take a handler without this one.
      onRequestStart: () => {},
      onResponseStart: (_controller, statusCode, fields) => {
        status = statusCode
        headers = fields
      },
      onResponseData: (_controller, chunk) => {
        text += String(chunk)
      },
      onResponseEnd: () => resolve({ status, headers, text }),
      onResponseError: (_controller, error) => reject(error)
    })
  })

const ours = Effect.fnUntraced(function*(protocol: Protocol, ca: string, settings: Partial<Transport.Settings>) {
  const transport = yield* Transport.Transport
  const client = yield* transport.connect({
    ...Transport.defaults,
    http2: protocol.http2,
    tls: { ...Transport.defaults.tls, ca: Material.inline(Redacted.make(ca)) },
    headers: sender,
    timeout,
    ...settings
  })
  const send = Transport.below(client, protocol.url)
  const run = Effect.runPromiseWith(yield* Effect.context<never>())
  let left = 0
  const pushInTurn = Effect.whileLoop({
    while: () => left-- > 0,
    body: () => send({ method: "POST", path, headers: content, body }),
    step: (answer) => check(answer, protocol.version)
  })
  const candidate: Candidate = {
    push: async (count) => {
      left = count
      await run(Effect.all(Array.from({ length: concurrency }, () => pushInTurn), { concurrency }))
    },
    cpu: []
  }
  return candidate
})

/** What is compared to what. */
type Comparison = readonly [name: string, Candidate, to: Candidate]

const secret = Material.inline(Redacted.make("correct horse"))

const prepare = Effect.fnUntraced(function*({ ca, plain, secure }: Servers, directory: string) {
  const overTcp: Protocol = { name: "HTTP/1.1", version: "1.1", url: plain, http2: true }
  const overProtocols: Array<Comparison> = []
  for (
    const protocol of [
      overTcp,
      { name: "TLS, HTTP/1.1", version: "1.1", url: secure, http2: false },
      { name: "TLS, HTTP/2", version: "2.0", url: secure, http2: true }
    ]
  ) overProtocols.push([protocol.name, yield* ours(protocol, ca, {}), bare(protocol, ca)])

  const passwordFile = join(directory, "password")
  writeFileSync(passwordFile, "correct horse\n")
  const none: Partial<Transport.Settings> = { followRedirects: false }
  const settings: Readonly<Record<string, Partial<Transport.Settings>>> = {
    // The same against itself: how exact the others are.
    "none, once more": none,
    "follow_redirects": { followRedirects: true },
    "bearer_token": { authentication: Authentication.token(secret) },
    "password_file": { authentication: Authentication.basic("bench", Material.file(passwordFile)) },
    "http_headers": { headers: { ...sender, "x-scope-orgid": ["bench"] } },
    "no_proxy": { proxy: { ...Transport.defaults.proxy, url: "http://127.0.0.1:1", noProxy: "127.0.0.1" } }
  }
  const withNone = yield* ours(overTcp, ca, none)
  const ofSettings: Array<Comparison> = []
  for (const [name, some] of Object.entries(settings)) {
    ofSettings.push([name, yield* ours(overTcp, ca, { ...none, ...some }), withNone])
  }
  return { overProtocols, ofSettings }
})

const takeTurns = async (candidates: ReadonlyArray<Candidate>): Promise<void> => {
  setFlagsFromString("--expose-gc")
  const collectGarbage: (options: { type: "minor" }) => void = runInNewContext("gc")
  const turn = async ({ push }: Candidate): Promise<number> => {
    // Nobody pays for what others have left. A whole collection would throw compiled code away, too.
    collectGarbage({ type: "minor" })
    const before = process.cpuUsage()
    await push(pushes)
    const { system, user } = process.cpuUsage(before)
    return (user + system) / pushes
  }
  // The compiler has done its work after some thousand pushes.
  for (let round = 0; round < 5; round++) for (const candidate of candidates) await turn(candidate)
  for (let round = 0; round < rounds; round++) {
    const first = round % candidates.length
    const order = [...candidates.slice(first), ...candidates.slice(0, first)]
    for (const candidate of round % 2 === 0 ? order : order.reverse()) candidate.cpu.push(await turn(candidate))
  }
}

const quantile = (numbers: ReadonlyArray<number>, part: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(part * (numbers.length - 1))]!

const describe = ([name, some, to]: Comparison): string => {
  const ratios = some.cpu.map((cpu, round) => cpu / to.cpu[round]!)
  const [low, ratio, high] = [0.25, 0.5, 0.75].map((part) => quantile(ratios, part).toFixed(2))
  const [rate, rateOfOther] = [some, to].map(({ cpu }) => (1e6 / quantile(cpu, 0.5)).toFixed(0).padStart(6))
  return `  ${name.padEnd(18)}${ratio}  (${low} to ${high}) ${rate} : ${rateOfOther} pushes per CPU-second`
}

const bench = Effect.gen(function*() {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "pyroduct-bench-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => fork(new URL(import.meta.url), ["--server"])),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const [servers] = yield* Effect.promise(() => once(child, "message") as Promise<[Servers]>)
  const { ofSettings, overProtocols } = yield* prepare(servers, directory)
  const all = [...overProtocols, ...ofSettings].flatMap(([, some, to]) => [some, to])
  yield* Effect.promise(() => takeTurns([...new Set(all)]))

  console.log(`${pushes} pushes of ${body.byteLength} bytes in each of ${rounds} rounds, ${concurrency} at a time;`)
  console.log("the ratios are of CPU times: the median, and the quartiles around it")
  console.log("\nTransport : bare undici")
  for (const comparison of overProtocols) console.log(describe(comparison))
  console.log("\nTransport over HTTP/1.1, a setting : none")
  for (const comparison of ofSettings) console.log(describe(comparison))
})

if (values.server) {
  process.send!(await serve())
  process.on("disconnect", () => process.exit())
} else {
  await Effect.runPromise(Effect.scoped(bench).pipe(Effect.provide(Transport.Transport.layer)))
}

/**
 * Any number of processes to be scraped, as one: it answers at every address of this host (127.0.0.0/8). Its profiles
 * count what would have happened since it began, and grow from one interval to the next, up to a last one.
 *
 *     node bench/scrapeTargets.ts INTERVAL_MILLIS SAMPLES
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { Function, Location, Profile, Sample, StringTable, ValueType } from "pprof-format"

const [interval = 15_000, samples = 100] = process.argv.slice(2).map(Number)

/** After so many intervals nothing happens any more. */
const versions = 200

const sampleTypes = {
  "/debug/pprof/allocs": ["alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"],
  "/debug/pprof/block": ["contentions/count", "delay/nanoseconds"],
  "/debug/pprof/mutex": ["contentions/count", "delay/nanoseconds"],
  "/debug/pprof/goroutine": ["goroutine/count"],
  "/debug/pprof/profile": ["samples/count", "cpu/nanoseconds"]
}

const profile = (types: ReadonlyArray<string>, version: number): Uint8Array => {
  const stringTable = new StringTable()
  const filename = stringTable.dedup("/src/github.com/example/shop/checkout/server.go")
  const ids = Array.from({ length: samples }, (_, index) => index + 1)
  const values = types.map((type) => {
    const [name = "", unit = ""] = type.split("/")
    return new ValueType({ type: stringTable.dedup(name), unit: stringTable.dedup(unit) })
  })
  return gzipSync(
    new Profile({
      stringTable,
      sampleType: values,
      function: ids.map((id) =>
        new Function({
          id,
          name: stringTable.dedup(`github.com/example/shop/checkout.(*Server).handle${id}`),
          filename
        })
      ),
      location: ids.map((id) =>
        new Location({ id, address: 0x400000 + id * 64, line: [{ functionId: id, line: id }] })
      ),
      sample: ids.map((id) =>
        new Sample({
          locationId: Array.from({ length: 12 }, (_, depth) => (id * (depth + 1)) % samples + 1),
          // One in four stacks is what something goes on in.
          value: types.map((_, column) => id * (column + 1) * (id % 4 === 0 ? version + 1 : 1))
        })
      ),
      timeNanos: BigInt(1_700_000_000_000 + version * interval) * 1_000_000n,
      periodType: values.at(-1)!,
      period: 524_288
    }).encode()
  )
}

const answers = new Map(
  Object.entries(sampleTypes).map(([path, types]) => [
    path,
    Array.from({ length: versions }, (_, version) => profile(types, version))
  ])
)
const began = performance.now()

const server = createServer(({ url = "" }, response) => {
  const [path = ""] = url.split("?")
  const version = Math.min(versions - 1, Math.floor((performance.now() - began) / interval))
  const answer = answers.get(path)?.[version]
  if (answer === undefined) return void response.writeHead(404).end()
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": answer.byteLength }).end(
    answer
  )
})
server.keepAliveTimeout = 0
server.listen(0, "0.0.0.0", 4096, () => process.send!((server.address() as AddressInfo).port))
process.on("disconnect", () => process.exit())

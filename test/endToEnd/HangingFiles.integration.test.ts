import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { makeFifo } from "../cli/fifo.ts"
import { lineOf, startEngine, temporaryDirectory } from "../support/engine.ts"
import { makePprof } from "../support/pprof.ts"
import * as Push from "../support/push.ts"
import { makeSink } from "../support/sink.ts"

describe("Endpoints whose tokens are in files that hang", () => {
  it.live("do not disturb another, whose token is where it should be", () =>
    Effect.gen(function*() {
      const fifos = yield* Effect.all([makeFifo, makeFifo, makeFifo, makeFifo])
      const token = join(yield* temporaryDirectory, "token")
      yield* Effect.promise(() => writeFile(token, "secret"))
      const sink = yield* makeSink
      const endpoint = (url: string, file: string) => `
        endpoint {
          url               = "${url}"
          bearer_token_file = "${file}"
        }`
      const engine = yield* startEngine(`
        pyroscope.receive_http "in" {
          http {
            listen_address = "127.0.0.1"
            listen_port    = 0
          }
          forward_to = [pyroscope.write.out.receiver]
        }
        pyroscope.write "out" {
          ${fifos.map((fifo) => endpoint("http://127.0.0.1:9", fifo)).join("")}
          ${endpoint(sink.url, token)}
        }
      `)
      const url = yield* engine.listening("pyroscope.receive_http.in")
      // To look into it takes a thread.
      const profile = makePprof({ gzip: true })
      for (let n = 0; n < 10; n++) assert.strictEqual((yield* Push.push(url, `${n}`, profile)).status, 200)
      yield* sink.taken.atLeast(10)
      for (const fifo of fifos) yield* lineOf(engine.log, ({ msg }) => msg === `cannot use file ${fifo}`)
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { gunzipSync } from "node:zlib"
import { Profile } from "pprof-format"
import manifest from "../../package.json" with { type: "json" }
import { startBinary } from "../support/engine.ts"
import * as Relay from "../support/relay.ts"
import { makeSink, type Received } from "../support/sink.ts"

const service = fileURLToPath(new URL("../fixtures/busyService.ts", import.meta.url))

/** Runs the service until it ends and gives the digests of what its SDK has sent. */
const runService = (url: string) =>
  Effect.promise(() => promisify(execFile)(process.execPath, [service, url])).pipe(
    Effect.map(({ stdout }) => stdout.trim().split("\n").sort())
  )

const digests = (requests: ReadonlyArray<Received>): ReadonlyArray<string> =>
  requests.map(({ body }) => createHash("sha256").update(body).digest("hex")).sort()

const strings = ({ body }: Received): ReadonlyArray<string> => Profile.decode(gunzipSync(body)).stringTable.strings

describe("the official Node SDK, through the binary", () => {
  it.live("two sinks get the bytes that it sent, under the right name", () =>
    Effect.gen(function*() {
      const sinks = [yield* makeSink, yield* makeSink] as const
      const engine = yield* startBinary(Relay.config(sinks, {
        write: `external_labels = { region = "north", cluster = "c1" }`
      }))
      const sent = yield* runService(yield* engine.listening(Relay.receiver))
      assert.isAtLeast(sent.length, 4)

      const labels = [
        "cluster=c1",
        "otel.scope.name=com.grafana.pyroscope/nodejs",
        `otel.scope.version=${manifest.devDependencies["@pyroscope/nodejs"]}`,
        "pod=shop-0",
        "process.runtime.name=nodejs",
        `process.runtime.version=${process.versions.node}`,
        "region=north"
      ]
      for (const { taken } of sinks) {
        const received = yield* taken.atLeast(sent.length)
        assert.deepStrictEqual(digests(received), sent)
        for (const { headers, method, path, query } of received) {
          assert.strictEqual(method, "POST")
          assert.strictEqual(path, "/ingest")
          assert.strictEqual(query.get("name"), `shop.api{${labels.join(",")}}`)
          assert.strictEqual(query.get("format"), "pprof")
          assert.strictEqual(query.get("spyName"), "nodespy")
          assert.isAbove(Number(query.get("until")), 1_700_000_000)
          assert.strictEqual(headers["content-type"], "application/octet-stream")
        }
        assert.isTrue(received.some((request) => strings(request).includes("burn") && strings(request).includes("cpu")))
        assert.isTrue(received.some((request) => strings(request).includes("inuse_space")))
      }
      assert.strictEqual(yield* engine.stop, 0)
    }))
})

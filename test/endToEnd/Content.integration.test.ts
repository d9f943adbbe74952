import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { startEngine, temporaryDirectory } from "../support/engine.ts"
import { makePprof } from "../support/pprof.ts"
import * as Push from "../support/push.ts"
import { byRenaming, inPlace } from "../support/rotating.ts"
import { makeTarget, type Received } from "../support/target.ts"

const config = (token: string, metadata: string, endpoint: string) => `
local.file "token" {
  filename  = "${token}"
  is_secret = true
}

remote.http "region" {
  url = "${metadata}/region"
}

pyroscope.receive_http "sdk" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = 0
  }
  forward_to = [pyroscope.write.gateway.receiver]
}

pyroscope.write "gateway" {
  external_labels = { region = remote.http.region.content }
  endpoint {
    url                = "${endpoint}"
    bearer_token       = string.trim_space(convert.nonsensitive(local.file.token.content))
    min_backoff_period = "5ms"
    max_backoff_period = "20ms"
  }
}
`

const profile = makePprof({ gzip: true })

const seriesOf = ({ body }: Received) => Push.decode(body)

describe("arguments that come from outside", () => {
  it.live("change while all runs: a token that is replaced delivers what waits for it, each once", () =>
    Effect.gen(function*() {
      const token = join(yield* temporaryDirectory, "token")
      inPlace(token, "first-token\n")
      const metadata = yield* makeTarget()
      metadata.judge(() => ({ status: 200, text: "north\n" }))
      const gateway = yield* makeTarget()
      const taking = (token: string) =>
        gateway.judge(({ headers }) => ({ status: headers.authorization === `Bearer ${token}` ? 200 : 401 }))
      const taken = (count: number) =>
        Effect.map(
          gateway.requests.until((all) => all.filter(({ status }) => status === 200).length >= count),
          (all) => all.filter(({ status }) => status === 200).flatMap(seriesOf)
        )
      const engine = yield* startEngine(config(token, metadata.url, gateway.url))
      const url = yield* engine.listening("pyroscope.receive_http.sdk")
      taking("first-token")
      yield* Push.push(url, "0", profile)
      const [first = assert.fail()] = yield* taken(1)
      assert.strictEqual(first.labels["region"], "north")

      taking("second-token")
      for (const id of ["1", "2", "3"]) assert.strictEqual((yield* Push.push(url, id, profile)).status, 200)
      yield* gateway.requests.until((all) => all.some(({ status }) => status === 401))
      byRenaming(token, "second-token\n")
      const ids = (yield* taken(4)).flatMap(({ samples }) => samples.map(({ id }) => id))
      assert.deepStrictEqual(ids.toSorted(), ["0", "1", "2", "3"])
      assert.isTrue(engine.log.all.every((line) => !JSON.stringify(line).includes("-token")))
      assert.strictEqual(metadata.requests.all.length, 1)
    }))
})

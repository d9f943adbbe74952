import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdir, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import { join } from "node:path"
import { temporaryDirectory } from "../support/engine.ts"
import { listen } from "../support/ports.ts"
import * as pyroduct from "./pyroduct.ts"

const files = (contents: Readonly<Record<string, string | Uint8Array>>) =>
  Effect.gen(function*() {
    const directory = yield* temporaryDirectory
    for (const [name, content] of Object.entries(contents)) {
      yield* Effect.promise(() => writeFile(join(directory, name), content))
    }
    return directory
  })

const good = `pyroscope.receive_http "in" {
  forward_to = [pyroscope.write.out.receiver]
}

pyroscope.write "out" {
  endpoint {
    url          = "http://" + constants.hostname + ":4040"
    bearer_token = sys.env("TOKEN")
  }
}
`

const bad = `pyroscope.write "out" {
\tendpoint {
\t\turl                 = "profiles.example"
\t\tmax_backoff_retries = ["ä", sys.env("TOKEN")]
\t\ttls_config {
\t\t\tkey_file = "/key"
\t\t}
\t}
\ttracing {
\t}
}

pyroscope.receive_http "in" {
  http {
    listen_port = 65536
  }
  forward_to = [pyroscope.write.other.receiver]
}

pyroscope.scrape "apps" {
  targets = []
}
`

const complaints = `Error: bad.alloy:3:25: "***" must be an absolute URL such as "https://profiles.example"

2 |     endpoint {
3 |         url                 = "***"
  |                               ^^^^^
4 |         max_backoff_retries = ["ä", sys.env("TOKEN")]

Error: bad.alloy:4:25: ["ä", sys.env("TOKEN")] should be number, got array

3 |         url                 = "***"
4 |         max_backoff_retries = ["ä", sys.env("TOKEN")]
  |                               ^^^^^^^^^^^^^^^^^^^^^^^
5 |         tls_config {

Error: bad.alloy:6:15: exactly one of cert_pem or cert_file must be configured when a client key is configured

5 |         tls_config {
6 |             key_file = "/key"
  |                        ^^^^^^
7 |         }

Error: bad.alloy:9:2: block "tracing" is not supported by pyroduct yet

 8 |       }
 9 |       tracing {
   |  _____^^^^^^^^^
10 | |     }
   | |_____^
11 |   }

Error: bad.alloy:15:19: 65536 must be between 0 and 65535

14 |   http {
15 |     listen_port = 65536
   |                   ^^^^^
16 |   }

Error: bad.alloy:17:17: component "pyroscope.write.other.receiver" does not exist or is out of scope

16 |   }
17 |   forward_to = [pyroscope.write.other.receiver]
   |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
18 | }

Error: bad.alloy:20:1: component "pyroscope.scrape" is not supported by pyroduct yet

19 | 
20 | pyroscope.scrape "apps" {
   | ^^^^^^^^^^^^^^^^
21 |   targets = []
Error: validation failed
`

describe("pyroduct validate", () => {
  it.live("says nothing about a configuration that is right, and starts nothing", () =>
    Effect.gen(function*() {
      const port = yield* Effect.acquireRelease(Effect.sync(() => createServer()), (server) =>
        Effect.sync(() => server.close())).pipe(Effect.flatMap((server) =>
          Effect.promise(() => listen(server))
        ))
      const taken = `  http { listen_port = ${port} }\n`
      const cwd = yield* files({ "good.alloy": good.replace("  forward_to", `${taken}  forward_to`) })
      const ended = yield* pyroduct.run(["validate", "good.alloy"], { cwd })
      assert.deepStrictEqual(ended, { code: 0, stdout: "", stderr: "" })
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(cwd)), ["good.alloy"])
    }))

  it.live("shows every problem of a configuration, with the lines it is about, and no secret", () =>
    Effect.gen(function*() {
      const cwd = yield* files({ "bad.alloy": bad })
      const ended = yield* pyroduct.run(["validate", "bad.alloy"], { cwd, env: { TOKEN: "hunter2" } })
      assert.strictEqual(ended.stderr, complaints)
      assert.deepStrictEqual({ ...ended, stderr: "" }, { code: 1, stdout: "", stderr: "" })
    }))

  it.live("shows the mistake of a text that cannot be read", () =>
    Effect.gen(function*() {
      const cwd = yield* files({ "cut.alloy": "pyroscope.write \"out\" {\n  endpoint {\n" })
      const { code, stderr } = yield* pyroduct.run(["validate", join(cwd, "cut.alloy")])
      assert.strictEqual(code, 1)
      assert.strictEqual(
        stderr,
        `Error: ${cwd}/cut.alloy:3:1: expected }, got EOF: the block endpoint opened at 2:3 is not closed\n\n` +
          "2 |   endpoint {\n3 | \n  | ^\nError: validation failed\n"
      )
    }))

  it.live("refuses a file that is larger than any configuration, without reading it to its end", () =>
    Effect.gen(function*() {
      const cwd = yield* files({ "large.alloy": new Uint8Array(4 * 1024 * 1024 + 1).fill(0x20) })
      assert.deepStrictEqual(yield* pyroduct.run(["validate", "large.alloy"], { cwd }), {
        code: 1,
        stdout: "",
        stderr: "Error: reading config path \"large.alloy\": larger than 4 MiB, which no configuration is\n"
      })
    }))

  it.live("says in a line why there is nothing to validate", () =>
    Effect.gen(function*() {
      const cwd = yield* files({ "latin1.alloy": Buffer.from("// ä", "latin1") })
      const cases = [
        ["missing.alloy", "reading config path \"missing.alloy\": no such file"],
        [cwd, `reading config path "${cwd}": not a file`],
        ["latin1.alloy", "latin1.alloy: unknown encoding for config"]
      ] as const
      const run = ([file]: (typeof cases)[number]) => pyroduct.run(["validate", file], { cwd })
      const ended: ReadonlyArray<pyroduct.Ended> = yield* Effect.forEach(cases, run, { concurrency: 2 })
      assert.deepStrictEqual(
        ended,
        cases.map(([, message]) => ({ code: 1, stdout: "", stderr: `Error: ${message}\n` }))
      )
    }))
})

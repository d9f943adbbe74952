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

pyroscope.java "apps" {
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

Error: bad.alloy:20:1: "pyroscope.java" is not a component of pyroduct, which has pyroscope.enrich, pyroscope.receive_http, pyroscope.relabel, pyroscope.scrape, pyroscope.write

19 | 
20 | pyroscope.java "apps" {
   | ^^^^^^^^^^^^^^
21 |   targets = []

--components.foreign=ignore leaves such components out
Error: validation failed
`

describe("pyroduct validate", () => {
  it.live("finds nothing wrong with a configuration that is right, names the variables that it needs, and starts nothing", () =>
    Effect.gen(function*() {
      const port = yield* Effect.acquireRelease(
        Effect.sync(() => createServer()),
        (server) => Effect.sync(() => server.close())
      ).pipe(Effect.flatMap((server) => Effect.promise(() => listen(server))))
      const taken = `  http { listen_port = ${port} }\n`
      const cwd = yield* files({ "good.alloy": good.replace("  forward_to", `${taken}  forward_to`) })
      const ended = yield* pyroduct.run(["validate", "--env-unset=allow", "good.alloy"], { cwd })
      const stderr = "Warning: what depends on variables that are not set is not checked: TOKEN\n"
      assert.deepStrictEqual(ended, { code: 0, stdout: "", stderr })
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

  it.live("takes a directory for one configuration, and names the file of each problem", () =>
    Effect.gen(function*() {
      const cwd = yield* files({
        "10.alloy": "pyroscope.receive_http \"in\" {\n  forward_to = [pyroscope.write.out.receiver]\n}\n",
        "9.river": "}",
        ".hidden.alloy": "pyroscope.write \"out\" { }\n{",
        "notes.txt": "not a configuration"
      })
      const { code, stderr } = yield* pyroduct.run(["validate", "."], { cwd })
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(stderr.match(/^Error: .*/gm), [
        "Error: .hidden.alloy:2:1: expected identifier, got {",
        "Error: 9.river:1:1: expected identifier, got }",
        "Error: validation failed"
      ])
    }))

  it.live("says what it leaves out, where others' components are ignored", () =>
    Effect.gen(function*() {
      const cwd = yield* files({
        "mixed.alloy": `${good}
loki.write "logs" {
  endpoint { password = "hunter2" }
  forward_to = [pyroscope.write.unneeded.receiver]
}
pyroscope.write "unneeded" { }
`
      })
      const ended = yield* pyroduct.run(["validate", "--components.foreign=ignore", "mixed.alloy"], { cwd })
      const unset = "bearer_token is empty; the environment variable TOKEN is not set"
      const none = "\"loki.write\" is not a component of pyroduct, which has none of loki.*"
      assert.deepStrictEqual(ended, {
        code: 0,
        stdout: "",
        stderr: `Warning: mixed.alloy:8:20: ${unset}
Warning: mixed.alloy:12:1: loki.write.logs is left out: ${none}
Warning: mixed.alloy:16:1: pyroscope.write.unneeded is left out: only what is left out refers to it
`
      })
    }))
})

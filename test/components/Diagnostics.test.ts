/**
 * What somebody sees who has made a mistake that many make: all of it, place and excerpt included.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Components from "../../src/cli/Components.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Diagnostic from "../../src/syntax/Diagnostic.ts"
import * as Source from "../../src/syntax/Source.ts"
import { stdlib } from "../evaluation/evaluating.ts"

const report = (text: string): string => {
  const source = Source.make("a.alloy", text.replace(/^\n/, ""))
  const checked = Plan.check({ sources: [source], registry: Components.registry, stdlib })
  assert(Result.isFailure(checked), "a configuration without a mistake")
  const { diagnostics, sources } = checked.failure
  return Diagnostic.renderAll(diagnostics, sources, { color: false })
}

/** The first line of each problem. */
const problems = (text: string): ReadonlyArray<string> =>
  report(text).split("\n").filter((line) => line.startsWith("Error: ")).map((line) =>
    line.replace("Error: a.alloy:", "")
  )

describe("a name that is nearly right", () => {
  it("of an attribute, a block, an export and a label, is corrected where it stands", () => {
    assert.strictEqual(
      report(`
pyroscope.receive_http "in" {
  forward_to = [pyroscope.write.bakup.receiver, pyroscope.write.backup.reciever]
}
pyroscope.write "backup" {
  endpoint {
    ulr = "http://localhost:4040"
    url = "http://localhost:4040"
    qeue { }
    queue { when_full = "drop_olest" }
  }
  tls_config { }
}
pyroscope.recieve_http "too" { }
logging { format = "jsn" }
`),
      `Error: a.alloy:2:17: component "pyroscope.write.bakup.receiver" does not exist or is out of scope; did you mean "pyroscope.write.backup"?

1 | pyroscope.receive_http "in" {
2 |   forward_to = [pyroscope.write.bakup.receiver, pyroscope.write.backup.reciever]
  |                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
3 | }

Error: a.alloy:2:72: field "reciever" does not exist; did you mean "receiver"?

1 | pyroscope.receive_http "in" {
2 |   forward_to = [pyroscope.write.bakup.receiver, pyroscope.write.backup.reciever]
  |                                                                        ^^^^^^^^
3 | }

Error: a.alloy:6:5: unrecognized attribute name "ulr"; did you mean "url"?

5 |   endpoint {
6 |     ulr = "***"
  |     ^^^^^^^^^^^
7 |     url = "http://localhost:4040"

Error: a.alloy:8:5: unrecognized block name "qeue"; did you mean "queue"?

7 |     url = "http://localhost:4040"
8 |     qeue { }
  |     ^^^^^^^^
9 |     queue { when_full = "drop_olest" }

Error: a.alloy:9:25: "drop_olest" must be one of "drop_oldest", "drop_newest", "reject"; did you mean "drop_oldest"?

 8 |     qeue { }
 9 |     queue { when_full = "drop_olest" }
   |                         ^^^^^^^^^^^^
10 |   }

Error: a.alloy:11:3: unrecognized block name "tls_config"; its place is in the block "endpoint"

10 |   }
11 |   tls_config { }
   |   ^^^^^^^^^^^^^^
12 | }

Error: a.alloy:13:1: cannot find the definition of component name "pyroscope.recieve_http"; did you mean "pyroscope.receive_http"?

12 | }
13 | pyroscope.recieve_http "too" { }
   | ^^^^^^^^^^^^^^^^^^^^^^
14 | logging { format = "jsn" }

Error: a.alloy:14:20: "jsn" unrecognized log format, must be one of "logfmt", "json"; did you mean "json"?

13 | pyroscope.recieve_http "too" { }
14 | logging { format = "jsn" }
   |                    ^^^^^
15 | 
`
    )
  })

  it.each([
    ["url = syss.env(\"A\")", "component \"***\" does not exist or is out of scope; did you mean \"sys\"?"],
    ["url = sys.evn(\"A\")", "field \"evn\" does not exist; did you mean \"env\"?"],
    ["url = constants.hostnme", "field \"hostnme\" does not exist; did you mean \"hostname\"?"],
    ["name = string.trim_spce(\"\")", "field \"trim_spce\" does not exist; did you mean \"trim_space\"?"],
    // It is not here.
    ["name = encoding.from_jsn(\"\")", "field \"from_jsn\" does not exist"],
    [
      "url = pyrscope.write.a.receiver",
      "component \"***\" does not exist or is out of scope; did you mean \"pyroscope.write.a\"?"
    ],
    [
      "tls_config {\nmin_version = \"TLSS12\"\n}",
      "\"***\" unknown TLS version, use one of TLS10, TLS11, TLS12, TLS13; did you mean \"TLS12\"?"
    ],
    [
      "max_backof_period = \"1s\"",
      "unrecognized attribute name \"max_backof_period\"; did you mean \"max_backoff_period\"?"
    ],
    ["external_labels = {}", "unrecognized attribute name \"external_labels\""],
    ["debug_info_upload_timeut = \"1s\"", "unrecognized attribute name \"debug_info_upload_timeut\""]
  ])("in an endpoint with %s", (line, problem) => {
    const first = problems(`pyroscope.write "a" {\nendpoint {\n${line}\n}\n}`).find((line) => !line.includes("missing"))
    assert.strictEqual(first?.replace(/^\d+:\d+: /, ""), problem)
  })
})

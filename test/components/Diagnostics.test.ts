/**
 * What somebody sees who has made a mistake that many make: all of it, place and excerpt included.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Components from "../../src/cli/Components.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Stdlib from "../../src/evaluation/Stdlib.ts"
import * as Diagnostic from "../../src/syntax/Diagnostic.ts"
import * as Source from "../../src/syntax/Source.ts"

const check = (text: string, env: Readonly<Record<string, string>> = {}) =>
  Plan.check({
    sources: [Source.make("a.alloy", text.replace(/^\n/, ""))],
    registry: Components.registry,
    stdlib: Stdlib.make({ env: (name) => env[name], hostname: "host", os: "linux", arch: "amd64", version: "v1" })
  })

const report = (text: string, env?: Readonly<Record<string, string>>): string => {
  const checked = check(text, env)
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
    ["timeout = \"1s\"", "unrecognized attribute name \"timeout\"; did you mean \"remote_timeout\"?"],
    [
      "external_labels = {}",
      "unrecognized attribute name \"external_labels\"; its place is outside of the block \"endpoint\""
    ],
    [
      "tls_config {\nbearer_token = \"a\"\n}",
      "unrecognized attribute name \"bearer_token\"; its place is outside of the block \"tls_config\""
    ],
    ["debug_info_upload_timeut = \"1s\"", "unrecognized attribute name \"debug_info_upload_timeut\""]
  ])("in an endpoint with %s", (line, problem) => {
    const first = problems(`pyroscope.write "a" {\nendpoint {\n${line}\n}\n}`).find((line) => !line.includes("missing"))
    assert.strictEqual(first?.replace(/^\d+:\d+: /, ""), problem)
  })
})

/** The problem of an endpoint with these lines. */
const inEndpoint = (lines: string, env?: Readonly<Record<string, string>>): string | undefined =>
  report(`pyroscope.write "a" {\nendpoint {\n${lines}\n}\n}`, env).split("\n")[0]?.replace(/^Error: a.alloy:/, "")

describe("a URL that is none", () => {
  const none = "must be an absolute URL such as \"https://profiles.example\""

  it.each([
    ["localhost:4040", `${none}; did you mean "http://localhost:4040"?`],
    ["127.0.0.1:4040/pyroscope", `${none}; did you mean "http://127.0.0.1:4040/pyroscope"?`],
    ["[::1]:4040", `${none}; did you mean "http://[::1]:4040"?`],
    ["pyroscope:4040", `${none}; did you mean "http://pyroscope:4040"?`],
    ["//pyroscope:4040", `${none}; did you mean "http://pyroscope:4040"?`],
    ["profiles.example:443", `${none}; did you mean "https://profiles.example:443"?`],
    ["htp://pyroscope", "unsupported protocol scheme \"htp\"; did you mean \"http\"?"],
    ["ftp://pyroscope", "unsupported protocol scheme \"ftp\""]
  ])("as %s, is shown as it may have been meant", (written, problem) => {
    assert.strictEqual(inEndpoint(`url = "${written}"`), `3:7: "${written}" ${problem}`)
  })

  it.each([
    ["//pyroscope", `${none}; the scheme is missing, "http:" or "https:"`],
    ["https:/pyroscope", `${none}; "://" has to follow the scheme`],
    ["http//pyroscope:4040", `${none}; "://" has to follow the scheme`],
    ["pyroscope", none],
    ["user:hunter2@localhost:4040", none],
    ["localhost:4040?token=hunter2", none]
  ])("as %s, is not shown, for it may be a secret", (written, problem) => {
    assert.strictEqual(inEndpoint(`url = "${written}"`), `3:7: "***" ${problem}`)
  })

  it("is not shown where it is the value of a variable", () => {
    assert.strictEqual(inEndpoint("url = sys.env(\"URL\")", { URL: "localhost:4040" }), `3:7: sys.env("URL") ${none}`)
  })

  it("is recognized in other places, too", () => {
    const url = "url = \"http://localhost\""
    assert.strictEqual(
      inEndpoint(`${url}\nproxy_url = "sock5://proxy:1080"`),
      "4:13: \"sock5://proxy:1080\" unsupported proxy scheme \"sock5\"; did you mean \"socks5\"?"
    )
    assert.strictEqual(
      inEndpoint(`${url}\nproxy_url = "proxy:3128"`),
      "4:13: \"proxy:3128\" must be a URL such as \"http://proxy.example:3128\"; did you mean \"http://proxy:3128\"?"
    )
    assert.strictEqual(
      inEndpoint(`${url}\noauth2 {\nclient_id = "a"\nclient_secret = "b"\ntoken_url = "idp:443/token"\n}`),
      `7:13: "idp:443/token" ${none}; did you mean "https://idp:443/token"?`
    )
    assert.deepStrictEqual(problems("remote.http \"a\" { url = \"localhost:80\" }"), [
      `1:25: "localhost:80" ${none}; did you mean "http://localhost:80"?`
    ])
  })
})

describe("a variable that is not set", () => {
  it("is the reason of an error about what was made of it, with its name and without its value", () => {
    assert.strictEqual(
      report(
        `
pyroscope.write "out" {
  endpoint {
    url            = "http://" + sys.env("HOST") + ":4040"
    remote_timeout = coalesce(env("TIMEOUT"), trim_space(env("BLANK")))
    oauth2 {
      client_id     = sys.env("ID")
      client_secret = sys.env("SECRET")
      token_url     = "https://idp.example/token"
    }
  }
}
`,
        { BLANK: "", SECRET: "hunter2" }
      ),
      `Error: a.alloy:3:22: "***" + sys.env("HOST") + "***" must be an absolute URL such as "https://profiles.example"; the environment variable HOST is not set

2 |   endpoint {
3 |     url            = "***" + sys.env("HOST") + "***"
  |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
4 |     remote_timeout = coalesce(env("TIMEOUT"), trim_space(env("BLANK")))

Error: a.alloy:4:22: coalesce(env("TIMEOUT"), trim_space(env("BLANK"))) time: invalid duration; the environment variable TIMEOUT is not set; the environment variable BLANK is empty

3 |     url            = "***" + sys.env("HOST") + "***"
4 |     remote_timeout = coalesce(env("TIMEOUT"), trim_space(env("BLANK")))
  |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
5 |     oauth2 {

Error: a.alloy:5:5: oauth2 client_id must be configured; the environment variable ID is not set

 4 |       remote_timeout = coalesce(env("TIMEOUT"), trim_space(env("BLANK")))
 5 |       oauth2 {
   |  _____^^^^^^^^
 6 | |       client_id     = sys.env("ID")
 7 | |       client_secret = sys.env("SECRET")
 8 | |       token_url     = "https://idp.example/token"
 9 | |     }
   | |_^^^^^
10 |     }
`
    )
  })

  it.each([
    ["the value of another", "remote_timeout = coalesce(env(\"NOPE\"), \"soon\")"],
    ["part of no text", "max_backoff_retries = [env(\"NOPE\")]"],
    ["set", "remote_timeout = env(\"SET\")"]
  ])("is no reason where it is %s", (_, line) => {
    const problem = inEndpoint(`url = "http://a"\n${line}`, { SET: "soon" })
    assert.match(problem!, /^4:\d+: (?!.*variable)/)
  })

  it("is no reason where a rule is about another attribute of the block", () => {
    assert.deepStrictEqual(
      problems("pyroscope.relabel \"a\" {\nforward_to = []\nrule {\nregex = \"(\"\ntarget_label = env(\"NOPE\")\n}\n}")
        .filter((line) => line.includes("regexp")),
      ["4:9: error parsing regexp: missing closing ): `^(?s:()$`"]
    )
  })

  it("is not named where its name may be something else", () => {
    assert.match(
      inEndpoint("url = \"http://a\"\nremote_timeout = env(\"hunter2\")")!,
      /; an environment variable is not set$/
    )
  })

  it("is a warning where a credential is empty or incomplete without it, and is none where others are", () => {
    const text = `pyroscope.write "out" {
  endpoint {
    url          = "http://localhost:4040"
    bearer_token = sys.env("TOKEN")
    name         = sys.env("NAME")
    proxy_url    = sys.env("PROXY")
    no_proxy     = sys.env("NO_PROXY")
    headers      = { "X-Scope-OrgID" = env("TENANT"), "X-A" = coalesce(env("A"), "a") }
    http_headers = { "X-Key" = ["key " + env("KEY")] }
    tls_config { ca_file = sys.env("CA") }
  }
}
`
    const warnings = (env: Readonly<Record<string, string>>) => {
      const checked = check(text, env)
      assert(Result.isSuccess(checked))
      return checked.success.warnings.map(({ diagnostic, id }) => `${id} ${Diagnostic.summary([diagnostic])}`)
    }
    assert.deepStrictEqual(warnings({ KEY: "" }), [
      "pyroscope.write.out a.alloy:4:20: bearer_token is empty; the environment variable TOKEN is not set",
      "pyroscope.write.out a.alloy:8:20: headers is incomplete; the environment variable TENANT is not set",
      "pyroscope.write.out a.alloy:9:20: http_headers is incomplete; the environment variable KEY is empty",
      "pyroscope.write.out a.alloy:10:28: ca_file is empty; the environment variable CA is not set"
    ])
    assert.deepStrictEqual(warnings({ TOKEN: "t", TENANT: "t", KEY: "k", CA: "/ca" }), [])
  })
})

describe("the path of an endpoint's URL", () => {
  it("is a warning where requests get it as well", () => {
    const warnings = (path: string) => {
      const checked = check(`pyroscope.write "a" { endpoint { url = "http://localhost:4040${path}" } }`)
      assert(Result.isSuccess(checked))
      return checked.success.warnings.map(({ diagnostic }) => diagnostic.message)
    }
    const behind = "behind which the paths of requests are added: profiles may go nowhere"
    assert.deepStrictEqual(warnings("/a/push.v1.PusherService/Push"), [
      `url ends in "/push.v1.PusherService/Push", ${behind}`
    ])
    assert.deepStrictEqual(warnings("/ingest/"), [`url ends in "/ingest/", ${behind}`])
    assert.deepStrictEqual(warnings("/pyroscope"), [])
  })
})

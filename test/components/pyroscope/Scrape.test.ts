import { assert, describe, it } from "@effect/vitest"
import { Duration, Result } from "effect"
import * as Scrape from "../../../src/components/pyroscope/Scrape.ts"
import * as Receivers from "../../../src/components/Receivers.ts"
import * as Arguments from "../../../src/engine/Arguments.ts"
import * as Scope from "../../../src/evaluation/Scope.ts"
import * as Labels from "../../../src/profile/Labels.ts"
import * as ProfileType from "../../../src/scrape/ProfileType.ts"
import * as Parser from "../../../src/syntax/Parser.ts"
import * as Source from "../../../src/syntax/Source.ts"
import { problem } from "../../syntax/notation.ts"

const required = "targets = [{\"__address__\" = \"app:4040\"}]\nforward_to = []"

/** What is wrong with lines after the two that are required; they begin in line 4. */
const problems = (...lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const result = decode(`${required}\n${lines.join("\n")}`)
  return Result.isFailure(result) ? result.failure.map(problem) : []
}

const scope = Scope.make(new Map([["receiver", Receivers.exported.placeholder]]))

const decode = (body: string) => {
  const { body: [block] } = Result.getOrThrow(Parser.parse(Source.make("test", `pyroscope.scrape "s" {\n${body}\n}`)))
  assert(block?._tag === "Block")
  return Arguments.decode(Scrape.Arguments, block, "test", scope)
}

const optionsOf = (...lines: ReadonlyArray<string>) =>
  Scrape.optionsOf(
    Result.getOrThrowWith(decode(`${required}\n${lines.join("\n")}`), (all) => new Error(all.map(problem).join("; "))),
    "pyroscope.scrape.s"
  )

const profiling = (...lines: ReadonlyArray<string>) => ["profiling_config {", ...lines, "}"]

const typesOf = (...lines: ReadonlyArray<string>) => optionsOf(...profiling(...lines)).types

describe("pyroscope.scrape", () => {
  it("has Alloy's defaults", () => {
    const { targets, ...options } = optionsOf()
    assert.deepStrictEqual([...targets], [Labels.make({ __address__: "app:4040" })])
    const { headers, http2, followRedirects, proxy: _, tls: __, ...others } = options
    assert.deepStrictEqual({ headers, http2, followRedirects }, { headers: {}, http2: true, followRedirects: true })
    assert.deepStrictEqual<unknown>(others, {
      id: "pyroscope.scrape.s",
      types: ProfileType.standard,
      pathPrefix: "",
      scheme: "http",
      jobName: "",
      params: {},
      interval: Duration.seconds(15),
      timeout: Duration.seconds(10),
      maxBytes: 64 * 1024 * 1024
    })
  })

  it("asks for targets and receivers, of which there may be none", () => {
    const missing = decode("")
    assert.deepStrictEqual(Result.isFailure(missing) && missing.failure.map(problem), [
      "1:1-3:1 missing required attribute \"targets\"",
      "1:1-3:1 missing required attribute \"forward_to\""
    ])
    assert.isTrue(Result.isSuccess(decode("targets = []\nforward_to = null")))
    assert.isTrue(Result.isSuccess(decode("targets = []\nforward_to = [receiver]")))
  })

  it("passes on what is given", () => {
    const { auth, http2, ...options } = optionsOf(
      `job_name = "j"`,
      `params = { "gc" = ["1"], "x" = ["a", "b"] }`,
      `scrape_interval = "1m"`,
      `scrape_timeout = "1s"`,
      `scheme = "https"`,
      `delta_profiling_duration = "14s"`,
      `body_size_limit = "1MiB"`,
      `enable_http2 = false`,
      `bearer_token = "t"`,
      `clustering {`,
      `  enabled = true`,
      `}`,
      `profiling_config {`,
      `  path_prefix = "/app"`,
      `}`
    )
    assert.isDefined(auth)
    assert.isFalse(http2)
    assert.deepInclude(options, {
      jobName: "j",
      params: { gc: ["1"], x: ["a", "b"] },
      interval: Duration.minutes(1),
      timeout: Duration.seconds(1),
      scheme: "https",
      timedDuration: Duration.seconds(14),
      maxBytes: 1024 * 1024,
      pathPrefix: "/app"
    })
  })

  describe("profiling_config", () => {
    it("changes of a type what it says, and leaves the rest", () => {
      assert.deepStrictEqual(
        typesOf(
          `profile.memory { enabled = false }`,
          `profile.process_cpu { path = "/cpu" }`,
          `profile.mutex { delta = true }`,
          `profile.block { enabled = false }`,
          `profile.goroutine { enabled = false }`,
          `profile.fgprof { enabled = true }`,
          `profile.godeltaprof_memory { enabled = true }`,
          `profile.godeltaprof_mutex { enabled = true }`,
          `profile.godeltaprof_block { enabled = true }`
        ),
        [
          { name: "mutex", path: "/debug/pprof/mutex", isTimed: true },
          { name: "process_cpu", path: "/cpu", isTimed: true },
          { name: "fgprof", path: "/debug/fgprof", isTimed: true },
          { name: "godeltaprof_memory", path: "/debug/pprof/delta_heap", isTimed: false },
          { name: "godeltaprof_mutex", path: "/debug/pprof/delta_mutex", isTimed: false },
          { name: "godeltaprof_block", path: "/debug/pprof/delta_block", isTimed: false }
        ]
      )
    })

    it("adds custom types under their labels, which go before the standard ones and those that came before", () => {
      const custom = (label: string, path: string, ...others: ReadonlyArray<string>) =>
        [`profile.custom "${label}" {`, "enabled = true", `path = "${path}"`, ...others, "}"].join("\n")
      assert.deepStrictEqual(
        typesOf(
          custom("heap", "/first"),
          custom("memory", "/own", "delta = true"),
          custom("heap", "/last"),
          `profile.custom "mutex" {\nenabled = false\npath = "/"\n}`
        )?.map(({ isTimed, name, path }) => `${name} ${path} ${isTimed}`),
        [
          "memory /own true",
          "block /debug/pprof/block false",
          "goroutine /debug/pprof/goroutine false",
          "process_cpu /debug/pprof/profile true",
          "heap /last false"
        ]
      )
    })

    it("says what a custom type lacks", () => {
      assert.deepStrictEqual(problems(...profiling("profile.custom \"x\" { }", "profile.custom {", "}")), [
        "5:1-5:22 missing required attribute \"enabled\"",
        "5:1-5:22 missing required attribute \"path\"",
        "6:1-6:16 block \"profile.custom\" requires non-empty label",
        "6:1-7:1 missing required attribute \"enabled\"",
        "6:1-7:1 missing required attribute \"path\""
      ])
      assert.deepStrictEqual(problems(...profiling("profile.memory \"x\" { }", "profile.cpu { }")), [
        "5:1-5:20 block \"profile.memory\" does not support specifying labels",
        "6:1-6:15 unrecognized block name \"profile.cpu\""
      ])
    })

    it("does not take a query for a path", () => {
      assert.deepStrictEqual(
        problems(...profiling("profile.memory { path = \"/heap?gc=1\" }", "path_prefix = \"#\"")),
        [
          "5:25-5:36 \"/heap?gc=1\" should be a path without a query, which params are for",
          "6:15-6:17 \"#\" should be a path without a query, which params are for"
        ]
      )
    })
  })

  describe("rules", () => {
    const untimed = "profiling_config {\nprofile.process_cpu { enabled = false }\n}"
    const table: ReadonlyArray<readonly [lines: ReadonlyArray<string>, problem: string | undefined]> = [
      [[`scrape_timeout = "0s"`], "4:18-4:21 scrape_timeout must be greater than 0"],
      [[`scrape_timeout = "20s"`], undefined],
      [[`scrape_interval = "0s"`], "4:19-4:22 scrape_interval must be greater than 0"],
      [[`scrape_interval = "-1s"`], "4:19-4:23 scrape_interval must be greater than 0"],
      [
        [`scrape_interval = "1999ms"`],
        "4:19-4:26 scrape_interval must be at least 2 seconds when using delta profiling"
      ],
      [[`scrape_interval = "2s"`], undefined],
      [[`scrape_interval = "500ms"`, untimed], undefined],
      // As in the Agent, where the next argument is not there.
      [[`scrape_interval = "10s"`], undefined],
      [
        [`delta_profiling_duration = "1s"`],
        "4:28-4:31 delta_profiling_duration must be larger than 1 second when using delta profiling"
      ],
      [[`delta_profiling_duration = "1001ms"`], undefined],
      [[`delta_profiling_duration = "14s"`], undefined],
      [
        [`delta_profiling_duration = "14001ms"`],
        "4:28-4:36 delta_profiling_duration must be at least 1 second smaller than scrape_interval when using delta profiling"
      ],
      [[`delta_profiling_duration = "1h"`, untimed], undefined],
      [[`scheme = "ftp"`], "4:10-4:14 \"ftp\" must be one of \"http\", \"https\""],
      [[`params = { "x" = ["\\xff"] }`], "4:19-4:24 \"\\xff\" should be UTF-8"],
      [[`params = { "token" = "hunter2" }`], "4:22-4:30 \"***\" should be array, got string"],
      [[`body_size_limit = 0`], "4:19 0 must be at least 1"],
      [[`clustering { }`], "4:1-4:14 missing required attribute \"enabled\""],
      [[`clustering {\nenabled = true\n}`], undefined],
      [
        [`proxy_from_environment = true`, `proxy_url = "http://p"`],
        "5:13-5:22 if proxy_from_environment is configured, proxy_url must not be configured"
      ],
      [
        [`bearer_token = "a"`, `basic_auth { }`],
        "4:16-4:18 at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"
      ],
      [[`http_headers = { "User-Agent" = ["x"] }`], "4:33-4:37 setting header \"User-Agent\" is not allowed"],
      [[`metrics_path = "/"`], "4:1-4:18 unrecognized attribute name \"metrics_path\""]
    ]
    for (const [lines, expected] of table) {
      it(`${lines[0]!.replace(/\n/g, " ")} ${lines[1] === untimed ? "without timed types " : ""}${expected === undefined ? "is right" : "is wrong"}`, () => {
        assert.deepStrictEqual(problems(...lines), expected === undefined ? [] : [expected])
      })
    }

    it("are all looked at", () => {
      assert.deepStrictEqual(
        problems(`scrape_timeout = "0s"`, `scrape_interval = "1s"`, `delta_profiling_duration = "0s"`),
        [
          "4:18-4:21 scrape_timeout must be greater than 0",
          "5:19-5:22 scrape_interval must be at least 2 seconds when using delta profiling",
          "6:28-6:31 delta_profiling_duration must be larger than 1 second when using delta profiling"
        ]
      )
    })
  })
})

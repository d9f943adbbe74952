import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Schema } from "effect"
import * as Labels from "../../src/profile/Labels.ts"
import * as ProfileType from "../../src/scrape/ProfileType.ts"
import * as Target from "../../src/scrape/Target.ts"
import { version } from "../../src/telemetry/Version.ts"
import * as arbitraries from "../wire/arbitraries.ts"

const settings: Target.Settings = {
  types: ProfileType.standard,
  pathPrefix: "",
  scheme: "http",
  jobName: "",
  params: {},
  interval: Duration.seconds(15),
  timedDuration: undefined
}

const all = (processes: Iterable<Labels.Labels>, settings: Target.Settings): Target.Many =>
  Target.maker(settings)(processes)

const targetsOf = (labels: Labels.Overrides, options: Partial<Target.Settings> = {}) => {
  const { problems, targets } = all([Labels.make(labels)], { ...settings, ...options })
  assert.deepStrictEqual(problems, [])
  return targets
}

const urlsOf = (labels: Labels.Overrides, options?: Partial<Target.Settings>) =>
  targetsOf(labels, options).map(({ origin, path }) => origin + path)

const only = (name: string) => [...ProfileType.standard, ...ProfileType.optional].filter((type) => type.name === name)

/** Of the type that has no subtleties, the only one. */
const goroutine = (labels: Labels.Overrides, options: Partial<Target.Settings> = {}): Target.Target =>
  targetsOf(labels, { types: only("goroutine"), ...options })[0]!

const messageOf = (labels: Labels.Overrides, options: Partial<Target.Settings> = {}): string =>
  all([Labels.make(labels)], { ...settings, ...options }).problems[0]!.error.message

const address = { __address__: "app:4040" }

describe("Target", () => {
  describe("of the types of profiles", () => {
    it("asks for the standard ones under Go's paths", () => {
      assert.deepStrictEqual(urlsOf(address), [
        "http://app:4040/debug/pprof/allocs",
        "http://app:4040/debug/pprof/block",
        "http://app:4040/debug/pprof/goroutine",
        "http://app:4040/debug/pprof/mutex",
        "http://app:4040/debug/pprof/profile?seconds=14"
      ])
    })

    it("has a name, a path, and whether it counts from the start, of each that has a block", () => {
      const types = [...ProfileType.standard, ...ProfileType.optional]
      assert.deepStrictEqual(
        targetsOf(address, { types }).map(({ isCumulative, labels, path, seconds, type }) => [
          type,
          Labels.get(labels, "__name__"),
          path,
          seconds,
          isCumulative
        ]),
        [
          ["memory", "memory", "/debug/pprof/allocs", undefined, true],
          ["block", "block", "/debug/pprof/block", undefined, true],
          ["goroutine", "goroutine", "/debug/pprof/goroutine", undefined, false],
          ["mutex", "mutex", "/debug/pprof/mutex", undefined, true],
          ["process_cpu", "process_cpu", "/debug/pprof/profile?seconds=14", 14, false],
          ["fgprof", "fgprof", "/debug/fgprof?seconds=14", 14, false],
          ["godeltaprof_memory", "memory", "/debug/pprof/delta_heap", undefined, false],
          ["godeltaprof_mutex", "mutex", "/debug/pprof/delta_mutex", undefined, false],
          ["godeltaprof_block", "block", "/debug/pprof/delta_block", undefined, false]
        ]
      )
    })

    it("takes a custom one for cumulative by its name alone", () => {
      const types = [
        { name: "memory", path: "/heap", isTimed: false },
        { name: "heap", path: "/heap", isTimed: false }
      ]
      assert.deepStrictEqual(targetsOf(address, { types }).map(({ isCumulative }) => isCumulative), [true, false])
    })

    it("makes no delta of what is one: of godeltaprof, or asked for some seconds", () => {
      const memory = { types: only("memory") }
      const isCumulative = (labels: Labels.Overrides, options: Partial<Target.Settings> = {}) =>
        targetsOf({ ...address, ...labels }, { ...memory, ...options })[0]!.isCumulative
      assert.isTrue(isCumulative({}))
      assert.isFalse(isCumulative({ __profile_path__: "/debug/pprof/delta_heap" }))
      assert.isFalse(isCumulative({ __name__: "godeltaprof_memory" }))
      assert.isFalse(isCumulative({}, { types: [{ name: "memory", path: "/debug/pprof/allocs", isTimed: true }] }))
      assert.isFalse(isCumulative({}, { params: { seconds: ["5"] } }))
      assert.isFalse(isCumulative({ __param_seconds: "5" }))
      assert.isTrue(isCumulative({}, { params: { gc: ["1"] } }))
    })
  })

  describe("of labels", () => {
    it("keeps those of the process and adds where it is and what it is called", () => {
      const [target] = targetsOf({ ...address, env: "prod", __meta_docker_container_name: "/shop" }, {
        types: only("memory"),
        pathPrefix: "/app",
        jobName: "shops",
        params: { gc: ["1", "2"], none: [] }
      })
      assert.deepStrictEqual([...target!.labels], [
        ["__address__", "app:4040"],
        ["__meta_docker_container_name", "/shop"],
        ["__name__", "memory"],
        ["__param_gc", "1"],
        ["__profile_path__", "/debug/pprof/allocs"],
        ["__profile_path_prefix__", "/app"],
        ["__scheme__", "http"],
        ["env", "prod"],
        ["instance", "app:4040"],
        ["job", "shops"],
        ["otel.scope.name", "pyroduct/pyroscope.scrape"],
        ["otel.scope.version", version],
        ["service_name", "/shop"]
      ])
    })

    it("has those of the process win, but for params", () => {
      const own = {
        ...address,
        __name__: "own",
        __param_gc: "7",
        __param_x: "y",
        __profile_path__: "/own",
        __profile_path_prefix__: "/mine",
        __scheme__: "https",
        instance: "i",
        job: "j",
        "otel.scope.name": "mine",
        service_name: "s"
      }
      const target = goroutine(own, { pathPrefix: "/app", jobName: "job", params: { gc: ["1", "2"] } })
      assert.deepStrictEqual([...target.labels], [...Labels.make({ ...own, __param_gc: "1" })])
      assert.strictEqual(target.origin + target.path, "https://app:4040/mine/own?gc=1&gc=2&x=y")
    })

    it("has no job where nobody names one", () => {
      assert.isFalse(goroutine(address).labels.has("job"))
    })

    it("adds the port of the scheme to an address that has none", () => {
      const addressOf = (__address__: string, __scheme__ = "") => {
        const { labels, origin } = goroutine({ __address__, __scheme__ })
        return [Labels.get(labels, "__address__"), Labels.get(labels, "instance"), origin]
      }
      assert.deepStrictEqual(addressOf("app"), ["app:80", "app:80", "http://app"])
      assert.deepStrictEqual(addressOf("app", "https"), ["app:443", "app:443", "https://app"])
      assert.deepStrictEqual(addressOf("app", "HTTPS"), ["app:443", "app:443", "https://app"])
      assert.deepStrictEqual(addressOf("[::1]"), ["[::1]:80", "[::1]:80", "http://[::1]"])
      assert.deepStrictEqual(addressOf("[::1]:4040"), ["[::1]:4040", "[::1]:4040", "http://[::1]:4040"])
      assert.deepStrictEqual(addressOf("my_app:4040"), ["my_app:4040", "my_app:4040", "http://my_app:4040"])
    })

    it("says what no target can be made of", () => {
      assert.strictEqual(messageOf({ env: "prod" }), "no address")
      assert.strictEqual(messageOf({ ...address, __scheme__: "ftp" }), `invalid scheme: "ftp"`)
      assert.strictEqual(messageOf({ __address__: "a/b" }), `"a/b:80" is not a valid hostname`)
      assert.strictEqual(
        messageOf({ __address__: "http://a:80" }),
        `"http://a:80" is not a valid hostname; the scheme of an address is __scheme__, or an argument`
      )
      assert.strictEqual(messageOf({ __address__: "a/b?token=s3cret" }), `"a/b?***" is not a valid hostname`)
      assert.strictEqual(
        messageOf({ ...address, __param_x: "s3cret\ud83d" }),
        `invalid label value for "__param_x": "***"`
      )
      assert.strictEqual(messageOf({ ...address, env: "\ud83d" }), `invalid label value for "env": "\\ud83d"`)
      for (const wrong of ["::1", "a b:80", "a:b", "a:99999", ":80", "a\\b:80", "a%zz:80"]) {
        assert.strictEqual(messageOf({ __address__: wrong }), `${JSON.stringify(wrong)} is not a valid hostname`)
      }
    })

    it("shows no credentials that somebody has put in an address", () => {
      const { problems } = all([Labels.make({ __address__: "user:pass@app:80" })], settings)
      assert.deepStrictEqual(
        problems.map(({ address, error, index }) => [index, address, error.message]),
        [[0, "app:80", "credentials do not belong in an address: configure basic_auth"]]
      )
    })
  })

  describe("of a URL", () => {
    it("joins prefix and path", () => {
      const path = (pathPrefix: string, __profile_path__: string) =>
        goroutine({ ...address, __profile_path__ }, { pathPrefix }).path
      assert.strictEqual(path("/app", "/debug"), "/app/debug")
      assert.strictEqual(path("app/", "debug"), "/app/debug")
      assert.strictEqual(path("/a//b/", "/../x/./y/"), "/a/x/y/")
      assert.strictEqual(path("", "/a b/\u00e9?x=1#y"), "/a%20b/%C3%A9%3Fx=1%23y")
      assert.strictEqual(path("", "/a%20b%"), "/a%20b%25")
    })

    it("writes params as Go does, in the order of their names", () => {
      assert.strictEqual(
        goroutine(address, { params: { b: ["2", "1"], a: ["x y", "", "!'()*~"], "\u00e9&": ["="], none: [] } }).path,
        "/debug/pprof/goroutine?a=x+y&a=&a=%21%27%28%29%2A~&b=2&b=1&%C3%A9%26=%3D"
      )
    })

    it("asks for a second less than the interval, or for what is said", () => {
      const seconds = (options: Partial<Target.Settings>, labels = {}) => {
        const [{ path, seconds }] = targetsOf({ ...address, ...labels }, {
          types: only("process_cpu"),
          ...options
        }) as [Target.Target]
        return [path.split("?")[1], seconds]
      }
      assert.deepStrictEqual(seconds({ interval: Duration.seconds(60) }), ["seconds=59", 59])
      assert.deepStrictEqual(seconds({ interval: Duration.millis(10_900) }), ["seconds=9", 9])
      const fourteen = Duration.seconds(14)
      assert.deepStrictEqual(seconds({ interval: Duration.seconds(60), timedDuration: fourteen }), ["seconds=14", 14])
      assert.deepStrictEqual(seconds({ timedDuration: Duration.millis(2900) }), ["seconds=2", 2])
      assert.deepStrictEqual(seconds({ params: { seconds: ["5"] } }), ["seconds=5", 5])
      assert.deepStrictEqual(seconds({}, { __param_seconds: "7" }), ["seconds=7", 7])
      assert.deepStrictEqual(seconds({ params: { seconds: [""] } }), ["seconds=14", 14])
      assert.deepStrictEqual(seconds({ params: { seconds: ["x"] } }), ["seconds=x", undefined])
    })

    it("adds seconds to profiles that are timed and to no others, whatever else is asked for", () => {
      assert.deepStrictEqual(
        targetsOf(address, { params: { gc: ["1"] } }).map(({ path }) => path.split("?")[1]),
        ["gc=1", "gc=1", "gc=1", "gc=1", "gc=1&seconds=14"]
      )
    })
  })

  describe("of many processes", () => {
    it("takes the first of those that differ in meta labels alone", () => {
      const { targets } = all(
        [
          Labels.make({ ...address, __meta_x: "1", a: "bc" }),
          Labels.make({ ...address, __meta_x: "2", a: "bc" }),
          Labels.make({ ...address, ab: "c" })
        ],
        { ...settings, types: only("goroutine") }
      )
      assert.deepStrictEqual(
        targets.map(({ labels }) => [labels.get("__meta_x"), labels.get("a"), labels.get("ab")]),
        [["1", "bc", undefined], [undefined, undefined, "c"]]
      )
    })

    it("takes one of those that are the same outside and at the same place", () => {
      const { targets } = all([
        Labels.make({ ...address, __own: "1" }),
        Labels.make({ ...address, __own: "2" }),
        Labels.make({ ...address, __name__: "x", __profile_path__: "/x", __param_seconds: "1" })
      ], settings)
      assert.deepStrictEqual(
        targets.map(({ labels, type }) => `${type} ${labels.get("__own")}`),
        [...ProfileType.standard.map(({ name }) => `${name} 1`), "memory undefined"]
      )
    })

    it("has the labels of a process once for all of its types, but for what differs", () => {
      const { targets } = all([Labels.make({ ...address, __own: "1", env: "x" })], settings)
      const visible = (labels: Labels.Labels) => [...labels].filter(([name]) => !name.startsWith("__"))
      for (const { common, labels } of targets) {
        assert.strictEqual(common, targets[0]!.common)
        assert.deepStrictEqual(visible(common), visible(labels))
      }
    })

    it("leaves out one that is wrong, says which, and takes the others", () => {
      const { problems, targets } = all(
        [Labels.make(address), Labels.make({ __address__: "a/b:1" }), Labels.make({ __address__: "other:1" })],
        settings
      )
      assert.deepStrictEqual(
        problems.map(({ address, error, index }) => [index, address, error.reason]),
        [[1, "a/b:1", "InvalidHostname"]]
      )
      assert.deepStrictEqual([...new Set(targets.map(({ origin }) => origin))], ["http://app:4040", "http://other:1"])
    })
  })

  describe("identity", () => {
    it("follows labels seen outside, name and URL, and no other label", () => {
      const base = goroutine(address).id
      assert.match(base, /^[0-9a-f]{16}$/)
      assert.strictEqual(goroutine({ ...address, __meta_x: "1", __own: "1", instance: "app:4040" }).id, base)
      const others = [
        goroutine({ ...address, env: "prod" }),
        goroutine({ ...address, __scheme__: "https" }),
        goroutine({ __address__: "app:4041", instance: "app:4040" }),
        goroutine({ ...address, __param_x: "1" }),
        goroutine({ ...address, __profile_path__: "/x" }),
        goroutine({ ...address, __name__: "x" })
      ]
      assert.strictEqual(new Set([base, ...others.map(({ id }) => id)]).size, 1 + others.length)
    })

    it("spreads the scrapes of ten thousand targets evenly, and no two have one id", () => {
      const processes = Array.from({ length: 2000 }, (_, index) => Labels.make({ __address__: `10.0.0.1:${index}` }))
      const { targets } = all(processes, settings)
      assert.strictEqual(new Set(targets.map(({ id }) => id)).size, 10_000)
      const tenths = Array.from({ length: 10 }, () => 0)
      for (const { id } of targets) tenths[Math.floor(Target.phase(id) * 10)]!++
      // Six standard deviations of what chance gives.
      for (const count of tenths) assert.closeTo(count, 1000, 180)
    })
  })

  describe("laws", () => {
    const extra = Arbitrary.schema(
      Schema.Record(
        Schema.Literals([
          "__param_seconds",
          "__param_x",
          "__param_constructor",
          "__param___proto__",
          "__profile_path__",
          "__name__",
          "__meta_x",
          "instance"
        ]),
        Schema.Literals(["", "1", "/x y", "godeltaprof_block"])
      )
    )
    const process = Arbitrary.map(
      Arbitrary.all([arbitraries.labels, extra]),
      ([labels, extra]) => Labels.merge(Labels.merge(labels, extra), address)
    )
    const choices: ReadonlyArray<Partial<Target.Settings>> = [
      {},
      { params: { seconds: ["3", "4"], x: ["a", "b"] } },
      { pathPrefix: "/p", jobName: "j", params: { x: ["a"] } }
    ]
    const options = Arbitrary.map(arbitraries.int(0, choices.length - 1), (index) => choices[index]!)

    it.prop("the labels of a target are those of the same target: nothing piles up", [process, options], ([
      labels,
      options
    ]) => {
      for (const type of ProfileType.standard) {
        const [target] = targetsOf(labels, { ...options, types: [type] }) as [Target.Target]
        const [again] = targetsOf(target.labels, { ...options, types: [type] }) as [Target.Target]
        assert.deepStrictEqual([again.id, again.path, [...again.labels]], [target.id, target.path, [...target.labels]])
      }
    })

    it.prop("the order of labels does not matter", [process, options], ([labels, options]) => {
      const idsOf = (pairs: ReadonlyArray<readonly [string, string]>) =>
        targetsOf(new Map(pairs), options).map(({ id }) => id)
      assert.deepStrictEqual(idsOf([...labels].reverse()), idsOf([...labels]))
    })

    it.prop(
      "leaving out what is there twice is done once and for all",
      [Arbitrary.array(process, { maxLength: 4 })],
      ([processes]) => {
        const ids = (processes: ReadonlyArray<Labels.Labels>) => all(processes, settings).targets.map(({ id }) => id)
        const once = ids(processes)
        assert.deepStrictEqual(ids([...processes, ...processes]), once)
        assert.strictEqual(new Set(once).size, once.length)
      }
    )
  })
})

/**
 * What docs/metrics.md says of every metric, against the code and against what a running engine shows; and what the alert
 * rules and the dashboard ask for.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import * as Yaml from "yaml"
import * as Metrics from "../../src/telemetry/Metrics.ts"
import { send } from "../server/client.ts"
import { startBinary } from "../support/engine.ts"
import { anchorsOf, pages, root } from "./pages.ts"

const read = (path: string): string => readFileSync(root + path, "utf8")

interface Row {
  readonly name: string
  readonly type: string
  readonly labels: ReadonlyArray<string>
  readonly unit: string
  readonly meaning: string
}

const rows: ReadonlyArray<Row> = Array.from(
  read("docs/metrics.md").matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) ?\| ?(\w*) \| (.*) \|$/gm),
  ([, name, type, labels, unit, meaning]) => ({
    name: name!,
    type: type!,
    labels: Array.from(labels!.matchAll(/\w+/g), ([label]) => label),
    unit: unit!,
    meaning: meaning!
  })
)

/** What all of a component have, and buckets. */
const ofAll: ReadonlySet<string> = new Set(["component_id", "component_path", "le"])

/** The series of each, with all labels that they may have. */
const known: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  rows.flatMap(({ labels, name, type }) =>
    (type === "histogram" ? ["_bucket", "_sum", "_count"] : [""]).map((suffix) => [
      name + suffix,
      new Set([...labels, ...ofAll, "instance", "job"])
    ])
  )
)

/** What the code has, whatever its attributes. */
const defined = Object.values(Metrics)
  .flatMap((metric): ReadonlyArray<unknown> =>
    typeof metric === "function" ? [metric({})] : Metric.isMetric(metric) ? [metric] : Object.values(metric)
  )
  .filter((metric) => Metric.isMetric(metric))

/** All that have anything to count: what is seen of them is seen of any. */
const configuration = `
  pyroscope.receive_http "in" {
    http {
      listen_address = "127.0.0.1"
      listen_port    = 0
    }
    forward_to = [pyroscope.relabel.none.receiver]
  }
  pyroscope.relabel "none" {
    forward_to = [pyroscope.write.out.receiver, pyroscope.write.nowhere.receiver]
  }
  pyroscope.write "out" {
    endpoint {
      url  = "http://127.0.0.1:1"
      name = "first"
    }
  }
  pyroscope.write "nowhere" {}
  pyroscope.scrape "targets" {
    targets    = [{ __address__ = "127.0.0.1:1", service_name = "shop" }]
    forward_to = []
  }
  pyroduct.sink "kept" {
    http {
      listen_port = 0
    }
  }
  local.file "read" {
    filename = ${JSON.stringify(`${root}LICENSE`)}
  }
`

/** Of each metric its type and its labels, but for those that all of a component have. */
const shown = (text: string): ReadonlyMap<string, { readonly type: string; readonly labels: ReadonlySet<string> }> => {
  const all = new Map(
    Array.from(text.matchAll(/^# TYPE (\w+) (\w+)$/gm), ([, name, type]) => [
      name!,
      { type: type!, labels: new Set<string>() }
    ])
  )
  for (const [, series, labels] of text.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    const family = all.get(series!) ?? all.get(series!.replace(/_(bucket|sum|count)$/, ""))
    for (const [, label] of labels!.matchAll(/(?:^|,)(\w+)="/g)) {
      if (!ofAll.has(label!)) family!.labels.add(label!)
    }
  }
  return all
}

const unitOf = (name: string): string => {
  if (/_latency$|_seconds(_total)?$/.test(name)) return "seconds"
  return /_bytes(_total)?$/.test(name) ? "bytes" : ""
}

describe("docs/metrics.md", () => {
  it("has every metric of the code, and no other, with its words", () => {
    assert.deepStrictEqual(
      rows.map(({ meaning, name, type }) => `${name} ${type}: ${meaning}`).sort(),
      defined.map(({ description, id, type }) => `${id} ${type.toLowerCase()}: ${description}`).sort()
    )
    for (const { name, unit } of rows) assert.strictEqual(unit, unitOf(name), name)
  })

  it.live("has every metric that a running engine shows, and no other, with its labels", () =>
    Effect.gen(function*() {
      const engine = yield* startBinary(configuration)
      for (const id of ["pyroscope.receive_http.in", "pyroduct.sink.kept"]) {
        yield* send(`${yield* engine.listening(id)}/nowhere`)
      }
      const { body } = yield* send(`${engine.url}/metrics`, { method: "GET" })
      const all = Array.from(shown(body), ([name, { labels, type }]) => `${name} ${type} ${[...labels].sort().join()}`)
      assert.deepStrictEqual(
        rows.map(({ labels, name, type }) => `${name} ${type} ${labels.join()}`).sort(),
        all.sort()
      )
    }), 60_000)
})

describe("a page", () => {
  /** Some name what all of a family begin with, and one those of another program. */
  const names =
    /\b(?:pyroscope_(?:write|receive|scrape|relabel)|pyroduct_(?:config|component|build|discarded|sink))_\w+/g

  it("names no metric that there is not", () => {
    const all = [...known.keys()]
    const wrong = pages.filter(({ path }) => path !== "CHANGELOG.md").flatMap(({ path, text }) =>
      Array.from(text.matchAll(names), ([name]) => name)
        .filter((name) => !all.some((known) => known.startsWith(name)))
        .map((name) => `${path}: ${name}`)
    )
    assert.deepStrictEqual(wrong, [])
  })
})

// ---- What is asked of them ----

/** Of a series that Prometheus makes itself. */
const ofPrometheus = new Set(["up"])

/** Of the language of queries, as far as they use it. */
const words = new Set(
  "by on and unless sum max count rate increase changes max_over_time histogram_quantile".split(" ")
)

/** Names of metrics that a query asks for and that there are not, or labels that none of them has. */
const mistakesIn = (query: string): ReadonlyArray<string> => {
  const bare = query.replace(/"[^"]*"/g, "\"\"").replace(/\$\w+|\[[^\]]*\]/g, " ")
  const lists = /\{([^}]*)\}|\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g
  const labels = Array.from(bare.matchAll(lists), ([, matchers, names]) => matchers ?? names!)
    .flatMap((list) => list.match(/[A-Za-z_]\w*/g) ?? [])
  const names = (bare.replace(lists, " ").match(/[A-Za-z_:][\w:]*/g) ?? []).filter((name) => !words.has(name))
  const metrics = names.filter((name) => !ofPrometheus.has(name))
  const had = new Set(metrics.flatMap((name) => [...known.get(name) ?? []]))
  return [
    ...metrics.filter((name) => !known.has(name)).map((name) => `no metric ${name} in ${query}`),
    ...labels.filter((label) => !had.has(label) && label !== "instance" && label !== "job")
      .map((label) => `no label ${label} in ${query}`)
  ]
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const rules: ReadonlyArray<Rule> = (Yaml.parse(read("docs/monitoring/alerts.yaml")) as {
  readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<Rule> }>
}).groups.flatMap(({ rules }) => rules)

describe("docs/monitoring/alerts.yaml", () => {
  it("asks for metrics and labels that there are, and says what to do", () => {
    for (const { alert, annotations, expr, labels } of rules) {
      assert.deepStrictEqual(mistakesIn(expr), [], alert)
      assert.include(["critical", "warning"], labels["severity"], alert)
      for (const text of ["summary", "description", "runbook"]) {
        assert.isNotEmpty(annotations[text], `${alert}: ${text}`)
      }
      const [, path, anchor] = /^(docs\/[\w-]+\.md)(?:#([\w-]+))?/.exec(annotations["runbook"]!)!
      const page = pages.find((page) => page.path === path)
      assert.isDefined(page, alert)
      if (anchor !== undefined) assert.isTrue(anchorsOf(page!).has(anchor), annotations["runbook"])
    }
  })

  it("has each alert in its README, and no other", () => {
    const told = Array.from(read("docs/monitoring/README.md").matchAll(/^\| `(Pyroduct\w+)`/gm), ([, name]) => name)
    assert.deepStrictEqual(told.sort(), rules.map(({ alert }) => alert).sort())
  })

  const hasPromtool = spawnSync("promtool", ["--version"]).status === 0
  if (!hasPromtool) process.stderr.write("no promtool: the alert rules are not tried with it\n")
  it.skipIf(!hasPromtool)("fires as its tests say, by promtool", () => {
    for (const args of [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]]) {
      const { status, stderr, stdout } = spawnSync("promtool", args, {
        cwd: `${root}docs/monitoring`,
        encoding: "utf8"
      })
      assert.strictEqual(status, 0, stdout + stderr)
    }
  }, 60_000)
})

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: ReadonlyArray<{ readonly expr: string; readonly refId: string }>
}

const dashboard = JSON.parse(read("docs/monitoring/dashboard.json")) as {
  readonly panels: ReadonlyArray<Panel>
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string; readonly query?: unknown }> }
}

describe("docs/monitoring/dashboard.json", () => {
  const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

  it("asks for metrics and labels that there are, and shows all that an operator looks for", () => {
    for (const query of queries) assert.deepStrictEqual(mistakesIn(query), [])
    const asked = queries.join("\n")
    for (const name of known.keys()) {
      if (/^pyroscope_(write|receive|scrape)/.test(name) && !/_(sum|count|bucket)$/.test(name)) {
        assert.include(asked, name)
      }
    }
  })

  it("has variables for all that its panels are narrowed down by, and panels that do not overlap", () => {
    const variables = dashboard.templating.list.map(({ name }) => name)
    const used = new Set(Array.from(JSON.stringify(dashboard).matchAll(/\$\{?(\w+)\}?/g), ([, name]) => name!))
    for (const name of used) if (!name.startsWith("__")) assert.include(variables, name)
    const taken = new Set<string>()
    for (const { gridPos: { h, w, x, y }, title } of dashboard.panels) {
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          assert.isFalse(taken.has(`${column} ${row}`), title)
          taken.add(`${column} ${row}`)
        }
      }
      assert.isAtMost(x + w, 24)
    }
    const ids = dashboard.panels.map(({ id }) => id)
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("has a source, a title and a meaning for every panel", () => {
    for (const { datasource, description, title, type } of dashboard.panels) {
      assert.isNotEmpty(title)
      if (type === "row") continue
      assert.strictEqual(datasource?.uid, "${datasource}", title)
      assert.isNotEmpty(description, title)
    }
  })
})

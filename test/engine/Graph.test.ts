import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Graph from "../../src/engine/Graph.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Parser from "../../src/syntax/Parser.ts"
import * as Source from "../../src/syntax/Source.ts"
import { problem } from "../syntax/notation.ts"
import * as components from "./components.ts"

const registry = Registry.make(components.noting("store", []), components.noting("my.source", []))

const graph = (options: Graph.Options, ...texts: ReadonlyArray<string>) =>
  Graph.make(
    texts.map((text, index) =>
      Result.getOrThrowWith(
        Parser.parse(Source.make(`${index}.alloy`, text)),
        (diagnostics) => new Error(diagnostics.map(problem).join("; "))
      )
    ),
    registry,
    new Set(["env"]),
    undefined,
    options
  )

const problems = (...texts: ReadonlyArray<string>) =>
  graph({}, ...texts).problems.map((diagnostic) => `${diagnostic.file}:${problem(diagnostic)}`)

/** The blocks in the order to start them, with what each depends on. */
const order = (text: string) => {
  const { nodes, problems } = graph({}, text)
  assert.deepStrictEqual(problems, [])
  return nodes.map(({ dependencies, id }) => [id, ...dependencies.map((node) => node.id)].join(" "))
}

describe("Graph", () => {
  it("identifies a block by its name and its label", () => {
    const { nodes } = graph({}, "my.source \"a\" { }\nstore \"a\" { }")
    assert.deepStrictEqual(nodes.map(({ component, file, id }) => [id, component.name, file]), [
      ["my.source.a", "my.source", "0.alloy"],
      ["store.a", "store", "0.alloy"]
    ])
  })

  it("depends on every block that is referred to, wherever the reference stands", () => {
    assert.deepStrictEqual(
      order(`
        my.source "s" {
          to    = [store.a.out, env.store.d.out, { x = store.b.out }["x"]]
          inner { deep { to = -(1 + env.f(store.c["out"])) } }
        }
        store "a" { }
        store "b" { }
        store "c" { }
        store "d" { }
      `),
      ["store.d", "store.a", "store.b", "store.c", "my.source.s store.a store.b store.c"]
    )
  })

  it("does not take a key or a text for a reference", () => {
    assert.deepStrictEqual(order("store \"a\" { x = { store = \"store.b.out\" } }\nstore \"b\" { }"), [
      "store.a",
      "store.b"
    ])
  })

  it("finds references across files", () => {
    const { nodes, problems } = graph({}, "my.source \"s\" { to = [store.a.out] }", "store \"a\" { }")
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual(nodes.map(({ file, id }) => `${id} ${file}`), ["store.a 1.alloy", "my.source.s 0.alloy"])
  })

  it("starts what stands alone first, then dependencies before dependents, as they stand in the text", () => {
    assert.deepStrictEqual(
      order(`
        store "c" { to = [store.b.out] }
        store "b" { to = [store.a.out] }
        store "z" { }
        store "a" { }
        my.source "s" { to = [store.c.out, store.a.out] }
      `),
      ["store.z", "store.a", "store.b store.a", "store.c store.b", "my.source.s store.c store.a"]
    )
  })

  it("stops every source before anything that sources send to, however long their ways", () => {
    const ids = order(`
      my.source "near" { to = [store.end.out] }
      my.source "far" { to = [store.middle.out] }
      store "middle" { to = [store.beforeEnd.out] }
      store "beforeEnd" { to = [store.end.out] }
      store "end" { }
      my.source "alone" { }
    `).map((line) => line.split(" ")[0]!)
    assert.deepStrictEqual(ids, [
      "my.source.alone",
      "store.end",
      "store.beforeEnd",
      "store.middle",
      "my.source.near",
      "my.source.far"
    ])
  })

  it("knows its components", () => {
    assert.deepStrictEqual(problems("nothing.like \"it\" { }\nstor \"a\" { }"), [
      "0.alloy:1:1-1:12 cannot find the definition of component name \"nothing.like\"",
      "0.alloy:2:1-2:4 cannot find the definition of component name \"stor\"; did you mean \"store\"?"
    ])
  })

  it("makes the texts of so many problems as are shown", () => {
    const many = Array.from({ length: 2000 }, (_, index) => `my.source "a${index}" { to = [store.b${index}.out] }`)
    let texts = 0
    const { problems } = Graph.make(
      [Result.getOrThrow(Parser.parse(Source.make("many", many.join("\n"))))],
      registry,
      new Set(),
      () => ++texts > 0
    )
    assert.deepStrictEqual([problems.length, problems.at(-1)?.count, texts], [101, 1900, 100])
  })

  it("tells what others have and pyroduct has not from what nobody knows", () => {
    assert.deepStrictEqual(
      problems(
        [
          "pyroscope.ebpf \"a\" { }",
          "logging { }",
          "prometheus.scrape \"a\" { to = [no.such.thing] }",
          "phlare.write \"a\" { }",
          "remote.kubernetes.secret \"a\" { }",
          "discovery.new \"a\" { }",
          "pyroscope.writer \"a\" { }",
          "pyroscope \"a\" { }"
        ].join("\n")
      ),
      [
        "0.alloy:1:1-1:14 \"pyroscope.ebpf\" is not a component of pyroduct, which has none of pyroscope.*",
        "0.alloy:2:1-2:7 block \"logging\" is not supported by pyroduct yet",
        "0.alloy:3:1-3:17 \"prometheus.scrape\" is not a component of pyroduct, which has none of prometheus.*",
        "0.alloy:4:1-4:12 \"phlare.write\" has become \"pyroscope.write\"",
        "0.alloy:5:1-5:24 \"remote.kubernetes.secret\" is not a component of pyroduct, which has none of remote.*",
        "0.alloy:6:1-6:13 \"discovery.new\" is not a component of pyroduct, which has none of discovery.*",
        "0.alloy:7:1-7:16 cannot find the definition of component name \"pyroscope.writer\"",
        "0.alloy:8:1-8:9 cannot find the definition of component name \"pyroscope\""
      ]
    )
  })

  it("does not take blocks of a module's for unknown components, nor references to them for wrong ones", () => {
    assert.deepStrictEqual(
      problems(`declare "feature" { argument "x" { }
  what "ever" { to = [argument.x.value] }
}
import.file "ns" { }
feature "one" { to = [not.looked.at] }
ns.thing "two" { }
store "a" { to = [feature.one.out, ns.thing.two.out, feature.three.out] }`),
      [
        "0.alloy:1:1-1:7 block \"declare\" is not supported by pyroduct yet",
        "0.alloy:4:1-4:11 block \"import.file\" is not supported by pyroduct yet",
        "0.alloy:7:54-7:70 component \"feature.three.out\" does not exist or is out of scope"
      ]
    )
  })

  describe("with foreign components ignored", () => {
    const ignoring = (text: string) => {
      const { ignored, nodes, problems } = graph({ foreign: "ignore" }, text)
      return {
        nodes: nodes.map(({ id }) => id),
        ignored: ignored.map(({ id, reason }) => `${id}: ${reason}`),
        problems: problems.map(problem)
      }
    }
    const none = (name: string) => `"${name}" is not a component of pyroduct, which has none of ${name.split(".")[0]}.*`

    it("leaves out what only they use, and looks into nothing of it", () => {
      assert.deepStrictEqual(
        ignoring(`
          store "far" { }
          store "near" { to = [store.far.out, store.shared.out, no.such.thing] }
          store "shared" { }
          prometheus.scrape "a" { to = [store.near.out, prometheus.remote_write.b.receiver, nobody.knows] }
          prometheus.remote_write "b" { to = [store.near.out] }
          my.source "s" { to = [store.shared.out] }
          store "alone" { }
        `),
        {
          nodes: ["store.alone", "store.shared", "my.source.s"],
          ignored: [
            `prometheus.scrape.a: ${none("prometheus.scrape")}`,
            `prometheus.remote_write.b: ${none("prometheus.remote_write")}`,
            "store.far: only what is left out refers to it",
            "store.near: only what is left out refers to it"
          ],
          problems: []
        }
      )
    })

    it("finds it a problem to refer to one", () => {
      assert.deepStrictEqual(ignoring("store \"a\" { to = [loki.write.b.receiver] }\nloki.write \"b\" { }").problems, [
        "1:19-1:39 \"loki.write.b\" is left out, as it is not a component of pyroduct: nothing can refer to it"
      ])
    })

    it("still knows mistakes, names that have changed, and what is no component", () => {
      assert.deepStrictEqual(
        ignoring("pyroscope.writer \"a\" { }\nphlare.scrape \"a\" { }\nforeach \"a\" { }").problems,
        [
          "1:1-1:16 cannot find the definition of component name \"pyroscope.writer\"",
          "2:1-2:13 \"phlare.scrape\" has become \"pyroscope.scrape\"",
          "3:1-3:7 block \"foreach\" is not supported by pyroduct yet"
        ]
      )
    })
  })

  it("wants a label, and no attribute outside of blocks", () => {
    assert.deepStrictEqual(problems("my.source { }\nstore \"\" { }\nlevel = 1"), [
      "0.alloy:1:1-1:9 component \"my.source\" must have a label",
      "0.alloy:2:1-2:5 component \"store\" must have a label",
      "0.alloy:3:1-3:5 unrecognized attribute level"
    ])
  })

  it("takes an id once, in all files together", () => {
    assert.deepStrictEqual(problems("\nmy.source \"a\" { }\nmy.source \"a\" { }", "  my.source \"a\" { }"), [
      "0.alloy:3:1-3:13 block my.source.a already declared at 0.alloy:2:1",
      "1.alloy:1:3-1:15 block my.source.a already declared at 0.alloy:2:1"
    ])
  })

  it("finds references that lead nowhere", () => {
    assert.deepStrictEqual(problems("store \"a\" { to = [store.b.out, x, env.HOME, f(y.z)[w].v] }"), [
      "0.alloy:1:19-1:29 component \"store.b.out\" does not exist or is out of scope",
      "0.alloy:1:32 component \"x\" does not exist or is out of scope",
      "0.alloy:1:45 component \"f\" does not exist or is out of scope",
      "0.alloy:1:47-1:49 component \"y.z\" does not exist or is out of scope",
      "0.alloy:1:52 component \"w\" does not exist or is out of scope"
    ])
  })

  it("does not blame a reference for what is wrong with the block it leads to", () => {
    assert.deepStrictEqual(problems("store \"a\" { to = [what.b.out] }\nwhat \"b\" { }"), [
      "0.alloy:2:1-2:4 cannot find the definition of component name \"what\""
    ])
  })

  it("finds a cycle once, at the member that stands first, and not who leads into it", () => {
    assert.deepStrictEqual(
      problems(`store "b" { to = [store.a.out] }
store "a" { to = [store.c.out] }
store "c" { to = [store.b.out] }
my.source "s" { to = [store.a.out] }
store "x" { to = [store.x.out] }`),
      [
        "0.alloy:1:1-1:5 cycle detected: store.a, store.b, store.c",
        "0.alloy:5:1-5:5 cannot reference self"
      ]
    )
  })

  it("tells two cycles apart, though one leads to the other", () => {
    assert.deepStrictEqual(
      problems(`store "a" { to = [store.b.out] }
store "b" { to = [store.a.out, store.c.out] }
store "c" { to = [store.d.out] }
store "d" { to = [store.c.out] }`).map((line) => line.split(": ")[1]),
      ["store.a, store.b", "store.c, store.d"]
    )
  })

  const ring = (size: number): string =>
    Array.from({ length: size }, (_, i) => `store "n${i}" { to = [store.n${(i + 1) % size}.out] }`).join("\n")

  it("names few members of a long cycle", () => {
    assert.match(
      problems(ring(500)).join("\n"),
      /^0\.alloy:1:1-1:5 cycle detected: (store\.n\d+(, )?){10} and 490 more$/
    )
  })

  it("follows chains of any length", () => {
    const size = 10_000
    assert.lengthOf(problems(ring(size)), 1)
    const { nodes } = graph({}, `${ring(size).replace(/\n.*$/, "")}\nstore "n${size - 1}" { }`)
    assert.deepStrictEqual([nodes.length, nodes[0]?.id, nodes.at(-1)?.id], [size, `store.n${size - 1}`, "store.n0"])
  })

  it("looks into blocks that have no label, or the id of another", () => {
    assert.deepStrictEqual(problems("store { to = [store.no.out] }\nstore \"a\" { }\nstore \"a\" { to = [b.c] }"), [
      "0.alloy:1:1-1:5 component \"store\" must have a label",
      "0.alloy:3:1-3:9 block store.a already declared at 0.alloy:2:1",
      "0.alloy:1:15-1:26 component \"store.no.out\" does not exist or is out of scope",
      "0.alloy:3:19-3:21 component \"b.c\" does not exist or is out of scope"
    ])
  })
})

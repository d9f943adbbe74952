import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stdio, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as ConfigFile from "../../src/cli/ConfigFile.ts"
import { temporaryDirectory } from "../support/engine.ts"

type Entry = string | Uint8Array | { readonly link: string } | { readonly directory: true }

const directory = (entries: Readonly<Record<string, Entry>>) =>
  Effect.gen(function*() {
    const path = yield* temporaryDirectory
    for (const [name, entry] of Object.entries(entries)) {
      const at = join(path, name)
      yield* Effect.promise(async () => {
        if (typeof entry === "string" || entry instanceof Uint8Array) await writeFile(at, entry)
        else if ("link" in entry) await symlink(entry.link, at)
        else await mkdir(at)
      })
    }
    return path
  })

/** The sources by name, relative to the directory, or the problems. */
const read = (path: string, reading = ConfigFile.read) =>
  reading(path).pipe(
    Effect.map((sources) => sources.map(({ bytes, name }) => [name, Buffer.from(bytes).toString()])),
    Effect.catchTag("Unreadable", ({ problems }) => Effect.succeed(problems)),
    Effect.provide(NodeServices.layer)
  )

const input = (text: string | Uint8Array) =>
  Stdio.layerTest({ stdin: Stream.succeed(typeof text === "string" ? Buffer.from(text) : text) })

describe("ConfigFile", () => {
  it.live("reads one file, whatever its name and its kind", () =>
    Effect.gen(function*() {
      const path = yield* directory({ "config": "1", "linked": { link: "config" } })
      assert.deepStrictEqual(yield* read(join(path, "config")), [[join(path, "config"), "1"]])
      assert.deepStrictEqual(yield* read(join(path, "linked")), [[join(path, "linked"), "1"]])
      const pipe = join(path, "pipe")
      execFileSync("mkfifo", [pipe])
      const [text] = yield* Effect.all([read(pipe), Effect.promise(() => writeFile(pipe, "piped"))], { concurrency: 2 })
      assert.deepStrictEqual(text, [[pipe, "piped"]])
    }))

  it.live("reads the files of a directory in the order of their bytes, hidden and linked ones too", () =>
    Effect.gen(function*() {
      const path = yield* directory({
        "b.alloy": "b",
        "B.river": "B",
        "\u{10000}.alloy": "beyond the first plane",
        "\uffff.alloy": "its last",
        ".a.alloy": "hidden",
        "l.alloy": { link: "elsewhere" },
        "elsewhere": "linked",
        "d.alloy": { directory: true },
        ".#b.alloy": { link: "user@host.1" },
        "b.alloy~": "before"
      })
      const linked = yield* directory({ it: { link: path } })
      const expected: ReadonlyArray<readonly [string, string]> = [
        [".a.alloy", "hidden"],
        ["B.river", "B"],
        ["b.alloy", "b"],
        ["l.alloy", "linked"],
        ["\uffff.alloy", "its last"],
        ["\u{10000}.alloy", "beyond the first plane"]
      ]
      for (const at of [path, `${path}/`, join(linked, "it")]) {
        assert.deepStrictEqual(yield* read(at), expected.map(([name, text]) => [join(at, name), text]))
      }
      assert.deepStrictEqual(yield* read(linked), [])
    }))

  it.live("names everything that it cannot read", () =>
    Effect.gen(function*() {
      const path = yield* directory({
        "a.alloy": "fine",
        "gone.alloy": { link: "nowhere" },
        "latin1.alloy": Buffer.from("// ä", "latin1"),
        "secret.alloy": "not yours"
      })
      yield* Effect.promise(() => chmod(join(path, "secret.alloy"), 0))
      const problems = yield* read(path)
      assert.deepStrictEqual(problems.slice(0, 2), [
        `reading config path "${path}/gone.alloy": ENOENT: no such file or directory`,
        `${path}/latin1.alloy: unknown encoding for config`
      ])
      // To the superuser nothing is closed.
      assert.deepStrictEqual(
        problems.slice(2),
        process.getuid?.() === 0 ? [] : [`reading config path "${path}/secret.alloy": EACCES: permission denied`]
      )
      assert.deepStrictEqual(yield* read(join(path, "missing")), [
        `reading config path "${path}/missing": ENOENT: no such file or directory`
      ])
    }))

  it.live("reads no more than a configuration may have, in all files together", () =>
    Effect.gen(function*() {
      const half = new Uint8Array(2 * 1024 * 1024).fill(0x20)
      const path = yield* directory({ "a.alloy": half, "b.alloy": half })
      assert.lengthOf(yield* read(path), 2)
      yield* Effect.promise(() => writeFile(join(path, "c.alloy"), " "))
      const refused = (name: string) => [
        `reading config path "${name}": larger than 4 MiB, which no configuration is`
      ]
      assert.deepStrictEqual(yield* read(path), refused(path))
      assert.deepStrictEqual(yield* read("/dev/zero"), refused("/dev/zero"))
    }))

  it.live("reads standard input, once", () =>
    Effect.gen(function*() {
      const given = (text: string | Uint8Array) =>
        ConfigFile.read("-").pipe(
          Effect.map((sources) => sources.flatMap(({ bytes, name }) => [name, Buffer.from(bytes).toString()])),
          Effect.catchTag("Unreadable", ({ message }) => Effect.succeed(message)),
          Effect.provide(Layer.merge(NodeServices.layer, input(text)))
        )
      assert.deepStrictEqual(yield* given("text"), ["<stdin>", "text"])
      assert.deepStrictEqual(yield* given(""), [])
      assert.deepStrictEqual(
        yield* given(Buffer.from("ä", "latin1")),
        "<stdin>: unknown encoding for config"
      )
      assert.deepStrictEqual(yield* read("-", ConfigFile.readAgain), [
        "standard input has been read, and cannot be read again"
      ])
    }))
})

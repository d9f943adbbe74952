/**
 * What docs/sdks.md has to send with, sends.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger } from "effect"
import { execFile, spawnSync } from "node:child_process"
import { symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Receipt from "../../src/delivery/Receipt.ts"
import * as Receiver from "../../src/delivery/Receiver.ts"
import type * as Profile from "../../src/profile/Profile.ts"
import * as Address from "../../src/server/Address.ts"
import * as ReceiveHttp from "../../src/server/ReceiveHttp.ts"
import { temporaryDirectory } from "../support/engine.ts"
import { makePprof } from "../support/pprof.ts"
import { pages, root } from "./pages.ts"

const page = pages.find(({ path }) => path === "docs/sdks.md")!

/** The blocks under a heading. */
const blocksUnder = (heading: string) => {
  const lines = page.prose.split("\n")
  const start = lines.indexOf(`## ${heading}`)
  assert.isAtLeast(start, 0)
  const end = lines.findIndex((line, index) => index > start && line.startsWith("## "))
  return page.blocks.filter(({ line }) => line > start && (end < 0 || line < end)).map(({ text }) => text)
}

/** On a free port, and the profiles that come. */
const receiving = Effect.gen(function*() {
  const profiles: Array<Profile.Profile> = []
  const receiver = Receiver.make((profile) => Effect.as(Effect.sync(() => profiles.push(profile)), Receipt.none))
  const context = yield* Layer.build(
    ReceiveHttp.layer({ host: "127.0.0.1", port: 0 }).pipe(
      Layer.provide([Layer.succeed(Receiver.Receiver, receiver), Logger.layer([])])
    )
  )
  return { profiles, address: Address.format(Context.get(context, ReceiveHttp.ReceiveHttp).address) }
})

const elsewhere = (text: string, address: string): string => {
  assert.include(text, "127.0.0.1:9999")
  return text.replaceAll("127.0.0.1:9999", address)
}

const run = (program: string, args: ReadonlyArray<string>, cwd: string) =>
  Effect.promise(() => promisify(execFile)(program, args, { cwd }))

const labelsOf = (profile: Profile.Profile): Record<string, string> => Object.fromEntries(profile.labels)

const hasCurl = spawnSync("curl", ["--version"]).status === 0

describe("docs/sdks.md", () => {
  it.live.runIf(hasCurl)("sends with curl in three ways", () =>
    Effect.gen(function*() {
      const { address, profiles } = yield* receiving
      const cwd = yield* temporaryDirectory
      const pprof = makePprof({ gzip: true })
      yield* Effect.promise(() => writeFile(join(cwd, "cpu.pb.gz"), pprof))
      const blocks = blocksUnder("curl")
      for (const text of blocks) {
        yield* run("sh", ["-ec", elsewhere(text, address).replaceAll("curl ", "curl --fail ")], cwd)
      }
      assert.deepStrictEqual(profiles.map(labelsOf), [
        { __name__: "shop", service_name: "shop" },
        { __name__: "shop.cpu", region: "eu-1", service_name: "shop" },
        { __name__: "process_cpu", service_name: "shop" }
      ])
    }))

  it.live("sends with the SDK for Node.js", () =>
    Effect.gen(function*() {
      const { address, profiles } = yield* receiving
      const cwd = yield* temporaryDirectory
      const [snippet] = blocksUnder("Node.js")
      yield* Effect.promise(async () => {
        await symlink(join(root, "node_modules"), join(cwd, "node_modules"))
        // What is measured when it stops is sent.
        await writeFile(
          join(cwd, "shop.mjs"),
          `${elsewhere(snippet!, address)}
           for (let at = performance.now(); performance.now() - at < 200;);
           await Pyroscope.stop()
           process.exit()`
        )
      })
      yield* run(process.execPath, ["shop.mjs"], cwd)
      assert.isNotEmpty(profiles)
      for (const profile of profiles) assert.deepInclude(labelsOf(profile), { service_name: "shop", region: "eu-1" })
    }))
})

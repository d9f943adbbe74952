import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { promisify } from "node:util"

/** Makes sixty megabytes of buffers, slowly, each done with at once, and says how many megabytes it held at most. */
const program = `
  await import(${JSON.stringify(new URL("../../src/cli/Heap.ts", import.meta.url).href)})
  let most = 0
  for (let i = 0; i < 30; i++) {
    for (let j = 0; j < 2; j++) Buffer.alloc(2 ** 20)
    most = Math.max(most, process.memoryUsage().arrayBuffers / 2 ** 20)
    await new Promise((resolve) => setTimeout(resolve, 60))
  }
  console.log(most)
`

describe("Heap", () => {
  it("frees buffers that are done with, however few objects there are", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program])
    assert.isBelow(Number(stdout), 30)
  })
})

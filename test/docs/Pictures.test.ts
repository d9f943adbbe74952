/**
 * What the pictures show is so.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { filesIn, pages, root } from "./pages.ts"

const read = (path: string): string => readFileSync(join(root, path), "utf8")

const pictures = filesIn("docs/pictures").filter((path) => path.endsWith(".svg"))

describe("a picture", () => {
  for (const path of pictures) {
    it(`is shown on a page, says what it shows, and has colours for the dark: ${path}`, () => {
      assert.isTrue(pages.some(({ text }) => text.includes(`pictures/${posix.basename(path)}`)))
      assert.match(read(path), /<title id=.*<desc id=.*@media \(prefers-color-scheme: dark\)/s)
    })
  }
})

interface Room {
  readonly name: string
  /** Which of the two sides that know nothing of each other it is on, if it is on one. */
  readonly side: string
  readonly top: number
}

const house: ReadonlyArray<Room> = [
  ...read("docs/pictures/house.svg").matchAll(
    /<g class="room ?(\w*)" id="(\w+)">\s*<(?:rect x="\S+" y="([\d.]+)"|path)/g
  )
].map(([, side, name, top]) => ({ name: name!, side: side!, top: Number(top ?? 0) }))

const room = (name: string): Room => house.find((room) => room.name === name)!

/** What each room imports of others. */
const imports = (): ReadonlyArray<{ readonly from: Room; readonly to: Room; readonly path: string }> =>
  filesIn("src").filter((path) => path.endsWith(".ts")).flatMap((path) => {
    const [, from, inside] = path.split("/") as [string, string, string?]
    if (inside === undefined) return []
    return [...read(path).matchAll(/(?:from|import) ?\(?"(\.[^"]+)"/g)]
      .map(([, module]) => posix.join(posix.dirname(path), module!).split("/"))
      .filter(([, to, inside]) => to !== from && inside !== undefined)
      .map(([, to]) => ({ from: room(from), to: room(to!), path }))
  })

describe("the picture of the house", () => {
  it("has a room for every folder of src, and no other", () => {
    const folders = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    assert.deepStrictEqual(house.map(({ name }) => name).sort(), folders.map(({ name }) => name).sort())
  })

  it("has below each room those that it imports, and the two sides apart", () => {
    const wrong = imports().filter(({ from, to }) =>
      to.top <= from.top || (from.side !== "" && to.side !== "" && from.side !== to.side)
    )
    assert.deepStrictEqual(wrong.map(({ path, to }) => `${path} imports ${to.name}`), [])
  })

  it("is in CONTRIBUTING, with a line for each room", () => {
    const lines = [...read("CONTRIBUTING.md").matchAll(/^\| `(\w+)\/` \|/gm)].map(([, name]) => name)
    assert.deepStrictEqual(lines.sort(), house.map(({ name }) => name).sort())
  })
})

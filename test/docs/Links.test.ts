/**
 * What pages link to is there. What is elsewhere is looked at for its form only.
 */
import { assert, describe, it } from "@effect/vitest"
import { statSync } from "node:fs"
import { posix } from "node:path"
import manifest from "../../package.json" with { type: "json" }
import { anchorsOf, filesIn, linksOf, type Page, pages, root } from "./pages.ts"

/** What a page may refer to besides this repository. */
const elsewhere = [
  "https://docs.github.com/",
  "https://effect.website",
  "https://github.com/google/pprof",
  "https://github.com/google/re2/",
  "https://github.com/grafana/",
  "https://grafana.com/docs/",
  "https://nodejs.org/",
  "https://opentelemetry.io/",
  "https://prometheus.io/docs/"
]

const anchors = new Map(pages.map((page) => [page.path, anchorsOf(page)]))

const kindOf = (path: string): "file" | "folder" | undefined => {
  const found = statSync(posix.join(root, path), { throwIfNoEntry: false })
  return found === undefined ? undefined : found.isDirectory() ? "folder" : "file"
}

/** What is wrong with a link of a page, if anything is. */
const faultOf = (page: Page, target: string): string | undefined => {
  if (/^[a-z][a-z+.-]*:/i.test(target)) {
    return elsewhere.some((start) => target.startsWith(start)) ? undefined : "leads to where nothing may"
  }
  const [written, anchor] = target.split("#") as [string, string?]
  const path = written === "" ? page.path : posix.normalize(posix.join(posix.dirname(page.path), decodeURI(written)))
  const kind = kindOf(path)
  if (kind === undefined) return "leads nowhere"
  if (anchor === undefined) return undefined
  if (kind === "folder" || !path.endsWith(".md")) return "has an anchor, and leads to no page"
  return anchors.get(path)?.has(anchor) ? undefined : "has the anchor of no heading"
}

const faults = (of: (page: Page, target: string) => string | undefined) => (page: Page): ReadonlyArray<string> =>
  linksOf(page).flatMap(({ line, target }) => {
    const fault = of(page, target)
    return fault === undefined ? [] : [`${page.path}:${line}: ${target} ${fault}`]
  })

/** What is in the package, whatever its manifest says. */
const always = ["README.md", "LICENSE", "package.json"]

const isPacked = (path: string): boolean =>
  [...manifest.files, ...always].some((part) => path === part || path.startsWith(`${part}/`))

describe("a link", () => {
  it("of a page leads to a file, and to a heading of it", () => {
    assert.deepStrictEqual(pages.flatMap(faults(faultOf)), [])
  })

  it("of a page that the package has leads to what the package has", () => {
    const leavesPackage = (page: Page, target: string) => {
      const path = posix.normalize(posix.join(posix.dirname(page.path), target.split("#")[0]!))
      return target.includes(":") || target.startsWith("#") || isPacked(path) ? undefined : "is not in the package"
    }
    assert.deepStrictEqual(pages.filter(({ path }) => isPacked(path)).flatMap(faults(leavesPackage)), [])
  })

  it("is there to every page of docs/, from another page", () => {
    const linked = new Set(
      pages.flatMap((page) =>
        linksOf(page).map(({ target }) => posix.normalize(posix.join(posix.dirname(page.path), target.split("#")[0]!)))
          .filter((path) => path !== page.path)
      )
    )
    assert.deepStrictEqual(filesIn("docs").filter((path) => path.endsWith(".md") && !linked.has(path)), [])
  })

  it("is found in every form, and not in code", () => {
    const prose = [
      "[a](a.md#b \"title\") and ![a picture](b.png), [`code`](c.md) but `[no](d.md)`",
      "[reference]: e.md",
      "<img src=\"f.svg\"> <https://g.example>"
    ].join("\n")
    assert.deepStrictEqual(
      linksOf({ path: "page.md", text: prose, prose, blocks: [] }).map(({ target }) => target),
      ["a.md#b", "b.png", "c.md", "e.md", "f.svg", "https://g.example"]
    )
  })

  it("names a heading as GitHub does", () => {
    const prose = "# The engine's own: `a_b`\n\n## Run, run-time\n\n## Run, run-time\n"
    assert.deepStrictEqual([...anchorsOf({ path: "page.md", text: prose, prose, blocks: [] })], [
      "the-engines-own-a_b",
      "run-run-time",
      "run-run-time-1"
    ])
  })
})

describe("a file that a page names", () => {
  it("is in the repository", () => {
    // The pages of the past name what has been.
    const named = pages.filter(({ path }) => path !== "CHANGELOG.md").flatMap(({ path: page, prose }) =>
      [...prose.matchAll(/`((?:bench|docs|examples|src|test)\/[\w./-]*\w)`/g)].map(([, path]) => ({
        page,
        path
      }))
    )
    assert.deepStrictEqual(named.filter(({ path }) => kindOf(path!) === undefined), [])
  })
})

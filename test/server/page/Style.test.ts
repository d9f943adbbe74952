import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const style = readFileSync(new URL("../../../src/server/page/page.css", import.meta.url), "utf8")

/** By their names: those of the light page, and of the dark one. */
const [light, dark] = Array.from(
  style.matchAll(/:root \{([^}]*)\}/g),
  ([, block]) =>
    Object.fromEntries(Array.from(block!.matchAll(/--(\w+): (#\w+);/g), ([, name, color]) => [name!, color!]))
)

/** As WCAG 2.2 has them. */
const luminance = (color: string): number => {
  const digits = color.slice(1).replace(/^(.)(.)(.)$/, "$1$1$2$2$3$3")
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
    const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

const contrast = (a: string, b: string): number => {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

describe("the style of the page", () => {
  it.each([["light", light], ["dark", dark]])("has contrast enough to be read: %s", (_, colors) => {
    const texts = ["text", "muted", "link", "flow", "flame", "healthy", "unhealthy", "unknown", "exited", "ignored"]
    for (const text of texts) {
      for (const ground of ["ground", "surface", "sunken"]) {
        assert.isAtLeast(contrast(colors![text]!, colors![ground]!), 4.5, `${text} on ${ground}`)
      }
    }
    // What is in an icon, and what only has to be seen.
    for (const state of ["healthy", "unhealthy", "exited"]) {
      assert.isAtLeast(contrast(colors![state]!, colors!["on"]!), 3)
    }
    assert.isAtLeast(contrast(colors!["strong"]!, colors!["surface"]!), 3)
  })
})

/**
 * The machine's Chromium, for what only a browser can tell.
 */
import { Effect, type Scope } from "effect"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { type Browser, chromium } from "playwright-core"

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Where it is: what CHROMIUM in the environment says, or the first that is on the path. */
export const executable: string | undefined = process.env["CHROMIUM"] ??
  ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
    .flatMap((name) => (process.env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, name)))
    .find(isExecutable)

if (executable === undefined) {
  console.warn("NO BROWSER WAS TESTED: there is no Chromium on the path, and CHROMIUM in the environment names none")
}

/** Runs until the scope closes. */
export const launch: Effect.Effect<Browser, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() =>
    chromium.launch({
      executablePath: executable!,
      // Its sandbox is not for root, as whom containers run.
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : []
    })
  ),
  (browser) => Effect.promise(() => browser.close())
)

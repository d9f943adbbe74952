/**
 * What stands in files beside this module, for all pages: their style and their script.
 */
import { readFileSync } from "node:fs"

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8")

export const style = read("./page.css")
export const script = read("./page.js")

/**
 * A target as it may be shown to anybody: in logs, the API and the page.
 */
import * as Secrets from "../transport/Secrets.ts"
import type { Target } from "./Target.ts"

/** Without user info. */
export const origin = ({ origin }: Pick<Target, "origin">): string =>
  origin.includes("@") ? origin.replace(/\/\/[^/]*@/, "//") : origin

/** Parameters say how a profile is taken, or they may be a token. */
const isHarmless = (parameter: string): boolean => /^(seconds|debug|gc)=\d*$/.test(parameter)

const parametersOf = (path: string): ReadonlyArray<string> =>
  path.includes("?") ? path.slice(path.indexOf("?") + 1).split("&") : []

/** Its URL, of which parameters are shown with their values where these are harmless. */
export const url = (target: Pick<Target, "origin" | "path">): string => {
  const [path] = target.path.split("?", 1)
  const query = parametersOf(target.path).map((parameter) =>
    isHarmless(parameter) ? parameter : `${parameter.split("=", 1)[0]}=***`
  )
  return `${origin(target)}${path}${query.length === 0 ? "" : `?${query.join("&")}`}`
}

/** Why it could not be scraped, which may repeat what it was asked. */
export const error = ({ path }: Pick<Target, "path">, message: string): string => {
  const hidden = parametersOf(path).filter((parameter) => !isHarmless(parameter))
  return hidden.length === 0 ? message : Secrets.scrub(message, new URLSearchParams(hidden.join("&")).values())
}

/** The labels that its profiles have for everybody: those that begin with `__` are for rules, or say where it is. */
export const labels = ({ common }: Pick<Target, "common">): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from(common).filter(([name]) => !name.startsWith("__")))

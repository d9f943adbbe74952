/**
 * A target as it may be shown to anybody: in logs, the API and the page.
 */
import type { Target } from "./Target.ts"

const masked = "***"

/** Without user info. */
export const origin = ({ origin }: Pick<Target, "origin">): string =>
  origin.includes("@") ? origin.replace(/\/\/[^/]*@/, "//") : origin

/**
 * Its URL. What the parameters are is shown only of those that say how a profile is taken, as others may hold a token.
 */
export const url = (target: Pick<Target, "origin" | "path">): string => {
  const { path } = target
  const start = path.indexOf("?")
  const bare = `${origin(target)}${start === -1 ? path : path.slice(0, start)}`
  if (start === -1) return bare
  const query = path.slice(start + 1).split("&").map((parameter) => {
    if (/^(seconds|debug|gc)=\d*$/.test(parameter)) return parameter
    return `${parameter.split("=", 1)[0]}=${masked}`
  })
  return `${bare}?${query.join("&")}`
}

/** The labels that its profiles have for everybody: those that begin with `__` are for rules, or say where it is. */
export const labels = ({ labels }: Pick<Target, "labels">): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from(labels).filter(([name]) => !name.startsWith("__")))

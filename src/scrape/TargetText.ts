/**
 * A target as it may be shown to anybody: in logs, the API and the page.
 */
import type { Target } from "./Target.ts"

const masked = "***"

/**
 * Its URL. What the parameters are is shown only of those that say how a profile is taken, as others may hold a token.
 */
export const url = ({ origin, path }: Pick<Target, "origin" | "path">): string => {
  const start = path.indexOf("?")
  const bare = `${origin.replace(/\/\/[^/]*@/, "//")}${start === -1 ? path : path.slice(0, start)}`
  if (start === -1) return bare
  const query = path.slice(start + 1).split("&").map((parameter) => {
    if (/^(seconds|debug|gc)=\d*$/.test(parameter)) return parameter
    const name = parameter.split("=", 1)[0]!
    return `${name}=${masked}`
  })
  return `${bare}?${query.join("&")}`
}

/** The labels that its profiles have for everybody: those that begin with `__` are for rules, or say where it is. */
export const labels = ({ labels }: Pick<Target, "labels">): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from(labels).filter(([name]) => !name.startsWith("__")))

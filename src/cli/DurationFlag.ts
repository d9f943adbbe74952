/**
 * Flags whose value is a duration as configurations write it, such as `30s`.
 */
import { Duration, Option } from "effect"
import * as GoDuration from "../evaluation/GoDuration.ts"
import * as EnvironmentFlag from "./EnvironmentFlag.ts"

export const make = (name: string, description: string, fallback: Duration.Duration) =>
  EnvironmentFlag.text(name, { ...reading, description, fallback, shown: GoDuration.format(fallback) })

/** Of which none is `shown`. */
export const optional = (name: string, description: string, shown: string) =>
  EnvironmentFlag.text<Duration.Duration | undefined>(name, { ...reading, description, fallback: undefined, shown })

const reading = {
  metavar: "duration",
  parse: (text: string) =>
    Option.filter(Option.getSuccess(GoDuration.parse(text)), (duration) => !Duration.isNegative(duration)),
  expected: "a duration such as 30s"
}

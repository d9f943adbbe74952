/**
 * Flags whose value is a duration as configurations write it, such as `30s`.
 */
import { Duration, Option } from "effect"
import * as GoDuration from "../evaluation/GoDuration.ts"
import * as EnvironmentFlag from "./EnvironmentFlag.ts"

export const make = (name: string, description: EnvironmentFlag.Description<Duration.Duration>) =>
  EnvironmentFlag.text(name, { ...reading, shown: GoDuration.format(description.fallback), ...description })

export const optional = (name: string, description: EnvironmentFlag.Description<undefined>) =>
  EnvironmentFlag.text<Duration.Duration | undefined>(name, { ...reading, ...description })

const reading = {
  metavar: "duration",
  parse: (text: string) =>
    Option.filter(Option.getSuccess(GoDuration.parse(text)), (duration) => !Duration.isNegative(duration)),
  expected: "a duration such as 30s"
}

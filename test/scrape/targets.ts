/**
 * Targets and how they are, for tests of what is seen of them.
 */
import * as Labels from "../../src/profile/Labels.ts"
import type { Target } from "../../src/scrape/Target.ts"
import * as TargetState from "../../src/scrape/TargetState.ts"

const labels = Labels.make({ __address__: "app.example:6060", instance: "app.example:6060", service_name: "app" })

export const target = (changes: Partial<Target> = {}): Target => ({
  id: "1",
  type: "memory",
  origin: "http://app.example:6060",
  path: "/debug/pprof/allocs",
  labels,
  common: labels,
  seconds: undefined,
  isCumulative: false,
  ...changes
})
export const state = (
  changes: Partial<TargetState.TargetState> = {},
  ofTarget: Partial<Target> = {}
): TargetState.TargetState => ({ ...TargetState.make(target(ofTarget)), ...changes })

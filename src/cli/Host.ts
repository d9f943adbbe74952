/**
 * What the machine and the process tell the standard library.
 */
import { hostname } from "node:os"
import * as Stdlib from "../evaluation/Stdlib.ts"
import type { Value } from "../evaluation/Value.ts"
import { version } from "../telemetry/Version.ts"

export const stdlib = (): ReadonlyMap<string, Value> =>
  Stdlib.make({
    env: (name) => process.env[name],
    hostname: hostname(),
    os: Stdlib.goName(process.platform),
    arch: Stdlib.goName(process.arch),
    version: `v${version}`
  })

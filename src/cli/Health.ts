/**
 * `pyroduct health`: asks a running engine whether it is ready, as the health check of a container.
 */
import { Duration, Effect, FileSystem, Option, Result } from "effect"
import { Command } from "effect/cli"
import * as Address from "../server/Address.ts"
import * as FileError from "../storage/FileError.ts"
import * as DurationFlag from "./DurationFlag.ts"
import * as EnvironmentFlag from "./EnvironmentFlag.ts"
import * as ListenAddress from "./ListenAddress.ts"
import { giveUp } from "./Reported.ts"

/** Read by the command: what is said of a flag shows its value, and this one may have a password. */
const url = EnvironmentFlag.text("url", {
  command: "health",
  description: "The server's URL instead: https where it has TLS, with user and password where it asks for them",
  metavar: "url",
  parse: Option.some,
  expected: "a URL",
  fallback: ""
})

const caFile = EnvironmentFlag.text("ca-file", {
  command: "health",
  description: "Authorities to trust, in PEM, instead of those that the system and Node trust",
  metavar: "path",
  parse: Option.some,
  expected: "a path",
  fallback: ""
})

export const command = Command.make(
  "health",
  {
    address: ListenAddress.flag("Where the engine's own server listens"),
    url,
    caFile,
    insecure: EnvironmentFlag.toggle("insecure", {
      command: "health",
      description: "Take any certificate, as the probes of Kubernetes do",
      fallback: false
    }),
    timeout: DurationFlag.make("timeout", {
      command: "health",
      description: "How long to wait for the answer",
      fallback: Duration.seconds(3)
    })
  },
  Effect.fnUntraced(function*({ address, caFile, url: text, ...how }) {
    const url = text === "" ? urlOf(address) : parse(text)
    if (url === undefined) return yield* giveUp("--url is no URL such as https://127.0.0.1:12345")
    const fs = yield* FileSystem.FileSystem
    const ca = caFile === "" ? undefined : yield* fs.readFileString(caFile).pipe(
      Effect.catch((error) => giveUp(`--ca-file "${caFile}": ${FileError.reasonOf(error)}`))
    )
    const { ask } = yield* Effect.promise(() => import("./Readiness.ts"))
    return yield* Effect.catch(ask({ url, ca, ...how }), ({ message }) => giveUp(message))
  })
).pipe(Command.withDescription("Ask a running engine whether it is ready; silent when it is"))

const parse = (text: string): URL | undefined => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  // Node's client decodes them.
  return Result.isSuccess(Result.try(() => [url.username, url.password].map(decodeURIComponent))) ? url : undefined
}

/** Who listens on every address is to be found on this machine's own. */
const urlOf = ({ host, port }: Address.Address): URL => {
  const isWildcard = host === "" || host === "0.0.0.0" || host === "::"
  return new URL(`http://${Address.format({ host: isWildcard ? "127.0.0.1" : host, port })}`)
}

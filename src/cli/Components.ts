/**
 * The components of the binary.
 */
import * as File from "../components/local/File.ts"
import * as SelfProfile from "../components/pyroduct/SelfProfile.ts"
import * as Sink from "../components/pyroduct/Sink.ts"
import * as ReceiveHttp from "../components/pyroscope/ReceiveHttp.ts"
import * as Write from "../components/pyroscope/Write.ts"
import * as Registry from "../engine/Registry.ts"

export const registry = Registry.make(
  Write.component,
  ReceiveHttp.component,
  SelfProfile.component,
  Sink.component,
  File.component
)

/**
 * The components of the binary.
 */
import * as DiscoveryRelabel from "../components/discovery/Relabel.ts"
import * as Http from "../components/Http.ts"
import * as LiveDebugging from "../components/LiveDebugging.ts"
import * as File from "../components/local/File.ts"
import * as Logging from "../components/Logging.ts"
import * as SelfProfile from "../components/pyroduct/SelfProfile.ts"
import * as Sink from "../components/pyroduct/Sink.ts"
import * as Enrich from "../components/pyroscope/Enrich.ts"
import * as ReceiveHttp from "../components/pyroscope/ReceiveHttp.ts"
import * as Relabel from "../components/pyroscope/Relabel.ts"
import * as Scrape from "../components/pyroscope/Scrape.ts"
import * as Write from "../components/pyroscope/Write.ts"
import * as RemoteHttp from "../components/remote/Http.ts"
import * as RemoteCfg from "../components/RemoteCfg.ts"
import * as Tracing from "../components/Tracing.ts"
import * as Registry from "../engine/Registry.ts"

/** All of them. */
export const registry = Registry.make(
  Write.component,
  ReceiveHttp.component,
  Relabel.component,
  Enrich.component,
  Scrape.component,
  SelfProfile.component,
  Sink.component,
  DiscoveryRelabel.component,
  File.component,
  RemoteHttp.component,
  Http.component,
  Logging.component,
  Tracing.component,
  LiveDebugging.component,
  RemoteCfg.component
)

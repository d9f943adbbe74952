/**
 * What the machine and the process give to an engine.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { type FileSystem, Layer } from "effect"
import { hostname } from "node:os"
import * as Lanes from "../delivery/Lanes.ts"
import * as Stdlib from "../evaluation/Stdlib.ts"
import type { Value } from "../evaluation/Value.ts"
import * as Loops from "../scrape/Loops.ts"
import { ComponentApi } from "../server/ComponentApi.ts"
import { Listener } from "../server/Listener.ts"
import { OwnServer } from "../server/OwnServer.ts"
import { version } from "../telemetry/Version.ts"
import { Transport } from "../transport/Transport.ts"

/** The standard library: `sys.env` has the variables of this process, `constants` are of this machine. */
export const stdlib = (): ReadonlyMap<string, Value> => stdlibWith()

/**
 * `unset` says what a variable is that is not set, an empty text by default.
 *
 * @internal
 */
export const stdlibWith = (unset?: (name: string) => Value): ReadonlyMap<string, Value> =>
  Stdlib.make({
    env: (name) => process.env[name],
    ...(unset && { unset }),
    hostname: hostname(),
    os: Stdlib.goName(process.platform),
    arch: Stdlib.goName(process.arch),
    version: `v${version}`
  })

/**
 * The network for components, without an own server.
 *
 * @internal
 */
export const layerNetwork: Layer.Layer<Transport | Listener | ComponentApi> = Layer.mergeAll(
  Transport.layer,
  Listener.layer,
  ComponentApi.layer,
  Lanes.layer,
  Loops.layer
)

/**
 * What the components of the binary need in an application: the network, files, and what outlives a reload. There is no
 * server of the engine's own; what components would answer there is in the `ComponentApi`.
 *
 * ```ts
 * const source = Source.make("config.alloy", text)
 * Engine.layer({ sources: [source], registry: Components.registry, stdlib: Host.stdlib() }).pipe(
 *   Layer.provide(Host.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<Transport | Listener | ComponentApi | OwnServer | FileSystem.FileSystem> = Layer
  .mergeAll(layerNetwork, OwnServer.layerNone, NodeFileSystem.layer)

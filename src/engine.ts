/**
 * pyroduct's engine as a library: the configuration language, the graph of components, the components, and what the
 * binary is made of.
 *
 * `Engine.layer` runs a configuration with the components of a `Registry`, and `reload` puts another in its place;
 * `Components.registry` has those of the binary, and `Host.stdlib` its standard library. With `Component`, `Block` and
 * `Decode` an application adds components of its own.
 */

// The engine
export * as Block from "./engine/Block.ts"
export * as Component from "./engine/Component.ts"
export { ConfigError } from "./engine/ConfigError.ts"
export * as Engine from "./engine/Engine.ts"
export * as Plan from "./engine/Plan.ts"
export * as Registry from "./engine/Registry.ts"

// The language
export * as Decode from "./evaluation/Decode.ts"
export * as Stdlib from "./evaluation/Stdlib.ts"
export * as Value from "./evaluation/Value.ts"
export * as Diagnostic from "./syntax/Diagnostic.ts"
export * as Exposure from "./syntax/Exposure.ts"
export * as Source from "./syntax/Source.ts"

// Components, in the spelling of configurations
export * as DiscoveryRelabel from "./components/discovery/Relabel.ts"
export * as HttpClient from "./components/HttpClient.ts"
export * as LocalFile from "./components/local/File.ts"
export * as SelfProfile from "./components/pyroduct/SelfProfile.ts"
export * as Sink from "./components/pyroduct/Sink.ts"
export * as Enrich from "./components/pyroscope/Enrich.ts"
export * as ReceiveHttp from "./components/pyroscope/ReceiveHttp.ts"
export * as Relabel from "./components/pyroscope/Relabel.ts"
export * as Scrape from "./components/pyroscope/Scrape.ts"
export * as Write from "./components/pyroscope/Write.ts"
export * as Receivers from "./components/Receivers.ts"
export * as RemoteHttp from "./components/remote/Http.ts"
export * as Rules from "./components/Rules.ts"
export * as Targets from "./components/Targets.ts"

// The binary
export * as Components from "./cli/Components.ts"
export * as Host from "./cli/Host.ts"

/**
 * pyroduct's engine as a library: the configuration language, the graph of components, and the components.
 *
 * `Engine.layer` runs a configuration with the components of a `Registry`, and `reload` puts another in its place.
 * `Components.registry` has those of the binary, `Host.layer` what they need and `Host.stdlib` their standard library. With
 * `Component`, `Block` and `Decode` an application adds components of its own; `Receivers` and `Targets` are what those
 * have in common with the others.
 */

// The engine
export * as Block from "./engine/Block.ts"
export * as Component from "./engine/Component.ts"
export * as Engine from "./engine/Engine.ts"
export { InvalidConfiguration } from "./engine/InvalidConfiguration.ts"
export * as Plan from "./engine/Plan.ts"
export * as Registry from "./engine/Registry.ts"

// The language
export * as Decode from "./evaluation/Decode.ts"
export * as Stdlib from "./evaluation/Stdlib.ts"
export * as Value from "./evaluation/Value.ts"
export * as Diagnostic from "./syntax/Diagnostic.ts"
export * as Exposure from "./syntax/Exposure.ts"
export * as Source from "./syntax/Source.ts"

// The components of the binary, and what arguments have in common
export * as Components from "./cli/Components.ts"
export * as Host from "./cli/Host.ts"
export * as Receivers from "./components/Receivers.ts"
export * as Targets from "./components/Targets.ts"

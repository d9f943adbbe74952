/**
 * How things are doing, for whoever looks: what the engine asks its components, and what an application may listen to.
 */
export * as ComponentStatus from "./telemetry/ComponentStatus.ts"
export * as DebugInfo from "./telemetry/DebugInfo.ts"
export * as Health from "./telemetry/Health.ts"

/**
 * What a test of profiles and their delivery needs: a server that follows a script, schedules without a clock, random
 * profiles.
 */
export * as Profiles from "./testing/Profiles.ts"
export * as Schedules from "./testing/Schedules.ts"
export * as ScriptedServer from "./testing/ScriptedServer.ts"

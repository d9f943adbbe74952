/**
 * Work on profiles in the pprof format.
 */
export * as Delta from "./pprof/Delta.ts"

/**
 * `npm start`: runs the configuration that is given, or the quick start's.
 */
const given = process.argv.slice(2)
const isFlag = (argument: string): boolean => argument.startsWith("-") && argument !== "-"

process.argv.splice(2, Infinity, "run", ...(given.every(isFlag) ? ["examples/quickstart.alloy"] : []), ...given)
await import("./src/bin.ts")

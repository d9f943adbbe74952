/**
 * Node keeps what it has compiled, so that the next start takes less time and memory: imported for its effect, before what
 * takes its time. Nothing is lost where it cannot be written.
 *
 * It is kept where this user alone can write, rather than in Node's own place below the directory for temporary files:
 * code is run from there. What a run needs and what the other commands need is kept apart, as Node writes it once.
 */
import { join } from "node:path"

// Not imported: where Node is too old it has no such exports, which ends the program before it has said so.
const { enableCompileCache, getCompileCacheDir } = process.getBuiltinModule("module")

const { CACHE_DIRECTORY, HOME, XDG_CACHE_HOME } = process.env

/** systemd's for a unit; of a user otherwise. */
const parent = CACHE_DIRECTORY ??
  (XDG_CACHE_HOME || HOME ? join(XDG_CACHE_HOME || join(HOME!, ".cache"), "pyroduct") : undefined)

// With NODE_COMPILE_CACHE it is on already, and elsewhere.
if (parent !== undefined && getCompileCacheDir() === undefined) {
  enableCompileCache(join(parent, process.argv.slice(2).includes("run") ? "run" : "commands"))
}

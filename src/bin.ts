#!/usr/bin/env node
import "./cli/NodeVersion.ts"
import "./cli/CompileCache.ts"
import "./cli/Hangup.ts"
import "./cli/NoInspector.ts"

// Only now, for all of a program's static imports are loaded before the first of them runs, and these take their time.
import("./cli/Process.ts")

import { defineConfig } from "vitest/config"

const all = "test/**/*.test.ts"
/** Those that put other modules in the place of ours, or measure the process that they are in. */
const isolated = "test/**/*.isolated.test.ts"

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Most tests wait for sockets and processes for most of their time.
    maxWorkers: 2,
    globalSetup: "test/support/bundle.ts",
    projects: [
      // To load all modules for each file anew would take longer than the tests do.
      { extends: true, test: { name: "shared", include: [all], exclude: [isolated], isolate: false } },
      { extends: true, test: { name: "isolated", include: [isolated] } }
    ]
  }
})

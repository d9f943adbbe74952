import { assert, describe, it } from "@effect/vitest"
import * as Labels from "../../src/profile/Labels.ts"
import * as TargetText from "../../src/scrape/TargetText.ts"

describe("TargetText", () => {
  it.each([
    ["http://app:6060", "/debug/pprof/allocs", "http://app:6060/debug/pprof/allocs"],
    ["http://app:6060", "/debug/pprof/profile?seconds=14", "http://app:6060/debug/pprof/profile?seconds=14"],
    ["https://app", "/p?debug=0&gc=1&token=s3cret&seconds=s3cret", "https://app/p?debug=0&gc=1&token=***&seconds=***"],
    ["https://app", "/p?token=s3cret=s3cret&s3cret", "https://app/p?token=***&s3cret=***"],
    ["https://me:s3cret@app", "/p", "https://app/p"]
  ])("of %s%s it shows %s", (origin, path, shown) => {
    assert.strictEqual(TargetText.url({ origin, path }), shown)
  })

  it("of an error it shows nothing that the target was asked with", () => {
    const message =
      "server returned HTTP status (404) GET /p?seconds=14&token=s3cret%26more: s3cret&more is not s3cret, is it"
    assert.strictEqual(
      TargetText.error({ path: "/p?seconds=14&token=s3cret%26more" }, message),
      "server returned HTTP status (404) GET /p?seconds=14&token=***: *** is not s3cret, is it"
    )
    assert.strictEqual(TargetText.error({ path: "/p?seconds=14" }, message), message)
  })

  it("of the labels it shows those that all profiles have, and no parameter", () => {
    const labels = Labels.make({ __param_token: "s3cret", __address__: "app", __meta_pod: "x", service_name: "app" })
    assert.deepStrictEqual(TargetText.labels({ common: labels }), { service_name: "app" })
  })
})

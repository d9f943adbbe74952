import { assert, describe, it } from "@effect/vitest"
import { html, trusted } from "../../../src/server/page/Html.ts"

describe("html", () => {
  it("has every text as a text, and what is HTML as it is", () => {
    const hostile = `<script>alert("1")</script>&'`
    assert.strictEqual(
      html`<p title="${hostile}">${[html`<b>${1}</b>`, hostile, undefined, false]}${trusted("<i>")}</p>`.markup,
      "<p title=\"&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\"><b>1</b>" +
        "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;<i></p>"
    )
  })

  it("shows where a text has what would make it look like another", () => {
    assert.strictEqual(html`${"a\u202eb\u0000c\u2066d\te\nf"}`.markup, "a\ufffdb\ufffdc\ufffdd\te\nf")
  })
})

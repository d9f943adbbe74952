import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as Receiver from "../../src/delivery/Receiver.ts"
import * as ScrapeError from "../../src/scrape/ScrapeError.ts"
import * as TransportError from "../../src/transport/TransportError.ts"

const shown = ({ kind, message }: ScrapeError.ScrapeError): string => `${kind}: ${message}`

describe("ScrapeError", () => {
  it("has a kind and a text for whatever came of a request", () => {
    const connection = (code: string) => new TransportError.NoConnection({ code, detail: "connect" })
    const errors: ReadonlyArray<
      readonly [TransportError.TransportError, string]
    > = [
      [connection("ECONNREFUSED"), "unreachable: connect (ECONNREFUSED)"],
      [connection("CERT_HAS_EXPIRED"), "tls: connect (CERT_HAS_EXPIRED)"],
      [TransportError.noAnswer(Duration.seconds(10)), "timeout: no answer within 10s (ETIMEDOUT)"],
      [new TransportError.ProxyRefused({ status: 403, retryAfter: undefined, detail: "no" }), "proxy: no"],
      [TransportError.NoCredential.ofFile("no file"), "credentials: no file"],
      [new TransportError.BadRedirect({ status: 302, detail: "where?" }), "redirect: where?"],
      [
        new TransportError.BadAnswer({ status: 200, reason: "TooLarge", detail: "" }),
        "too_large: the profile is larger than 1024 bytes"
      ],
      [
        new TransportError.BadAnswer({ status: 200, reason: "NoRoom", detail: "too many" }),
        "no_room: failed to read body: too many"
      ],
      [
        new TransportError.BadAnswer({ status: 200, reason: "Undecodable", detail: "not gzip" }),
        "body: failed to read body: not gzip"
      ]
    ]
    for (const [error, expected] of errors) {
      assert.strictEqual(shown(ScrapeError.fromTransport(error, 1024)), expected)
    }
  })

  it("has a kind and a text for what comes after", () => {
    assert.deepStrictEqual(
      [404, 503].map((status) => shown(new ScrapeError.HttpStatus({ status, text: "no" }))),
      ["not_found: server returned HTTP status (404) no", "status: server returned HTTP status (503) no"]
    )
    assert.strictEqual(
      shown(new ScrapeError.TimedOut({ duration: Duration.seconds(24) })),
      "timeout: no profile within 24s"
    )
    assert.strictEqual(
      shown(new ScrapeError.Refused({ cause: new Receiver.Refused({ reason: new Receiver.Stopped() }) })),
      "refused: profile refused: shutting down"
    )
    assert.strictEqual(
      shown(new ScrapeError.DeltaFailed({ detail: "no samples" })),
      "delta: cannot tell what is new in the profile: no samples"
    )
  })
})

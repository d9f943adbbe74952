import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as PushError from "../../src/delivery/PushError.ts"
import { TransportError } from "../../src/transport/Transport.ts"
import * as Connect from "../../src/wire/Connect.ts"
import * as errors from "./errors.ts"

const fromResponse = (status: number, text = "", headers: Readonly<Record<string, string>> = {}, now = 0) =>
  PushError.fromResponse({ status, headers, text }, now)

const fromCode = (code: string) =>
  PushError.fromTransport(new TransportError({ code, detail: "it broke" }), Duration.seconds(10))

/** Its kind, and whether to try again. */
const verdict = (reason: PushError.Reason | undefined): string =>
  reason === undefined ? "success" : `${reason._tag}, ${reason.isRetryable ? "may pass" : "final"}`

describe("PushError", () => {
  describe("fromResponse", () => {
    const tooMuchAtOnce = "max series limit exceeded, larger than configured max of 4096"

    it.for<readonly [status: number, verdict: string, text?: string]>([
      [200, "success"],
      [202, "success"],
      [204, "success"],
      [299, "success"],
      [301, "Rejected, final"],
      [304, "Rejected, final"],
      [307, "Rejected, final"],
      [400, "Rejected, final"],
      [401, "AuthError, final"],
      [402, "Rejected, final"],
      [403, "AuthError, final"],
      [404, "Rejected, final"],
      [408, "Rejected, may pass"],
      [409, "Rejected, final"],
      [410, "Rejected, final"],
      [413, "TooLarge, final"],
      [415, "Rejected, final"],
      [422, "Rejected, final"],
      [422, "Rejected, final", Connect.errorBody("resource_exhausted", "out of series")],
      [400, "Rejected, final", Connect.errorBody("unavailable", "a proxy's opinion")],
      [425, "Rejected, may pass"],
      [429, "RateLimited, may pass"],
      [429, "RateLimited, may pass", Connect.errorBody("resource_exhausted", "slow down")],
      [429, "TooLarge, final", tooMuchAtOnce],
      [429, "TooLarge, final", Connect.errorBody("resource_exhausted", tooMuchAtOnce)],
      [431, "Rejected, final"],
      [499, "Rejected, may pass"],
      [500, "ServerFailure, may pass"],
      [501, "ServerFailure, final"],
      [502, "ServerFailure, may pass"],
      [503, "ServerFailure, may pass"],
      [503, "ServerFailure, may pass", Connect.errorBody("invalid_argument", "the status counts")],
      [504, "ServerFailure, may pass"],
      [505, "ServerFailure, final"]
    ])("takes %s for: %s", ([status, expected, text]) => {
      assert.strictEqual(verdict(fromResponse(status, text)), expected)
    })

    it("quotes what the server says, of a Connect error its message", () => {
      const messageOf = (text: string) => fromResponse(422, text)?.message
      assert.strictEqual(messageOf(""), "the server answered 422")
      assert.strictEqual(messageOf(" no such tenant\n"), "the server answered 422: no such tenant")
      assert.strictEqual(
        messageOf(Connect.errorBody("invalid_argument", "label names required")),
        "the server answered 422: label names required"
      )
      assert.strictEqual(messageOf("{\"error\":\"?\"}"), "the server answered 422: {\"error\":\"?\"}")
    })

    const retryAfterOf = (header: string, status = 503, now = 0) => {
      const reason = fromResponse(status, "", { "retry-after": header }, now)
      return reason && errors.pushError(reason).retryAfter
    }

    it("reads Retry-After in seconds or as a date, of every status that may pass", () => {
      for (const status of [408, 425, 429, 499, 500, 503]) {
        assert.deepStrictEqual(retryAfterOf("17", status), Duration.seconds(17), `${status}`)
      }
      const now = Date.UTC(2026, 10, 22, 12, 0, 0)
      assert.deepStrictEqual(retryAfterOf("Sun, 22 Nov 2026 12:01:30 GMT", 429, now), Duration.seconds(90))
    })

    it("a Retry-After that is over is none", () => {
      const now = Date.UTC(2026, 10, 22, 12, 0, 0)
      assert.deepStrictEqual(retryAfterOf("Sun, 22 Nov 2026 11:59:00 GMT", 503, now), Duration.zero)
      assert.deepStrictEqual(retryAfterOf("0"), Duration.zero)
    })

    it("believes a Retry-After up to one hour", () => {
      assert.deepStrictEqual(retryAfterOf("3600"), Duration.hours(1))
      assert.deepStrictEqual(retryAfterOf("3601"), Duration.hours(1))
      assert.deepStrictEqual(retryAfterOf("9".repeat(40)), Duration.hours(1))
      assert.deepStrictEqual(retryAfterOf("Fri, 31 Dec 9999 23:59:59 GMT"), Duration.hours(1))
    })

    it("ignores a Retry-After that means nothing", () => {
      for (const header of ["", "soon", "-1", "1.5", "1e3"]) assert.isUndefined(retryAfterOf(header), header)
    })
  })

  describe("fromTransport", () => {
    it.for([
      ["ECONNREFUSED", "Unreachable, may pass"],
      ["ECONNRESET", "Unreachable, may pass"],
      ["EPIPE", "Unreachable, may pass"],
      ["ENOTFOUND", "Unreachable, may pass"],
      ["EAI_AGAIN", "Unreachable, may pass"],
      ["EHOSTUNREACH", "Unreachable, may pass"],
      ["UND_ERR_SOCKET", "Unreachable, may pass"],
      ["UNKNOWN", "Unreachable, may pass"],
      ["ETIMEDOUT", "Timeout, may pass"],
      ["UND_ERR_CONNECT_TIMEOUT", "Timeout, may pass"],
      ["UND_ERR_HEADERS_TIMEOUT", "Timeout, may pass"],
      ["UND_ERR_BODY_TIMEOUT", "Timeout, may pass"],
      ["SELF_SIGNED_CERT_IN_CHAIN", "TlsError, final"],
      ["DEPTH_ZERO_SELF_SIGNED_CERT", "TlsError, final"],
      ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "TlsError, final"],
      ["CERT_HAS_EXPIRED", "TlsError, final"],
      ["CERT_REVOKED", "TlsError, final"],
      ["ERROR_IN_CERT_NOT_AFTER_FIELD", "TlsError, final"],
      ["CRL_HAS_EXPIRED", "TlsError, final"],
      ["PATH_LENGTH_EXCEEDED", "TlsError, final"],
      ["INVALID_PURPOSE", "TlsError, final"],
      ["INVALID_CA", "TlsError, final"],
      ["HOSTNAME_MISMATCH", "TlsError, final"],
      ["ERR_TLS_CERT_ALTNAME_INVALID", "TlsError, final"],
      ["ERR_SSL_WRONG_VERSION_NUMBER", "TlsError, final"],
      ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "TlsError, final"],
      ["EPROTO", "TlsError, final"]
    ])("takes %s for: %s", ([code, expected]) => {
      assert.strictEqual(verdict(fromCode(code!)), expected)
    })

    it("says what happened, with the code", () => {
      assert.strictEqual(fromCode("ECONNREFUSED").message, "it broke (ECONNREFUSED)")
      assert.strictEqual(fromCode("CERT_HAS_EXPIRED").message, "TLS: it broke (CERT_HAS_EXPIRED)")
      assert.strictEqual(fromCode("ETIMEDOUT").message, "no answer within 10s")
    })
  })

  it("names the endpoint and the reason", () => {
    assert.strictEqual(
      errors.serverFailure(503).message,
      "failed to push to http://pyroscope.example: the server answered 503"
    )
  })

  it.effect("its reasons are caught by name, and the others stay", () =>
    Effect.gen(function*() {
      const caught = (error: PushError.PushError) =>
        Effect.fail(error).pipe(
          Effect.catchReasons("PushError", {
            AuthError: ({ status }) => Effect.succeed(`credentials: ${status}`),
            RateLimited: ({ retryAfter }) => Effect.succeed(`later: ${retryAfter && Duration.format(retryAfter)}`)
          }),
          Effect.catchTag("PushError", ({ reason }) => Effect.succeed(`else: ${reason._tag}`))
        )
      assert.strictEqual(yield* caught(errors.rateLimited(Duration.seconds(3))), "later: 3s")
      assert.strictEqual(yield* caught(errors.serverFailure()), "else: ServerFailure")
      assert.strictEqual(
        yield* caught(errors.pushError(new PushError.AuthError({ status: 403, detail: "" }))),
        "credentials: 403"
      )
    }))
})

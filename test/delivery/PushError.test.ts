import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Result } from "effect"
import * as PushError from "../../src/delivery/PushError.ts"
import type { Response } from "../../src/transport/Transport.ts"
import {
  BadRedirect,
  NoConnection,
  NoCredential,
  ProxyRefused,
  type TransportError
} from "../../src/transport/TransportError.ts"
import * as Connect from "../../src/wire/Connect.ts"
import * as errors from "./errors.ts"

const timeout = Duration.seconds(10)

const ofResponse = (response: Response, now = 0) => PushError.reasonOf(Result.succeed(response), timeout, now)

const fromResponse = (status: number, text = "", headers: Readonly<Record<string, string>> = {}, now = 0) =>
  ofResponse({ status, headers, text, leave: () => {} }, now)

const fromTransport = (error: TransportError, now = 0) => PushError.reasonOf(Result.fail(error), timeout, now)!

const fromCode = (code: string) => fromTransport(new NoConnection({ code, detail: "it broke" }))

const fromProxy = (
  status: number,
  retryAfter?: string,
  detail = `proxy http://proxy.example:3128: answered ${status}`
) => fromTransport(new ProxyRefused({ status, retryAfter, detail }))

/** Its kind, and whether to try again. */
const verdict = (reason: PushError.Reason | undefined): string =>
  reason === undefined ? "success" : `${reason._tag}, ${reason.isRetryable ? "may pass" : "final"}`

describe("PushError", () => {
  describe("of an answer", () => {
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

  describe("of a connection", () => {
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
      ["EPROTO", "TlsError, final"],
      ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "TlsError, final"],
      ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "TlsError, final"],
      ["UND_ERR_INVALID_ARG", "Rejected, final"],
      ["UND_ERR_NOT_SUPPORTED", "Rejected, final"],
      ["ERR_INVALID_URL", "Rejected, final"],
      ["ERR_HTTP2_INVALID_CONNECTION_HEADERS", "Rejected, final"],
      ["ERR_HTTP2_STREAM_ERROR", "Unreachable, may pass"],
      ["SOCKS", "Unreachable, may pass"]
    ])("takes %s for: %s", ([code, expected]) => {
      assert.strictEqual(verdict(fromCode(code!)), expected)
    })

    it("says what happened, with the code", () => {
      assert.strictEqual(fromCode("ECONNREFUSED").message, "it broke (ECONNREFUSED)")
      assert.strictEqual(fromCode("CERT_HAS_EXPIRED").message, "TLS: it broke (CERT_HAS_EXPIRED)")
      assert.strictEqual(fromCode("ETIMEDOUT").message, "no answer within 10s")
      assert.strictEqual(fromCode("ERR_INVALID_URL").message, "it broke (ERR_INVALID_URL)")
    })
  })

  describe("of a proxy", () => {
    it.for<readonly [status: number, verdict: string]>([
      [401, "AuthError, final"],
      [403, "AuthError, final"],
      [407, "AuthError, final"],
      [404, "Rejected, final"],
      [408, "Rejected, may pass"],
      [413, "TooLarge, final"],
      [429, "RateLimited, may pass"],
      [500, "ServerFailure, may pass"],
      [501, "ServerFailure, final"],
      [502, "ServerFailure, may pass"],
      [503, "ServerFailure, may pass"],
      [504, "ServerFailure, may pass"]
    ])("takes %s for: %s", ([status, expected]) => {
      const reason = fromProxy(status)
      assert.strictEqual(verdict(reason), expected)
      assert.strictEqual(reason.message, `proxy http://proxy.example:3128: answered ${status}`)
    })

    it("names the proxy as the one that wants credentials", () => {
      const reason = fromProxy(407)
      assert(reason._tag === "AuthError")
      assert.deepStrictEqual([reason.source, reason.status, reason.mayPass], ["proxy", 407, false])
    })

    it("a server that asks for a proxy's credentials is no proxy", () => {
      assert.strictEqual(verdict(fromResponse(407)), "Rejected, final")
    })

    it("believes its Retry-After", () => {
      for (const status of [429, 503]) {
        assert.deepStrictEqual(errors.pushError(fromProxy(status, "17")).retryAfter, Duration.seconds(17))
      }
      assert.isUndefined(errors.pushError(fromProxy(503)).retryAfter)
    })
  })

  describe("of credentials", () => {
    it("that are not there may pass", () => {
      for (const [source, status] of [["credential file", undefined], ["token endpoint", 503]] as const) {
        const reason = fromTransport(new NoCredential({ source, status, detail: "none to send" }))
        assert.strictEqual(verdict(reason), "AuthError, may pass")
        assert.strictEqual(reason.message, "none to send")
        assert(reason._tag === "AuthError")
        assert.deepStrictEqual([reason.source, reason.status], [source, status])
      }
    })

    it("that were refused is the server's, and final", () => {
      const reason = fromResponse(403, "not yours")
      assert(reason?._tag === "AuthError")
      assert.deepStrictEqual([reason.source, reason.status, reason.mayPass], ["server", 403, false])
      assert.strictEqual(reason.message, "the server answered 403: not yours")
    })
  })

  describe("of a redirect", () => {
    it("that cannot be followed is a rejection", () => {
      const reason = fromTransport(new BadRedirect({ status: 302, detail: "stopped after 10 redirects" }))
      assert.strictEqual(verdict(reason), "Rejected, final")
      assert.strictEqual(reason.message, "the server answered 302: stopped after 10 redirects")
    })

    const lostBody = { status: 301, location: "https://login.example/" }

    it("that made a GET of the push is a rejection, whatever was found there", () => {
      const reason = ofResponse({ status: 200, headers: {}, text: "<html>", lostBody, leave: () => {} })
      assert.strictEqual(verdict(reason), "Rejected, final")
      assert.strictEqual(
        reason?.message,
        "the server answered 301: the redirect to https://login.example/ made a GET of the push, "
          + "so the profile was not taken"
      )
    })

    it("that made a GET of the push leads to an error, which says more", () => {
      const reason = ofResponse({ status: 503, headers: {}, text: "", lostBody, leave: () => {} })
      assert.strictEqual(verdict(reason), "ServerFailure, may pass")
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
        yield* caught(
          errors.pushError(
            new PushError.AuthError({
              source: "server",
              status: 403,
              detail: "",
              mayPass: false,
              retryAfter: undefined
            })
          )
        ),
        "credentials: 403"
      )
    }))
})

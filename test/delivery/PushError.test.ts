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

const circumstances = { timeout: Duration.seconds(10), retryRateLimited: true }

const leave = (): void => {}

const ofResponse = (response: Response, now = 0) =>
  PushError.reasonOf(Result.succeed(response), { ...circumstances, now })

const fromResponse = (status: number, text = "", headers: Readonly<Record<string, string>> = {}, now = 0) =>
  ofResponse({ status, headers, text, leave }, now)

const fromTransport = (error: TransportError, now = 0) =>
  PushError.reasonOf(Result.fail(error), { ...circumstances, now })!

const fromCode = (code: string) => fromTransport(new NoConnection({ code, detail: "it broke" }))

const fromProxy = (
  status: number,
  retryAfter?: string,
  detail = `proxy http://proxy.example:3128: answered ${status}`
) => fromTransport(new ProxyRefused({ status, retryAfter, detail }))

/** Its kind, and what it is about. */
const verdict = (reason: PushError.Reason | undefined): string =>
  reason === undefined ? "success" : `${reason._tag}, ${reason.concerns}`

describe("PushError", () => {
  describe("of an answer", () => {
    const tooMuchAtOnce = "max series limit exceeded, larger than configured max of 4096"

    it.for<readonly [status: number, verdict: string, text?: string]>([
      [200, "success"],
      [202, "success"],
      [204, "success"],
      [299, "success"],
      [301, "Rejected, endpoint"],
      [304, "Rejected, endpoint"],
      [307, "Rejected, endpoint"],
      [400, "Rejected, profile"],
      [401, "AuthError, endpoint"],
      [402, "Rejected, profile"],
      [403, "AuthError, endpoint"],
      [404, "Rejected, endpoint"],
      [408, "Rejected, endpoint"],
      [409, "Rejected, profile"],
      [410, "Rejected, profile"],
      [413, "TooLarge, profile"],
      [415, "Rejected, profile"],
      [422, "Rejected, profile"],
      [422, "Rejected, profile", Connect.errorBody("resource_exhausted", "out of series")],
      [400, "Rejected, profile", Connect.errorBody("unavailable", "a proxy's opinion")],
      [425, "Rejected, endpoint"],
      [429, "RateLimited, endpoint"],
      [429, "RateLimited, endpoint", Connect.errorBody("resource_exhausted", "slow down")],
      [429, "TooLarge, profile", tooMuchAtOnce],
      [429, "TooLarge, profile", Connect.errorBody("resource_exhausted", tooMuchAtOnce)],
      [431, "Rejected, profile"],
      [499, "Rejected, endpoint"],
      [500, "ServerFailure, endpoint"],
      [501, "ServerFailure, endpoint"],
      [502, "ServerFailure, endpoint"],
      [503, "ServerFailure, endpoint"],
      [503, "ServerFailure, endpoint", Connect.errorBody("invalid_argument", "the status counts")],
      [504, "ServerFailure, endpoint"],
      [505, "ServerFailure, endpoint"]
    ])("takes %s for: %s", ([status, expected, text]) => {
      assert.strictEqual(verdict(fromResponse(status, text)), expected)
    })

    it("takes 429 for the profile's where it is not to be retried", () => {
      const response = { status: 429, headers: {}, text: "", leave }
      const reason = PushError.reasonOf(Result.succeed(response), { ...circumstances, retryRateLimited: false, now: 0 })
      assert.strictEqual(verdict(reason), "RateLimited, profile")
      assert(reason !== undefined)
      assert.isFalse(errors.pushError(reason).isRetryable)
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

    it("reads Retry-After in seconds or as a date, whatever the status", () => {
      for (const status of [400, 401, 403, 404, 408, 425, 429, 499, 500, 503]) {
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
      ["ECONNREFUSED", "Unreachable, endpoint"],
      ["ECONNRESET", "Unreachable, endpoint"],
      ["EPIPE", "Unreachable, endpoint"],
      ["ENOTFOUND", "Unreachable, endpoint"],
      ["EAI_AGAIN", "Unreachable, endpoint"],
      ["EHOSTUNREACH", "Unreachable, endpoint"],
      ["UND_ERR_SOCKET", "Unreachable, endpoint"],
      ["UNKNOWN", "Unreachable, endpoint"],
      ["ETIMEDOUT", "Timeout, endpoint"],
      ["UND_ERR_CONNECT_TIMEOUT", "Timeout, endpoint"],
      ["UND_ERR_HEADERS_TIMEOUT", "Timeout, endpoint"],
      ["UND_ERR_BODY_TIMEOUT", "Timeout, endpoint"],
      ["SELF_SIGNED_CERT_IN_CHAIN", "TlsError, endpoint"],
      ["DEPTH_ZERO_SELF_SIGNED_CERT", "TlsError, endpoint"],
      ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "TlsError, endpoint"],
      ["CERT_HAS_EXPIRED", "TlsError, endpoint"],
      ["CERT_REVOKED", "TlsError, endpoint"],
      ["ERROR_IN_CERT_NOT_AFTER_FIELD", "TlsError, endpoint"],
      ["CRL_HAS_EXPIRED", "TlsError, endpoint"],
      ["PATH_LENGTH_EXCEEDED", "TlsError, endpoint"],
      ["INVALID_PURPOSE", "TlsError, endpoint"],
      ["INVALID_CA", "TlsError, endpoint"],
      ["HOSTNAME_MISMATCH", "TlsError, endpoint"],
      ["ERR_TLS_CERT_ALTNAME_INVALID", "TlsError, endpoint"],
      ["ERR_SSL_WRONG_VERSION_NUMBER", "TlsError, endpoint"],
      ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "TlsError, endpoint"],
      ["EPROTO", "TlsError, endpoint"],
      ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "TlsError, endpoint"],
      ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "TlsError, endpoint"],
      ["UND_ERR_INVALID_ARG", "Rejected, profile"],
      ["UND_ERR_NOT_SUPPORTED", "Rejected, profile"],
      ["ERR_INVALID_URL", "Rejected, profile"],
      ["ERR_HTTP2_INVALID_CONNECTION_HEADERS", "Rejected, profile"],
      ["ERR_HTTP2_STREAM_ERROR", "Unreachable, endpoint"],
      ["SOCKS", "Unreachable, endpoint"]
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
      [401, "AuthError, endpoint"],
      [403, "AuthError, endpoint"],
      [407, "AuthError, endpoint"],
      [404, "Rejected, endpoint"],
      [408, "Rejected, endpoint"],
      [413, "Rejected, endpoint"],
      [429, "RateLimited, endpoint"],
      [500, "ServerFailure, endpoint"],
      [501, "ServerFailure, endpoint"],
      [502, "ServerFailure, endpoint"],
      [503, "ServerFailure, endpoint"],
      [504, "ServerFailure, endpoint"]
    ])("takes %s for: %s", ([status, expected]) => {
      const reason = fromProxy(status)
      assert.strictEqual(verdict(reason), expected)
      assert.strictEqual(reason.message, `proxy http://proxy.example:3128: answered ${status}`)
    })

    it("names the proxy as the one that wants credentials", () => {
      const reason = fromProxy(407)
      assert(reason._tag === "AuthError")
      assert.deepStrictEqual([reason.source, reason.status], ["proxy", 407])
    })

    it("a server that asks for a proxy's credentials is no proxy", () => {
      assert.strictEqual(verdict(fromResponse(407)), "Rejected, endpoint")
    })

    it("believes its Retry-After", () => {
      for (const status of [429, 503]) {
        assert.deepStrictEqual(errors.pushError(fromProxy(status, "17")).retryAfter, Duration.seconds(17))
      }
      assert.isUndefined(errors.pushError(fromProxy(503)).retryAfter)
    })
  })

  describe("of credentials", () => {
    it("that are not there says whose they are", () => {
      for (const [source, status] of [["credential file", undefined], ["token endpoint", 503]] as const) {
        const reason = fromTransport(new NoCredential({ source, status, detail: "none to send" }))
        assert.strictEqual(verdict(reason), "AuthError, endpoint")
        assert.strictEqual(reason.message, "none to send")
        assert(reason._tag === "AuthError")
        assert.deepStrictEqual([reason.source, reason.status], [source, status])
      }
    })

    it("that were refused is the server's", () => {
      const reason = fromResponse(403, "not yours")
      assert(reason?._tag === "AuthError")
      assert.deepStrictEqual([reason.source, reason.status], ["server", 403])
      assert.strictEqual(reason.message, "the server answered 403: not yours")
    })
  })

  describe("of a redirect", () => {
    it("that cannot be followed is a rejection", () => {
      const reason = fromTransport(new BadRedirect({ status: 302, detail: "stopped after 10 redirects" }))
      assert.strictEqual(verdict(reason), "Rejected, endpoint")
      assert.strictEqual(reason.message, "the server answered 302: stopped after 10 redirects")
    })

    const lostBody = { status: 301, location: "https://login.example/" }

    it("that made a GET of the push is a rejection, whatever was found there", () => {
      const reason = ofResponse({ status: 200, headers: {}, text: "<html>", lostBody, leave })
      assert.strictEqual(verdict(reason), "Rejected, endpoint")
      assert.strictEqual(
        reason?.message,
        "the server answered 301: the redirect to https://login.example/ made a GET of the push, "
          + "so the profile was not taken"
      )
    })

    it("that made a GET of the push leads to an error, which says more", () => {
      const reason = ofResponse({ status: 503, headers: {}, text: "", lostBody, leave })
      assert.strictEqual(verdict(reason), "ServerFailure, endpoint")
    })
  })

  it("is as its reason, and is retried where that concerns the endpoint", () => {
    const all = [
      errors.refusedCredential,
      errors.expiredCertificate,
      errors.serverFailure(),
      errors.rateLimited(),
      errors.rejected(400),
      errors.rejected(404),
      errors.pushError(new PushError.TooLarge({ status: 413, detail: "" })),
      errors.pushError(new PushError.Expired({ age: Duration.hours(2) }))
    ]
    assert.deepStrictEqual(
      all.map(({ concerns, isRetryable, reason }) => [reason._tag, concerns, reason.concerns, isRetryable]),
      [
        ["AuthError", "endpoint", "endpoint", true],
        ["TlsError", "endpoint", "endpoint", true],
        ["ServerFailure", "endpoint", "endpoint", true],
        ["RateLimited", "endpoint", "endpoint", true],
        ["Rejected", "profile", "profile", false],
        ["Rejected", "endpoint", "endpoint", true],
        ["TooLarge", "profile", "profile", false],
        ["Expired", "profile", "profile", false]
      ]
    )
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
            new PushError.AuthError({ source: "server", status: 403, detail: "", retryAfter: undefined })
          )
        ),
        "credentials: 403"
      )
    }))
})

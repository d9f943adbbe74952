import { assert, describe, it } from "@effect/vitest"
import {
  BadAnswer,
  BadRedirect,
  fromCause,
  mapDetail,
  NoConnection,
  NoCredential,
  ProxyRefused,
  type TransportError
} from "../../src/transport/TransportError.ts"

const coded = (code: string, message = `connect ${code}`) => Object.assign(new Error(message), { code })

describe("TransportError", () => {
  describe("fromCause", () => {
    it.for<{ what: string; cause: unknown; code: string; detail: string }>([
      { what: "an error", cause: coded("ECONNREFUSED"), code: "ECONNREFUSED", detail: "connect ECONNREFUSED" },
      {
        what: "the cause of a failed fetch",
        cause: new TypeError("fetch failed", { cause: coded("ENOTFOUND", "getaddrinfo ENOTFOUND x") }),
        code: "ENOTFOUND",
        detail: "getaddrinfo ENOTFOUND x"
      },
      {
        what: "the first of several addresses",
        cause: new TypeError("fetch failed", {
          cause: new AggregateError([coded("ECONNREFUSED"), coded("EHOSTUNREACH")])
        }),
        code: "ECONNREFUSED",
        detail: "connect ECONNREFUSED"
      },
      {
        what: "several addresses together, without a text",
        cause: Object.assign(new AggregateError([]), { code: "ETIMEDOUT" }),
        code: "ETIMEDOUT",
        detail: "connection failed"
      },
      {
        what: "an error outside of others",
        cause: Object.assign(coded("UND_ERR_SOCKET", "other side closed"), { cause: coded("ECONNRESET") }),
        code: "UND_ERR_SOCKET",
        detail: "other side closed"
      },
      {
        what: "a certificate, without advice to whoever started Node",
        cause: coded(
          "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
          "unable to get local issuer certificate; if the root CA is installed locally, try running Node.js with x"
        ),
        code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        detail: "unable to get local issuer certificate"
      },
      {
        what: "OpenSSL, with the reason alone",
        cause: Object.assign(coded("ERR_SSL_NO_CIPHERS", "0:error:0A0000B9:SSL routines::no ciphers:ssl.c:1:"), {
          library: "SSL routines",
          reason: "no ciphers"
        }),
        code: "ERR_SSL_NO_CIPHERS",
        detail: "no ciphers"
      },
      { what: "an error without a code", cause: new Error("odd"), code: "UNKNOWN", detail: "odd" },
      {
        what: "an error whose code is a number",
        cause: Object.assign(new Error("odd"), { code: 7 }),
        code: "UNKNOWN",
        detail: "odd"
      },
      { what: "no error at all", cause: "odd", code: "UNKNOWN", detail: "connection failed" },
      { what: "nothing", cause: undefined, code: "UNKNOWN", detail: "connection failed" },
      {
        what: "a cause that is its own",
        cause: (() => {
          const circular = new Error("round and round")
          circular.cause = circular
          return circular
        })(),
        code: "UNKNOWN",
        detail: "round and round"
      }
    ])("finds the code of $what", ({ cause, code, detail }) => {
      const error = fromCause(cause)
      assert.deepStrictEqual([error.code, error.detail], [code, detail])
      assert.strictEqual(error.message, `${detail} (${code})`)
    })
  })

  it("knows what the code of a failed connection means", () => {
    const kindOf = (code: string) => new NoConnection({ code, detail: "" }).kind
    const codes = {
      network: [
        "ECONNREFUSED",
        "ECONNRESET",
        "ENOTFOUND",
        "EAI_AGAIN",
        "UND_ERR_SOCKET",
        "ERR_HTTP2_SESSION_ERROR",
        "ERR_HTTP2_INVALID_SESSION",
        "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
        "ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC",
        "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
        "ERR_SSL_TLSV1_ALERT_USER_CANCELLED",
        "ERR_SSL_UNEXPECTED_EOF_WHILE_READING",
        "UNKNOWN"
      ],
      timeout: ["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"],
      tls: ["CERT_HAS_EXPIRED", "ERR_TLS_CERT_ALTNAME_INVALID", "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "EPROTO"],
      request: [
        "UND_ERR_INVALID_ARG",
        "UND_ERR_NOT_SUPPORTED",
        "ERR_INVALID_URL",
        "ERR_INVALID_ARG_TYPE",
        "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH"
      ]
    }
    for (const [kind, all] of Object.entries(codes)) {
      for (const code of all) assert.strictEqual(kindOf(code), kind, code)
    }
  })

  it("can have another detail, and nothing else", () => {
    const errors: ReadonlyArray<TransportError> = [
      new NoConnection({ code: "EPIPE", detail: "a" }),
      new ProxyRefused({ status: 503, retryAfter: "7", detail: "a" }),
      new NoCredential({ source: "token endpoint", status: 500, detail: "a" }),
      new BadRedirect({ status: 302, detail: "a" }),
      new BadAnswer({ status: 200, reason: "TooLarge", detail: "a" })
    ]
    for (const error of errors) {
      assert.strictEqual(mapDetail(error, (detail) => detail), error)
      const other = mapDetail(error, (detail) => `${detail}b`)
      assert.strictEqual(other.constructor, error.constructor)
      assert.deepStrictEqual({ ...other }, { ...error, detail: "ab" })
      assert.include(other.message, "ab")
    }
  })
})

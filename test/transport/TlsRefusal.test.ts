import { assert, describe, it } from "@effect/vitest"
import * as TlsRefusal from "../../src/transport/TlsRefusal.ts"

const of = (status: number, text: string) => {
  const refusal = TlsRefusal.of({ status, headers: {}, text, leave: () => {} })
  return refusal && [refusal.kind, refusal.message]
}

const nginx = (text: string): string => `<html>\r\n<head><title>${text}</title></head>\r\n<body>\r\n<center>nginx`

describe("TlsRefusal", () => {
  it("is an answer to the client's certificate, or to the lack of one", () => {
    assert.deepStrictEqual(of(400, nginx("400 The SSL certificate error")), [
      "tls",
      "the server answered 400: The SSL certificate error (ERR_TLS_CLIENT_CERTIFICATE)"
    ])
    assert.deepStrictEqual(of(496, nginx("400 No required SSL certificate was sent")), [
      "tls",
      "the server answered 496: No required SSL certificate was sent (ERR_TLS_CLIENT_CERTIFICATE)"
    ])
  })

  it("is an answer to plain text where TLS is spoken", () => {
    for (
      const text of [
        nginx("400 The plain HTTP request was sent to HTTPS port"),
        "Client sent an HTTP request to an HTTPS server.\n",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />"
      ]
    ) {
      assert.match(of(400, text)?.[1] ?? "", /^the server answered 400: .*plain HTTP|HTTP request/)
    }
  })

  it("is no answer to a profile", () => {
    for (const [status, text] of [[400, ""], [400, "invalid labels"], [422, "the SSL certificate error"]] as const) {
      assert.isUndefined(of(status, text))
    }
  })
})

import { assert, describe, it } from "@effect/vitest"
import { parse } from "../../src/transport/HttpTunnel.ts"

const answer = (status: number, rest = "", retryAfter?: string) => ({ status, retryAfter, rest })

describe("A proxy's answer to CONNECT", () => {
  it("is the first that is not interim", () => {
    const ok = "HTTP/1.1 200 Connection established\r\n\r\n"
    assert.deepStrictEqual(parse(ok), answer(200))
    assert.deepStrictEqual(parse(`${ok}tunnel`), answer(200, "tunnel"))
    assert.deepStrictEqual(parse(`HTTP/1.1 100 Continue\r\n\r\n${ok}`), answer(200))
    assert.deepStrictEqual(parse(`HTTP/1.1 103 Hints\r\nretry-after: 1\r\n\r\nHTTP/1.1 100 \r\n\r\n${ok}`), answer(200))
    assert.deepStrictEqual(parse("HTTP/1.0 200\n\n"), answer(200))
    assert.deepStrictEqual(parse("HTTP/1.1 101 Switching Protocols\r\n\r\n"), answer(101))
  })

  it("may say when to come again", () => {
    assert.deepStrictEqual(
      parse("HTTP/1.1 503 Busy\r\nserver: x\r\nRetry-After:  7 \r\ncontent-length: 2\r\n\r\nno"),
      answer(503, "no", "7")
    )
  })

  it("is not there before its head has come", () => {
    const whole = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nserver: x\r\n\r\n"
    for (let length = 0; length < whole.length; length++) assert.isUndefined(parse(whole.slice(0, length)))
    assert.deepStrictEqual(parse(whole), answer(200))
  })

  it("is none where it is no HTTP, or has no end", () => {
    for (
      const text of ["220 smtp.example ESMTP\r\n", "\u0016\u0003\u0001", "HTTP/1.1 OK\r\n\r\n", "HTTP/2 200\r\n\r\n"]
    ) {
      assert.strictEqual(parse(text), "invalid", text)
    }
    assert.strictEqual(parse(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(16_384)}`), "invalid")
  })
})

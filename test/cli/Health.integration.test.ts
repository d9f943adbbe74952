import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { writeFile } from "node:fs/promises"
import { createServer, type RequestListener, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import * as certificates from "../support/certificates.ts"
import { temporaryDirectory } from "../support/engine.ts"
import { said } from "./commandLine.ts"

/** The port of a server that listens on loopback until the scope closes. */
const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) =>
      void server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    ),
    () => Effect.sync(() => server.close().closeAllConnections())
  )

/** As an engine's own server answers whose `http` block asks for a password. */
const protectedBy = (authorization: string): RequestListener => (request, response) => {
  const isKnown = request.headers.authorization === authorization
  response.writeHead(!isKnown ? 401 : request.url === "/-/ready" ? 200 : 404).end()
}

const ready = { isTaken: true, lines: [] }
const notReady = (...lines: ReadonlyArray<string>) => ({ isTaken: false, lines: lines.map((line) => `Error: ${line}`) })

describe("pyroduct health", () => {
  it.live("is silent when the engine is ready, and says in a line why not", () =>
    Effect.gen(function*() {
      let status = 200
      const port = yield* listening(createServer((_, response) => response.writeHead(status).end()))
      const env = { PYRODUCT_SERVER_HTTP_LISTEN_ADDR: `0.0.0.0:${port}` }
      const ready = `http://127.0.0.1:${port}/-/ready`
      assert.deepStrictEqual(yield* said(["health"], env), { isTaken: true, lines: [] })
      status = 503
      assert.deepStrictEqual(yield* said(["health"], env), notReady(`${ready}: not ready`))
      status = 404
      assert.deepStrictEqual(yield* said(["health"], env), notReady(`${ready}: it answers 404`))
    }))

  it.live("asks an address of every form, and says where nobody listens", () =>
    Effect.gen(function*() {
      for (const [address, asked] of [["[::]:1", "127.0.0.1:1"], [":1", "127.0.0.1:1"], ["[::1]:1", "[::1]:1"]]) {
        const { lines } = yield* said(["health", `--server.http.listen-addr=${address}`])
        assert.strictEqual(lines.length, 1)
        assert.isTrue(lines[0]!.startsWith(`Error: http://${asked}/-/ready: connect E`), lines[0])
      }
    }))

  it.effect("does not show a URL that is none, which may have a password", () =>
    Effect.gen(function*() {
      for (const url of ["ftp://ann:s3cret@localhost", "ann:s3cret@localhost", "http://ann:s3cret%@localhost"]) {
        const expected = notReady("--url is no URL such as https://127.0.0.1:12345")
        assert.deepStrictEqual(yield* said(["health", `--url=${url}`]), expected)
        assert.deepStrictEqual(yield* said(["health"], { PYRODUCT_HEALTH_URL: url }), expected)
      }
    }))

  it.live("waits for as long as it is told", () =>
    Effect.gen(function*() {
      const port = yield* listening(createServer(() => {}))
      assert.deepStrictEqual(
        yield* said(["health", `--url=http://127.0.0.1:${port}`, "--timeout=50ms"]),
        notReady(`http://127.0.0.1:${port}/-/ready: no answer within 50ms`)
      )
    }))

  it.live("checks a certificate unless it is told not to, and sends a password that it never shows", () =>
    Effect.gen(function*() {
      const authority = yield* Effect.promise(() => certificates.authority())
      const { certificate, key } = yield* Effect.promise(() => certificates.issue(authority))
      const authorization = `Basic ${btoa("ann:s3cret")}`
      const port = yield* listening(createTlsServer({ cert: certificate, key }, protectedBy(authorization)))
      const caFile = join(yield* temporaryDirectory, "ca.pem")
      yield* Effect.promise(() => writeFile(caFile, authority.certificate))
      const env = { PYRODUCT_HEALTH_URL: `https://ann:s3cret@127.0.0.1:${port}` }
      const url = `https://127.0.0.1:${port}`
      assert.deepStrictEqual(yield* said(["health", `--ca-file=${caFile}`], env), ready)
      assert.deepStrictEqual(yield* said(["health", "--insecure"], env), ready)
      assert.deepStrictEqual(
        yield* said(["health"], env),
        notReady(
          `${url}/-/ready: unable to verify the first certificate (UNABLE_TO_VERIFY_LEAF_SIGNATURE), ` +
            "see --ca-file and --insecure"
        )
      )
      assert.deepStrictEqual(
        yield* said(["health", "--insecure", `--url=${url}`]),
        notReady(
          `${url}/-/ready: it asks for a user and password, to be given as in PYRODUCT_HEALTH_URL=http://user:password@127.0.0.1:12345`
        )
      )
      assert.deepStrictEqual(
        yield* said(["health", `--url=http://127.0.0.1:${port}`]),
        notReady(`http://127.0.0.1:${port}/-/ready: it breaks off, is the URL one of https?`)
      )
    }))
})

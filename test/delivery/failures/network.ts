import { Duration, Effect } from "effect"
import { createServer, type Socket } from "node:net"
import { answering, makeBrokenProxy, socksReply } from "../../support/proxies.ts"
import { answer, listening, type Respond } from "../../support/webServer.ts"
import { brokenProxy, nowhere, row, server, type Settings, socksProxy, unreached, unreachedOverTls } from "./failure.ts"

const after = Duration.millis(50)

const impatient = { remote_timeout: after }

const silent: Respond = () => {}

const breaking: Respond = ({ socket }) => socket?.destroy()

const close = (socket: Socket): void => void socket.destroy()

const proxyThatIsDown = (scheme: string) =>
  Effect.map(nowhere, (address) => ({ ...unreached, proxy_url: `${scheme}://${address}` }))

const brokenSocks = (react: (socket: Socket) => void) =>
  Effect.map(makeBrokenProxy(react), (port): Settings => ({ ...unreached, proxy_url: `socks5://127.0.0.1:${port}` }))

const connectAnswered = (status: string) => brokenProxy(answering(`HTTP/1.1 ${status}`))

export const network = [
  row("no answer came in time, from the server or a proxy", {
    "server": [server(silent, impatient), { after }],
    "proxy": [brokenProxy(() => {}, { ...unreachedOverTls, ...impatient }), { after }],
    "SOCKS5": [
      Effect.map(brokenSocks(() => {}), (settings) => ({ ...settings, ...impatient })),
      { after }
    ]
  }),
  row("nobody listens, at any of its addresses", {
    "server": [Effect.map(nowhere, (address) => ({ url: `http://${address}` })), { code: "ECONNREFUSED" }]
  }),
  row("the connection broke", {
    "without an answer": [server(breaking), { code: "UND_ERR_SOCKET" }],
    "with a reset": [server(({ socket }) => void socket?.resetAndDestroy()), { code: "ECONNRESET" }]
  }),
  row("the name does not resolve", {
    // A label of more than 63 characters is no name: nobody is asked for it.
    "no name": [Effect.succeed({ url: `http://${"a".repeat(64)}.invalid` }), { code: "ENOTFOUND" }]
  }),
  row("the server speaks no HTTP", {
    "SMTP": [
      Effect.map(
        listening(createServer((socket) => void socket.end("220 smtp.example ESMTP\r\n"))),
        (port) => ({ url: `http://127.0.0.1:${port}` })
      ),
      {},
      /does not match the HTTP\/1.1 protocol/
    ]
  }),
  row("the head of the answer is too large: above 1 MiB over HTTP/1.1, 64 KiB over HTTP/2", {
    "HTTP/1.1": [server(answer(200, { x: "x".repeat(1_100_000) })), { code: "UND_ERR_HEADERS_OVERFLOW" }]
  }),
  row("the proxy is down, breaks off, or speaks another protocol", {
    "HTTP, down": [proxyThatIsDown("http"), { code: "ECONNREFUSED" }, /proxy http:/],
    "HTTPS, down": [proxyThatIsDown("https"), { code: "ECONNREFUSED" }, /proxy https:/],
    "SOCKS5, down": [proxyThatIsDown("socks5"), { code: "ECONNREFUSED" }, /proxy socks5:/],
    "HTTP, breaks off": [brokenProxy(close), { code: "ECONNRESET" }, /proxy http:/],
    "SOCKS5, breaks off": [brokenSocks(close), { code: "SOCKS" }, /proxy socks5:/],
    "no HTTP": [brokenProxy(answering("220 smtp.example ESMTP")), { code: "HPE_INVALID_CONSTANT" }, /proxy http:/],
    "no SOCKS5": [brokenSocks(answering("HTTP/1.1 200 OK")), { code: "SOCKS" }, /proxy socks5:/]
  }),
  row("a SOCKS5 proxy cannot reach the server", {
    "refused": [socksProxy({ reply: socksReply.refused }), { code: "SOCKS" }, /proxy socks5:/]
  }),
  row("a proxy answers 5xx to CONNECT", {
    "502": [connectAnswered("502 Bad Gateway"), { by: "proxy", status: 502 }, /proxy http:/],
    "501": [connectAnswered("501 Not Implemented"), { by: "proxy", status: 501 }, /proxy http:/],
    "504": [connectAnswered("504 Gateway Timeout"), { by: "proxy", status: 504 }, /proxy http:/]
  }),
  row("a proxy answers another 4xx to CONNECT", {
    "400": [connectAnswered("400 Bad Request"), { by: "proxy", status: 400 }, /proxy http:/],
    "404": [connectAnswered("404 Not Found"), { by: "proxy", status: 404 }, /proxy http:/],
    "413": [connectAnswered("413 Content Too Large"), { by: "proxy", status: 413 }, /proxy http:/]
  })
].flat()

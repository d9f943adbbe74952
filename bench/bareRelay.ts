/**
 * The yardstick: takes a body, answers, and sends it on to every URL given. No queue, no labels, no retries.
 */
import { Pool } from "@effect/platform-node/Undici"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const pools = process.argv.slice(2).map((url) => new Pool(url, { connections: 8 }))

const server = createServer((request, response) => {
  const chunks: Array<Uint8Array> = []
  request.on("data", (chunk: Uint8Array) => chunks.push(chunk))
  request.on("end", () => {
    const body = Buffer.concat(chunks)
    response.writeHead(200, { "content-type": "application/proto" }).end()
    for (const pool of pools) void relay(pool, request.url ?? "/", body)
  })
})

const relay = async (pool: Pool, path: string, body: Uint8Array): Promise<void> => {
  const response = await pool.request({ path, method: "POST", body, headers: { "content-type": "application/proto" } })
  await response.body.dump()
}

server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port))

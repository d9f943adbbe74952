/**
 * Ports that nobody else takes while they are free for a moment: the system gives away none of these by itself, neither
 * to servers that listen on any port nor to connections.
 */
import { once } from "node:events"
import type { Server as HttpServer } from "node:http"
import { createServer, type Server } from "node:net"
import { networkInterfaces } from "node:os"

/** This host's; a container may be without IPv6. */
export const loopbacks: ReadonlyArray<string> = ["127.0.0.1", "::1"].filter((loopback) =>
  Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === loopback))
)

const first = 20_000
const last = 32_000

/** Listens on 127.0.0.1 and gives the port. */
export const listen = async (server: Server): Promise<number> => {
  for (;;) {
    const port = first + Math.floor(Math.random() * (last - first))
    server.listen(port, "127.0.0.1")
    try {
      await once(server, "listening")
      return port
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error
    }
  }
}

/** Closes a server of HTTP with all its connections, if it listens. */
export const closeAll = async (server: HttpServer): Promise<void> => {
  if (!server.listening) return
  server.close()
  server.closeAllConnections()
  await once(server, "close")
}

/** A port for somebody else to listen on. */
export const freePort = async (): Promise<number> => {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, "close")
  return port
}

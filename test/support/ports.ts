/**
 * Ports that nobody else takes while they are free for a moment: the system gives away none of these by itself, neither
 * to servers that listen on any port nor to connections.
 */
import { once } from "node:events"
import { createServer, type Server } from "node:net"

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

/** A port for somebody else to listen on. */
export const freePort = async (): Promise<number> => {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, "close")
  return port
}

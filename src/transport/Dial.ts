/**
 * A connection to a host that has several addresses (Happy Eyeballs, RFC 8305): one is tried after the other, without
 * giving up those that are still being tried, and the first that connects is taken. So a host is reached that listens on
 * one of its families only, or of whose addresses some are dead, and one that is merely far away is reached too.
 */
import { Effect } from "effect"
import { createConnection, type Socket } from "node:net"
import { fromCause, NoConnection } from "./TransportError.ts"

/** How long an address is tried alone, in milliseconds: the recommendation of RFC 8305. */
const headStart = 250

/** As undici has them; in milliseconds and bytes. */
const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000, highWaterMark: 65_536 }

/** `addresses` are in the order to try them; there is at least one. Only interruption ends what gets no answer. */
export const dial = (addresses: ReadonlyArray<string>, port: number): Effect.Effect<Socket, NoConnection> =>
  Effect.callback((resume) => {
    const trying = new Set<Socket>()
    const failures: Array<NoConnection> = []
    let tried = 0
    let timer: NodeJS.Timeout | undefined
    const stop = (): void => {
      clearTimeout(timer)
      for (const socket of trying) socket.removeAllListeners().on("error", () => {}).destroy()
    }
    const tryNext = (): void => {
      clearTimeout(timer)
      if (tried === addresses.length) {
        if (trying.size === 0) resume(Effect.fail(worst(failures)))
        return
      }
      const socket = createConnection({ ...options, host: addresses[tried++]!, port })
      trying.add(socket)
      socket.on("connect", () => {
        trying.delete(socket)
        stop()
        // Until somebody listens to it.
        socket.removeAllListeners().once("error", () => {})
        resume(Effect.succeed(socket))
      })
      socket.on("error", (error) => {
        trying.delete(socket)
        failures.push(fromCause(error))
        tryNext()
      })
      timer = setTimeout(tryNext, headStart)
    }
    tryNext()
    return Effect.sync(stop)
  })

/** The machine has no way to such an address, which says nothing about the host. */
const wayless: ReadonlySet<string> = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"])

const worst = (failures: ReadonlyArray<NoConnection>): NoConnection => {
  const { code } = failures.find(({ code }) => !wayless.has(code)) ?? failures[0]!
  return new NoConnection({ code, detail: failures.map(({ detail }) => detail).join(", ") })
}

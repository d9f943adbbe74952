/**
 * Whether what listens could listen: each address is bound, all of them at once, and given up again.
 */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import * as Address from "../../server/Address.ts"
import * as Listener from "../../server/Listener.ts"
import type { Trial, Verdict } from "./Trial.ts"

export interface Port {
  readonly id: string
  readonly settings: Listener.Settings
}

/** A trial for each, which all wait for the last one: ports in each other's way are found as well. */
export const trials = Effect.fnUntraced(function*(ports: ReadonlyArray<Port>) {
  const verdicts = yield* Effect.cached(
    Effect.scoped(Effect.forEach(ports, bound)).pipe(Effect.provide(Listener.Listener.layer))
  )
  return ports.map(({ id, settings }, index): Trial => ({
    id,
    what: Address.format(settings),
    how: "listening, for a moment",
    run: Effect.map(verdicts, (all) => all[index]!)
  }))
})

/** Whether a URL of this machine's leads there. */
export const isAt = ({ settings: { host, port } }: Port, url: URL): boolean => {
  const asked = url.hostname.replace(/^\[|\]$/g, "")
  const isLocal = asked === "localhost" || asked === "::1" || asked.startsWith("127.")
  const isReached = host === asked || (isLocal && (local.has(host) || host.startsWith("127.")))
  return isReached && Number(url.port === "" ? { "http:": 80, "https:": 443 }[url.protocol] : url.port) === port
}

const local: ReadonlySet<string> = new Set(["", "0.0.0.0", "::", "::1", "localhost"])

const bound = ({ settings }: Port) =>
  Effect.flatMap(Listener.Listener, ({ listen }) => listen(settings, Effect.succeed(unavailable))).pipe(
    Effect.match({
      onSuccess: (): Verdict => ({ _tag: "Good", text: "the port is free" }),
      onFailure: ({ code, message }): Verdict => ({
        _tag: "Bad",
        step: "the port",
        reason: message,
        remedy: remedies[code] ?? "correct the address"
      })
    })
  )

const unavailable = HttpServerResponse.empty({ status: 503 })

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: "end what listens there, or choose another port; beside a running engine, --ports=false",
  EACCES: "choose a port from 1024 up, or allow it: CAP_NET_BIND_SERVICE",
  EADDRNOTAVAIL: "choose an address of this machine, or 0.0.0.0 for all of them",
  ENOTFOUND: "correct the name, check DNS"
}

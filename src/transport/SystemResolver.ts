/**
 * Names that the C library alone can look up: those of mDNS, NIS, LDAP and whatever else a machine has been given.
 *
 * `getaddrinfo` keeps a thread waiting for as long as there is no answer, and Node has four, for files and compression
 * too. So there is one call at a time in the whole process.
 */
import { Effect, Semaphore } from "effect"
import { lookup as getaddrinfo } from "node:dns"
import * as Joined from "./Joined.ts"

/** Fails with a code such as `ENOTFOUND` or `EAI_AGAIN`; with the latter when there is no answer, or no turn, in time. */
export type Lookup = (name: string) => Effect.Effect<ReadonlyArray<string>, string>

const turn = Semaphore.makeUnsafe(1)

const joined = Joined.make<ReadonlyArray<string>, string>()

const patience = "5 seconds"

export const lookup: Lookup = (name) =>
  Effect.timeoutOrElse(joined(name, turn.withPermit(call(name))), {
    duration: patience,
    orElse: () => Effect.fail("EAI_AGAIN")
  })

const call: Lookup = (name) =>
  Effect.callback((resume) =>
    getaddrinfo(
      name,
      { all: true },
      (error, addresses) =>
        resume(
          error === null
            ? Effect.succeed(addresses.map(({ address }) => address))
            : Effect.fail(error.code ?? "EAI_FAIL")
        )
    )
  )

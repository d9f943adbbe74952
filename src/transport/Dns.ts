/**
 * The addresses that DNS has for a name. c-ares asks for them over sockets of the event loop, where `getaddrinfo` would
 * keep a thread of Node's four waiting.
 */
import { Array, Effect, Fiber, Result } from "effect"
import { type RecordWithTtl, Resolver } from "node:dns"

export interface Answer {
  /** IPv6 and IPv4, in the order in which they came. */
  readonly addresses: ReadonlyArray<string>
  /** In seconds. */
  readonly ttl: number
}

export interface Settings {
  /** Of the first try, in milliseconds; the next ones have more. */
  readonly timeout: number
  readonly attempts: number
  /** With ports; those of the machine if there are none. */
  readonly servers: ReadonlyArray<string>
}

export interface Dns {
  /** Fails with a code of c-ares', such as `ENOTFOUND` or `ETIMEOUT`. */
  readonly query: (name: string) => Effect.Effect<Answer, string>
  /** Fails what is being asked for. */
  readonly cancel: () => void
}

export const make = ({ attempts, servers, timeout }: Settings): Dns => {
  const resolver = new Resolver({ timeout, tries: attempts })
  if (servers.length > 0) resolver.setServers(servers)

  const ask = (method: "resolve4" | "resolve6", name: string) =>
    Effect.callback<Result.Result<Answer, string>>((resume) =>
      resolver[method](
        name,
        { ttl: true },
        (error: NodeJS.ErrnoException | null, records?: ReadonlyArray<RecordWithTtl>) =>
          resume(Effect.succeed(
            records === undefined || records.length === 0 ? Result.fail(error?.code ?? "ENODATA") : Result.succeed({
              addresses: records.map(({ address }) => address),
              ttl: Math.min(...records.map(({ ttl }) => ttl))
            })
          ))
      )
    )

  return {
    query: Effect.fnUntraced(function*(name) {
      const asking = [
        yield* Effect.forkChild(ask("resolve6", name), { startImmediately: true }),
        yield* Effect.forkChild(ask("resolve4", name), { startImmediately: true })
      ]
      const first = yield* Effect.raceAllFirst(asking.map((fiber) => Fiber.join(fiber)))
      const all = yield* Effect.forEach(
        asking,
        (fiber) =>
          Result.isFailure(first)
            ? Fiber.join(fiber)
            : Effect.timeoutOrElse(Fiber.join(fiber), { duration: patience, orElse: () => Effect.succeed(first) })
      )
      const [answers, failures] = Array.separate(all)
      if (answers.length === 0) return yield* Effect.fail(verdictOf(failures))
      return {
        addresses: [...new Set(answers.flatMap(({ addresses }) => addresses))],
        ttl: Math.min(...answers.map(({ ttl }) => ttl))
      }
    }),
    cancel: () => resolver.cancel()
  }
}

/** In which an answer about the other family is waited for: many a resolver has none to questions about IPv6. */
const patience = "250 millis"

/** There is no such name, or none with an address. */
export const isMissing = (code: string): boolean => code === "ENOTFOUND" || code === "ENODATA" || code === "EBADNAME"

/** A name is there for both families or for none; without an answer about one it is not known to have no address. */
const verdictOf = (codes: ReadonlyArray<string>): string =>
  codes.find((code) => code === "ENOTFOUND") ?? codes.find((code) => !isMissing(code)) ?? codes[0]!

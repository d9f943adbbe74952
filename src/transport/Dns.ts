/**
 * The addresses that DNS has for a name. c-ares asks for them over sockets of the event loop, where `getaddrinfo` would
 * keep a thread of Node's four waiting.
 */
import { Array, Effect, Fiber, Result, Semaphore } from "effect"
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
  const turns = Semaphore.makeUnsafe(most)
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

  /** Both questions about a name. Its turn is over with the first answer, or when there is none soon. */
  const begin = Effect.fnUntraced(function*(name: string) {
    const asking = [
      yield* Effect.forkChild(ask("resolve6", name), { startImmediately: true }),
      yield* Effect.forkChild(ask("resolve4", name), { startImmediately: true })
    ]
    yield* Effect.timeoutOption(firstOf(asking), longestTurn)
    return asking
  })

  return {
    query: Effect.fnUntraced(function*(name) {
      const asking = yield* turns.withPermit(begin(name))
      const first = yield* firstOf(asking)
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

/**
 * Names that are begun with at a time. Of hundreds of datagrams at once a name server, or this machine, drops most, and
 * those that come again together. Names that nobody answers for do not keep the others from their turn.
 */
const most = 64
const longestTurn = "100 millis"

const firstOf = (asking: ReadonlyArray<Fiber.Fiber<Result.Result<Answer, string>>>) =>
  Effect.raceAllFirst(asking.map((fiber) => Fiber.join(fiber)))

/** In which an answer about the other family is waited for: many a resolver has none to questions about IPv6. */
const patience = "250 millis"

/** There is no such name, or none with an address. */
export const isMissing = (code: string): boolean => code === "ENOTFOUND" || code === "ENODATA" || code === "EBADNAME"

/** A name is there for both families or for none; without an answer about one it is not known to have no address. */
const verdictOf = (codes: ReadonlyArray<string>): string =>
  codes.find((code) => code === "ENOTFOUND") ?? codes.find((code) => !isMissing(code)) ?? codes[0]!

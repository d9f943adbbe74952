/**
 * Takes what SDKs and agents push over HTTP, both ways of it, and hands it to the `Receiver`: 200 is answered only for
 * what that has taken.
 */
import { ByteSize, Context, Duration, Effect, Layer, Option, Result, Schema, type Scope } from "effect"
import { Receiver } from "../delivery/Receiver.ts"
import * as Metrics from "../telemetry/Metrics.ts"
import * as Listener from "./Listener.ts"
import * as ProfileApi from "./ProfileApi.ts"

export interface Options {
  /** The address to listen on, as an IP address or a name. Empty, which is the default, is every address. */
  readonly host?: string
  /** From 0 to 65535, where 0 is any free port. 8080 by default. */
  readonly port?: number
  /** The largest body that is taken, before and after decompression. 64 MiB by default. */
  readonly maxBodySize?: ByteSize.Input
  /** Connections beyond this are turned away. At least 1; 16384 by default. */
  readonly connections?: number
  /** For a whole request, body included: what takes longer is answered 408. 30 seconds by default. */
  readonly readTimeout?: Duration.Input
  /** For as long as nothing moves on a connection in use. 30 seconds by default. */
  readonly writeTimeout?: Duration.Input
  /** For a connection without a request. 2 minutes by default. */
  readonly idleTimeout?: Duration.Input
  /** How long requests may go on once the scope closes; 0 cuts them off. 5 seconds by default. */
  readonly gracefulShutdownTimeout?: Duration.Input
}

export const defaults = { host: "", port: 8080 }

/** Options that nothing can be set to. */
export class InvalidOptions extends Schema.TaggedError<InvalidOptions>()("InvalidOptions", {
  problems: Schema.NonEmptyArray(Schema.Struct({
    /** Its name, such as `port`. */
    option: Schema.String,
    /** What follows the name, such as `must be between 0 and 65535`. */
    detail: Schema.String
  }))
}) {
  override get message(): string {
    return `receiving over HTTP: ${this.problems.map(({ detail, option }) => `${option} ${detail}`).join(", ")}`
  }
}

export class ReceiveHttp extends Context.Service<ReceiveHttp, {
  /** Where it listens: the port is the real one, where any free one was asked for. */
  readonly address: Listener.Address
}>()("pyroduct/server/ReceiveHttp") {}

/**
 * Listens until the scope closes, and then lets requests finish. A port that is taken, or an address that is not this
 * machine's, is a `ListenError`.
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<
  ReceiveHttp["Service"],
  InvalidOptions | Listener.ListenError,
  Receiver | Listener.Listener | Scope.Scope
> {
  const settings = yield* Effect.fromResult(settingsOf(options))
  const receiver = yield* Receiver
  const listener = yield* Listener.Listener
  const handler = yield* ProfileApi.make({
    maxBytes: settings.maxBytes,
    accept: receiver.push,
    duration: Metrics.requestDuration
  })
  const address = yield* listener.listen(settings.listener, handler)
  yield* Effect.logInfo("listening").pipe(Effect.annotateLogs({ addr: Listener.formatAddress(address) }))
  return { address }
})

/**
 * Listens for as long as the Layer lives, and tells where as a service.
 *
 * ```ts
 * ReceiveHttp.layer({ port: 4040 }).pipe(Layer.provide([SomeReceiver, Listener.Listener.layer]))
 * ```
 */
export const layer = (
  options: Options = {}
): Layer.Layer<ReceiveHttp, InvalidOptions | Listener.ListenError, Receiver | Listener.Listener> =>
  Layer.effect(ReceiveHttp, make(options))

interface Settings {
  readonly listener: Listener.Settings
  readonly maxBytes: number
}

type Timeout = "readTimeout" | "writeTimeout" | "idleTimeout" | "gracefulShutdownTimeout"

const settingsOf = (options: Options): Result.Result<Settings, InvalidOptions> => {
  const problems: Array<InvalidOptions["problems"][number]> = []
  const check = (option: keyof Options, isFine: boolean, rule: string): void => {
    if (!isFine) problems.push({ option, detail: `must be ${rule}` })
  }
  const duration = (option: Timeout, standard: Duration.Duration): Duration.Duration =>
    // What is no duration at all is refused as one that never ends is.
    Option.getOrElse(Duration.fromInput(options[option] ?? standard), () => Duration.infinity)
  const positive = (option: Timeout, standard: Duration.Duration): Duration.Duration => {
    const timeout = duration(option, standard)
    const isFine = Duration.isFinite(timeout) && Duration.isPositive(timeout)
    check(option, isFine, "a duration greater than 0")
    return timeout
  }

  const { connections = Listener.defaults.connections, host = defaults.host, port = defaults.port } = options
  check("port", Number.isInteger(port) && port >= 0 && port <= 65535, "between 0 and 65535")
  check("connections", Number.isInteger(connections) && connections >= 1, "at least 1")

  const maxBytes = options.maxBodySize === undefined
    ? ProfileApi.defaults.maxBytes
    : Option.getOrElse(Option.flatMap(ByteSize.fromInput(options.maxBodySize), ByteSize.toNumber), () => 0)
  check("maxBodySize", maxBytes >= 1, "a size of at least 1 byte")

  const shutdownTimeout = duration("gracefulShutdownTimeout", Listener.defaults.shutdownTimeout)
  const isFine = Duration.isFinite(shutdownTimeout) && !Duration.isNegative(shutdownTimeout)
  check("gracefulShutdownTimeout", isFine, "a duration of at least 0")

  const listener = {
    host,
    port,
    connections,
    readTimeout: positive("readTimeout", Listener.defaults.readTimeout),
    writeTimeout: positive("writeTimeout", Listener.defaults.writeTimeout),
    idleTimeout: positive("idleTimeout", Listener.defaults.idleTimeout),
    shutdownTimeout
  }
  const [first, ...others] = problems
  return first === undefined
    ? Result.succeed({ listener, maxBytes })
    : Result.fail(new InvalidOptions({ problems: [first, ...others] }))
}

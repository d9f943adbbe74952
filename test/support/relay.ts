/**
 * What most end-to-end tests need: an engine that forwards what it is sent to two sinks.
 */
import { Effect } from "effect"
import { startEngine } from "./engine.ts"
import { makeSink, type Sink } from "./sink.ts"

export interface Settings {
  /** Further lines of the `endpoint` blocks. */
  readonly first?: string
  readonly second?: string
  /** Further lines of the `pyroscope.write` block. */
  readonly write?: string
}

/** The configuration text. */
export const config = (sinks: readonly [Sink, Sink], { first = "", second = "", write = "" }: Settings): string => `
pyroscope.receive_http "sdk" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = 0
  }
  forward_to = [pyroscope.write.both.receiver]
}

pyroscope.write "both" {
  endpoint {
    url = "${sinks[0].url}"
    ${first}
  }

  endpoint {
    url = "${sinks[1].url}"
    ${second}
  }

  ${write}
}
`

export const receiver = "pyroscope.receive_http.sdk"

/** Runs until the scope closes. `url` is where profiles are sent to. */
export const startRelay = Effect.fnUntraced(function*(settings: Settings = {}) {
  const sinks = [yield* makeSink, yield* makeSink] as const
  const engine = yield* startEngine(config(sinks, settings))
  return { first: sinks[0], second: sinks[1], sinks, engine, url: yield* engine.listening(receiver) }
})

/**
 * An Effect application that forwards profiles by itself: no daemon, no configuration file.
 *
 *     node examples/embed.ts http://127.0.0.1:4040
 *
 * In your application the modules come from "pyroduct".
 */
import { Console, Effect, Layer } from "effect"
import { readFile } from "node:fs/promises"
import { Labels, Profile, Receiver, Transport, Write } from "../src/index.ts"

const [url = "http://127.0.0.1:4040", file] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const receiver = yield* Receiver.Receiver
  const labels = Labels.make({ __name__: "process_cpu", service_name: "embed-example" })
  const pprof = file === undefined ? new Uint8Array([0x32, 0x00]) : yield* Effect.promise(() => readFile(file))

  // Returns as soon as every endpoint's queue has the profile; the receipt tells what became of it.
  const receipt = yield* receiver.push(Profile.series(labels, [{ id: "", profile: pprof }]))
  for (const outcome of yield* receipt.outcomes) {
    yield* Console.log(
      outcome._tag === "Failed" ? `gave up after ${outcome.retries} retries: ${outcome.error.message}` : outcome._tag
    )
  }
}).pipe(Effect.catchReasons("Refused", {
  InvalidLabels: (reason) => Console.error(`these labels will never do: ${reason.message}`),
  QueueFull: (reason) => Console.error(reason.message),
  TooLarge: (reason) => Console.error(reason.message),
  Stopped: (reason) => Console.error(reason.message)
}))

const Forward = Write.layer({ endpoint: [{ url, max_backoff_retries: 3 }], external_labels: { region: "eu-1" } })

await Effect.runPromise(program.pipe(Effect.provide(Forward.pipe(Layer.provide(Transport.Transport.layer)))))

/**
 * An Effect application that forwards profiles by itself: no daemon, no configuration file.
 *
 *     node examples/embed.ts http://127.0.0.1:4040
 *
 * In your application the modules come from "pyroduct".
 */
import { Console, Effect } from "effect"
import { readFile } from "node:fs/promises"
import { Forward, Labels, Profile, Receiver } from "../src/index.ts"

const [url = "http://127.0.0.1:4040", file] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const receiver = yield* Receiver.Receiver
  const labels = Labels.make({ __name__: "process_cpu", service_name: "embed-example" })
  const pprof = file === undefined ? new Uint8Array([0x32, 0x00]) : yield* Effect.promise(() => readFile(file))

  // Returns as soon as every endpoint's queue has the profile; the receipt tells what became of it.
  const receipt = yield* receiver.push(Profile.series(labels, [{ id: "", profile: pprof }]))
  yield* receipt.delivered
  yield* Console.log("Delivered")
}).pipe(
  // Why an endpoint has not got it.
  Effect.catchReasons("PushError", {
    AuthError: ({ message }) => Console.error(`check the credentials: ${message}`),
    Unreachable: ({ message }) => Console.log(`gave up: ${message}`)
  }),
  // Why it was not even queued.
  Effect.catchReasons("Refused", {
    InvalidLabels: ({ message }) => Console.error(`these labels will never do: ${message}`)
  }),
  Effect.catchTags({
    Dropped: ({ message }) => Console.error(message),
    PushError: ({ message }) => Console.log(`gave up: ${message}`),
    Refused: ({ message }) => Console.error(message)
  })
)

const Profiles = Forward.layer({
  externalLabels: { region: "eu-1" },
  endpoints: [{ url, retry: { maxRetries: 3 } }]
})

await Effect.runPromise(program.pipe(Effect.provide(Profiles)))

import { Effect } from "effect"
import * as Http from "node:http"
import { makeJournal } from "../support/journal.ts"
import { listen } from "../support/ports.ts"

/** A server that does with a request what `react` says, and notes that it has come. */
export const makeSink = (react: (response: Http.ServerResponse) => void) =>
  Effect.gen(function*() {
    const requests = makeJournal<string>((url) => url)
    const server = Http.createServer((request, response) => {
      request.resume().on("end", () => {
        react(response)
        requests.add(request.url!)
      })
    })
    const port = yield* Effect.acquireRelease(Effect.promise(() => listen(server)), () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      }))
    return { requests, url: `http://127.0.0.1:${port}` }
  })

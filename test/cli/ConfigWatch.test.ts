import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as ConfigFile from "../../src/cli/ConfigFile.ts"
import * as ConfigWatch from "../../src/cli/ConfigWatch.ts"
import * as Source from "../../src/syntax/Source.ts"

/** What a look finds: the text of a file, `undefined` where there is none. */
const content = (text: string | undefined) =>
  text === undefined
    ? Result.fail(new ConfigFile.Unreadable({ problems: ["gone"] }))
    : Result.succeed([Source.make("file", text)])

/** After each quarter of a second, how many changes there were; each character is the file's text, `-` is none. */
const watched = Effect.fnUntraced(function*(texts: string) {
  let now: string | undefined = "a"
  let changes = 0
  const fiber = yield* ConfigWatch.follow(Effect.sync(() => content(now)), content("a")).pipe(
    Stream.runForEach(() => Effect.sync(() => void changes++)),
    Effect.forkChild({ startImmediately: true })
  )
  const counts: Array<number> = []
  for (const text of texts) {
    now = text === "-" ? undefined : text
    yield* TestClock.adjust("250 millis")
    counts.push(changes)
  }
  yield* Fiber.interrupt(fiber)
  return counts.join("")
})

describe("ConfigWatch", () => {
  const cases = [
    ["tells a change once", "aaaabbbbbbbbbbbb", "0000000011111111"],
    ["waits for the end of several in a row", "aaabcdeeeeeeeeee", "0000000111111111"],
    ["takes none that is undone at once, as by an editor that renames", "aaa-aaaaaaaaaaaa", "0000000000000000"],
    ["tells that it is gone, and that it is back", "aaa-----aaaaaaaa", "0000111112222222"],
    ["looks once a second, and so sees the last of several", "abcdddddddddcccc", "0000111111111222"]
  ] as const
  for (const [what, texts, counts] of cases) {
    it.effect(what, () => Effect.map(watched(texts), (found) => assert.strictEqual(found, counts)))
  }
})

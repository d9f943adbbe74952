import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, References, Scope } from "effect"
import * as Log from "../../src/telemetry/Log.ts"

/** A log, and the lines that it has written. */
const make = () => {
  const lines: Array<string> = []
  const log = Log.make((line) => lines.push(line.replace(/1970-01-01T00:00:00.000Z/, "0")))
  const layer = Layer.merge(Logger.layer([log.logger]), Layer.succeed(References.MinimumLogLevel, "Debug"))
  return { ...log, lines, layer }
}

const say = (text: string) => Effect.annotateLogs(Effect.andThen(Effect.logDebug(text), Effect.logInfo(text)), "n", 1)

describe("Log", () => {
  it.effect("lets lines wait until it is known how they are to be written", () => {
    const { layer, lines, open, use } = make()
    return Effect.gen(function*() {
      yield* say("early")
      yield* use({ level: "debug", format: "json" })
      assert.deepStrictEqual(lines, [])
      yield* open
      yield* say("late")
      assert.deepStrictEqual(lines, [
        "{\"ts\":\"0\",\"level\":\"debug\",\"msg\":\"early\",\"n\":1}",
        "{\"ts\":\"0\",\"level\":\"info\",\"msg\":\"early\",\"n\":1}",
        "{\"ts\":\"0\",\"level\":\"debug\",\"msg\":\"late\",\"n\":1}",
        "{\"ts\":\"0\",\"level\":\"info\",\"msg\":\"late\",\"n\":1}"
      ])
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("lets no more wait than have room, and loses none", () => {
    const { layer, lines } = make()
    return Effect.gen(function*() {
      yield* Effect.repeat(Effect.logInfo("x"), { times: 998 })
      assert.lengthOf(lines, 0)
      yield* Effect.logInfo("one more")
      assert.lengthOf(lines, 1000)
      yield* Effect.logInfo("and another")
      assert.lengthOf(lines, 1001)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is written as the newest says that there is, and as by default when there is none", () => {
    const { layer, lines, release, use } = make()
    release()
    const living = Effect.fnUntraced(function*(settings: Log.Settings) {
      const scope = yield* Scope.make()
      yield* Scope.provide(use(settings), scope)
      return Scope.close(scope, Exit.void)
    })
    return Effect.gen(function*() {
      const endOld = yield* living({ level: "none", format: "json" })
      yield* say("a")
      const endNew = yield* living({ level: "debug", format: "logfmt" })
      yield* endOld
      yield* say("b")
      yield* endNew
      yield* say("c")
      assert.deepStrictEqual(lines, [
        "ts=0 level=debug msg=b n=1",
        "ts=0 level=info msg=b n=1",
        "ts=0 level=info msg=c n=1"
      ])
    }).pipe(Effect.provide(layer))
  })

  it.effect("stays as it is to the end, once that is in sight", () => {
    const { keep, layer, lines, release, use } = make()
    release()
    return Effect.gen(function*() {
      yield* Effect.scoped(Effect.andThen(use({ level: "info", format: "json" }), keep))
      yield* say("last")
      assert.deepStrictEqual(lines, ["{\"ts\":\"0\",\"level\":\"info\",\"msg\":\"last\",\"n\":1}"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("has the level and the cause of a line in both formats, and nothing in it breaks one", () => {
    const { layer, lines, release, use } = make()
    release()
    const fail = Effect.logFatal("a \"b\"\n", { toString: () => "c" }).pipe(
      Effect.annotateLogs({ text: "1", big: 1n, nan: NaN, no: undefined, yes: true })
    )
    return Effect.gen(function*() {
      yield* fail
      yield* use({ level: "error", format: "json" })
      yield* fail
      assert.deepStrictEqual(lines, [
        "ts=0 level=error msg=\"a \\\"b\\\"\\n c\" text=1 big=1 nan=NaN no=undefined yes=true",
        "{\"ts\":\"0\",\"level\":\"error\",\"msg\":\"a \\\"b\\\"\\n c\",\"text\":\"1\",\"big\":\"1\",\"nan\":\"NaN\",\"no\":\"undefined\",\"yes\":true}"
      ])
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.effect("says in its own format how many lines were lost", () => {
    const notices: Array<string> = []
    const log = Log.make((_, notice) => notices.push(notice(3)))
    log.release()
    return Effect.gen(function*() {
      yield* log.use({ level: "info", format: "json" })
      yield* Effect.logInfo("lost")
      assert.deepStrictEqual(JSON.parse(notices[0]!), {
        ts: "1970-01-01T00:00:00.000Z",
        level: "warn",
        msg: "lines of the log were lost, it could not be written",
        lines: 3
      })
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([log.logger])))
  })
})

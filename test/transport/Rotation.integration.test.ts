import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Fiber, Layer, Logger, Redacted, type Scope } from "effect"
import { rmSync } from "node:fs"
import { join } from "node:path"
import * as Write from "../../src/components/pyroscope/Write.ts"
import type { Outcome } from "../../src/delivery/Receipt.ts"
import { Receiver } from "../../src/delivery/Receiver.ts"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as Health from "../../src/telemetry/Health.ts"
import { Transport } from "../../src/transport/Transport.ts"
import { authority, issue } from "../support/certificates.ts"
import { temporaryDirectory } from "../support/engine.ts"
import { clientId, makeIdentityProvider, secret } from "../support/identityProvider.ts"
import { makeJournal } from "../support/journal.ts"
import * as Rotating from "../support/rotating.ts"
import { makeTarget } from "../support/target.ts"

const profile = Profile.series(Labels.make({ __name__: "memory", service_name: "shop" }), [
  { id: "1", profile: new Uint8Array(1000) }
])

const start = (...endpoint: ReadonlyArray<Rotating.EndpointOptions>) =>
  Effect.map(Layer.build(Write.layer({ endpoint })), (context) => Context.get(context, Receiver))

const push = (receiver: Receiver) => Effect.flatMap(receiver.push(profile), ({ outcomes }) => outcomes)

const wrong = (outcome: Outcome): ReadonlyArray<string> => {
  switch (outcome._tag) {
    case "Delivered":
      return []
    case "Failed":
      return [outcome.error.message]
    case "Dropped":
      return [outcome.reason]
  }
}

const pushers = 16

/**
 * Many push one profile after the other while something happens, which may wait until each of them has pushed so often;
 * what became of all of them.
 */
const underLoad = Effect.fnUntraced(function*<E, R>(
  receiver: Receiver,
  happening: (each: (times: number) => Effect.Effect<void>) => Effect.Effect<void, E, R>
) {
  const pushed = makeJournal<Outcome>(({ _tag }) => _tag)
  const counts = Array<number>(pushers).fill(0)
  const each = Effect.fnUntraced(function*(times: number) {
    const goals = counts.map((count) => count + times)
    yield* pushed.until(() => goals.every((goal, pusher) => counts[pusher]! >= goal))
  })
  let isOver = false
  const pushing = (_: number, pusher: number) =>
    Effect.whileLoop({
      while: () => !isOver,
      body: () => push(receiver),
      step: (outcomes) => {
        counts[pusher]!++
        outcomes.forEach(pushed.add)
      }
    })
  const all = yield* Effect.forkChild(Effect.forEach(counts, pushing, { concurrency: "unbounded" }))
  yield* happening(each)
  isOver = true
  yield* Fiber.join(all)
  return pushed.all
})

/** Files are looked at twenty times a second; all else takes its time. */
const hasty = Effect.map(Clock.Clock, (clock): Clock.Clock =>
  Object.create(clock, {
    sleep: {
      value: (duration: Duration.Duration) =>
        clock.sleep(Duration.toMillis(duration) === 1000 ? Duration.millis(50) : duration)
    }
  }))

/** What is said to an operator, on either of the two ways. */
const makeNews = () => {
  const health = makeJournal<string>((line) => line)
  const log = makeJournal<string>((line) => line)
  const reporter: Health.Reporter = {
    problem: (about, message) => Effect.sync(() => health.add(message ?? `${about}: over`))
  }
  const logger = Logger.make<unknown, void>(({ logLevel, message }) => log.add(`${logLevel}: ${String(message)}`))
  return { health, log, layer: Layer.merge(Logger.layer([logger]), Layer.succeed(Health.Reporter, reporter)) }
}

const live = <E>(name: string, test: Effect.Effect<void, E, Transport | Scope.Scope>) =>
  it.live(name, () => Effect.provide(test, [Transport.layer, Logger.layer([])]))

describe("credentials in files are replaced under load, and no push fails", () => {
  for (const { make, name } of Rotating.all) {
    live(
      name,
      Effect.gen(function*() {
        const { endpoint, rotate } = yield* make
        const outcomes = yield* underLoad(
          yield* start(endpoint),
          Effect.fnUntraced(function*(each) {
            yield* each(3)
            for (const write of [Rotating.byRenaming, Rotating.inPlace, Rotating.byRenaming, Rotating.inPlace]) {
              yield* rotate(write)
              // A push is made again once: none may meet two rotations, and one that has begun before this one may be
              // the first, so that it takes the second to tell that all know of this one.
              yield* each(3)
            }
          })
        )
        assert.deepStrictEqual(outcomes.flatMap(wrong), [])
        assert.isAtLeast(outcomes.length, 5 * 3 * pushers)
      })
    )
  }
})

describe("a certificate that is there before its key, with the server already wanting it, loses no push", () => {
  for (const { make, name } of [Rotating.certificateFiles, Rotating.certificateFilesInHttp]) {
    it.live(name, () => {
      const news = makeNews()
      return Effect.gen(function*() {
        const { endpoint, files: [certificate], rotate } = yield* make
        const outcomes = yield* underLoad(
          yield* start({ ...endpoint, max_backoff_retries: 0 }),
          Effect.fnUntraced(function*(each) {
            yield* each(3)
            let writeKey = (): void => {}
            yield* rotate((path, text) => {
              if (path === certificate) Rotating.byRenaming(path, text)
              else writeKey = () => Rotating.byRenaming(path, text)
            })
            yield* news.log.until((all) => all.includes("Warn: pushes failed"))
            writeKey()
            yield* each(3)
          })
        )
        assert.deepStrictEqual(outcomes.flatMap(wrong), [])
      }).pipe(Effect.provide([Transport.layer, news.layer]))
    })
  }
})

describe("no push is lost", () => {
  live(
    "where tokens are revoked again and again",
    Effect.gen(function*() {
      const provider = yield* makeIdentityProvider()
      const target = yield* makeTarget()
      target.judge(({ headers }) => ({ status: provider.isGood(headers.authorization) ? 200 : 401 }))
      const oauth2 = {
        client_id: clientId,
        client_secret: Redacted.make(secret),
        token_url: provider.tokenUrl
      }
      const outcomes = yield* underLoad(
        yield* start({ url: target.url, ...Rotating.impatient, oauth2 }),
        Effect.fnUntraced(function*(each) {
          for (let times = 0; times < 20; times++) {
            yield* each(3)
            provider.revoke()
          }
          yield* each(3)
        })
      )
      assert.deepStrictEqual(outcomes.flatMap(wrong), [])
      assert.isAtLeast(provider.requests.all.length, 20)
    })
  )

  live(
    "where a token is in its file some time before the server takes it",
    Effect.gen(function*() {
      const path = join(yield* temporaryDirectory, "token")
      const target = yield* makeTarget()
      let good = "old"
      target.judge(({ headers }) => ({ status: headers.authorization === `Bearer ${good}` ? 200 : 401 }))
      Rotating.inPlace(path, "old")
      const outcomes = yield* underLoad(
        yield* start({ url: target.url, ...Rotating.impatient, bearer_token_file: path }),
        Effect.fnUntraced(function*(each) {
          yield* each(3)
          Rotating.byRenaming(path, "new")
          // The breaker opens at the eighth refusal.
          yield* target.requests.until((all) => all.filter(({ status }) => status === 401).length >= 8)
          good = "new"
          yield* each(3)
        })
      )
      assert.deepStrictEqual(outcomes.flatMap(wrong), [])
    })
  )
})

/** What becomes of the files, and what is wrong with them then. */
interface Fault {
  readonly name: string
  readonly kind: Rotating.Kind
  readonly strike: (...files: ReadonlyArray<string>) => Effect.Effect<void>
  readonly problem: (...files: ReadonlyArray<string>) => string
}

const written = (text: string) => (path = "") => Effect.sync(() => Rotating.byRenaming(path, text))
const deleted = (path = "") => Effect.sync(() => rmSync(path))

const lacking = (name: string) => (path = "") =>
  `unable to read ${name}: unable to read file ${path}: no such file or directory`

const foreignKey = Effect.promise(async () => (await issue(await authority())).key)

const faults: ReadonlyArray<Fault> = [
  {
    name: "a deleted password_file",
    kind: Rotating.passwordFile,
    strike: deleted,
    problem: lacking("basic auth password")
  },
  {
    name: "an emptied credentials_file",
    kind: Rotating.credentialsFile,
    strike: written("\n"),
    problem: (path) => `unable to read authorization credentials: file ${path} is empty`
  },
  {
    name: "a bearer_token_file of two lines",
    kind: Rotating.bearerTokenFile,
    strike: written("one\ntwo\n"),
    problem: (path) => `unable to read authorization credentials: file ${path} holds what a header cannot carry`
  },
  {
    name: "a deleted client_secret_file",
    kind: Rotating.clientSecretFile,
    strike: deleted,
    problem: lacking("oauth2 client secret")
  },
  {
    name: "an emptied client_secret_file",
    kind: Rotating.clientSecretFile,
    strike: written(""),
    problem: (path) => `unable to read oauth2 client secret: file ${path} is empty`
  },
  {
    name: "a deleted ca_file",
    kind: Rotating.caFile,
    strike: deleted,
    problem: lacking("CA cert")
  },
  {
    name: "an emptied ca_file",
    kind: Rotating.caFile,
    strike: written(""),
    problem: (path) => `unable to use specified CA cert file ${path}: there is no certificate in it`
  },
  {
    name: "a ca_file that is written halfway",
    kind: Rotating.caFile,
    strike: written("-----BEGIN CERTIFICATE-----\nMIIB\n"),
    problem: (path) => `unable to use specified CA cert file ${path}: certificate 1 of 1 cannot be parsed`
  },
  {
    name: "a deleted key_file",
    kind: Rotating.certificateFiles,
    strike: (_, key) => deleted(key),
    problem: (_, key) => lacking("specified client key")(key)
  },
  {
    name: "a cert_file of garbage",
    kind: Rotating.certificateFiles,
    strike: written("garbage"),
    problem: (certificate, key) =>
      `unable to use specified client cert (file ${certificate}) & key (file ${key}): there is no certificate in it`
  },
  {
    name: "the key_file of another certificate",
    kind: Rotating.certificateFiles,
    strike: (_, key) => Effect.flatMap(foreignKey, (text) => written(text)(key)),
    problem: (certificate, key) =>
      `unable to use specified client cert (file ${certificate}) & key (file ${key}): ` +
      "the private key does not belong to the certificate"
  }
]

describe("pushes go on with the last good credentials, and it is said once what is wrong and once that it is over", () => {
  for (const { kind, name, problem, strike } of faults) {
    it.live(name, () => {
      const news = makeNews()
      return Effect.gen(function*() {
        const { endpoint, files, rotate, target } = yield* kind.make
        const about = `cannot use file ${files.join(", ")}`
        const outcomes = yield* underLoad(
          yield* start(endpoint),
          Effect.fnUntraced(function*() {
            yield* target.requests.atLeast(10)
            yield* strike(...files)
            yield* news.health.atLeast(1)
            // Some more looks, which are to find nothing new.
            yield* Effect.sleep("150 millis")
            yield* target.requests.atLeast(target.requests.all.length + 20)
            yield* rotate(Rotating.byRenaming)
            yield* news.health.atLeast(2)
            yield* target.requests.atLeast(target.requests.all.length + 20)
          })
        )
        assert.deepStrictEqual(outcomes.flatMap(wrong), [])
        assert.deepStrictEqual(news.health.all, [`${about}: ${problem(...files)}`, `${about}: over`])
        assert.deepStrictEqual(news.log.all.filter((line) => !line.includes("deliver")), [
          `Warn: ${about}`,
          "Info: recovered"
        ])
      }).pipe(
        Effect.provide([Transport.layer, news.layer]),
        (test) => Effect.provideServiceEffect(test, Clock.Clock, hasty)
      )
    })
  }
})

describe("a file that is missing at the start", () => {
  it.live("of a credential is awaited", () => {
    const news = makeNews()
    return Effect.gen(function*() {
      const path = join(yield* temporaryDirectory, "token")
      const target = yield* makeTarget()
      const endpoint = {
        url: target.url,
        bearer_token_file: path,
        min_backoff_period: Duration.millis(50),
        max_backoff_period: Duration.millis(50)
      }
      const receiver = yield* start({ ...endpoint, max_backoff_retries: 2 }, { ...endpoint, max_backoff_retries: 0 })
      const pushing = yield* Effect.forkChild(push(receiver))
      const problem = `cannot use file ${path}: ${lacking("authorization credentials")(path)}`
      yield* news.log.until((all) => all.includes("Warn: profiles lost"))
      Rotating.byRenaming(path, "the token")

      const [impatient, patient] = yield* Fiber.join(pushing)
      assert(impatient?._tag === "Failed" && impatient.error.reason._tag === "AuthError")
      const { concerns, message, source, status } = impatient.error.reason
      assert.deepStrictEqual({ retries: impatient.retries, concerns, message, source, status }, {
        retries: 2,
        concerns: "endpoint",
        message: lacking("authorization credentials")(path),
        source: "credential file",
        status: undefined
      })
      assert.strictEqual(patient?._tag, "Delivered")
      assert.deepStrictEqual(target.requests.all.map(({ headers }) => headers.authorization), ["Bearer the token"])
      assert.deepStrictEqual(news.health.all.slice(0, 2), [problem, problem], "of each endpoint")
      yield* news.health.atLeast(4)
    }).pipe(
      Effect.provide([Transport.layer, news.layer]),
      (test) => Effect.provideServiceEffect(test, Clock.Clock, hasty)
    )
  })

  const missing = [[Rotating.caFile, 0], [Rotating.certificateFiles, 0], [Rotating.certificateFiles, 1]] as const
  for (const [{ make, name }, which] of missing) {
    it.live(`of ${name.split(" ")[which * 2]} is awaited`, () => {
      const news = makeNews()
      return Effect.gen(function*() {
        const { endpoint, files, rotate, target } = yield* make
        rmSync(files[which]!)
        const receiver = yield* start({ ...endpoint, max_backoff_retries: 0 })
        const pushing = yield* Effect.forkChild(push(receiver))
        const [problem] = yield* news.health.atLeast(1)
        assert.match(problem!, /: no such file or directory$/)
        yield* rotate(Rotating.byRenaming)
        assert.deepStrictEqual((yield* Fiber.join(pushing)).flatMap(wrong), [])
        assert.strictEqual(target.requests.all.length, 1)
        yield* news.health.atLeast(2)
      }).pipe(
        Effect.provide([Transport.layer, news.layer]),
        (test) => Effect.provideServiceEffect(test, Clock.Clock, hasty)
      )
    })
  }
})

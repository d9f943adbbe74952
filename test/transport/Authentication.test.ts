import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Problems from "../../src/transport/Problems.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"
import * as Files from "../support/files.ts"
import { grant, scripted } from "../support/tokenEndpoint.ts"

const inline = (text: string) => Material.inline(Redacted.make(text))

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`

const path = "/run/secret"

const server = "https://pyroscope.example"

const make = (settings: Authentication.Settings, files = Files.make()) =>
  Authentication.make(settings, () => Effect.die("no token is needed"), undefined).pipe(
    Effect.map((authenticator) => ({
      ...authenticator,
      header: authenticator.header(server),
      refused: (header: string) => authenticator.refused(header, server),
      accepted: (header: string) => authenticator.accepted(header, server)
    })),
    Effect.provideServiceEffect(Problems.Problems, Problems.make),
    Effect.provide(files.layer)
  )

const headerOf = (settings: Authentication.Settings) => Effect.flatMap(make(settings), ({ header }) => header)

describe("Authentication", () => {
  it.effect("makes the header of basic auth, in UTF-8, and of a token", () =>
    Effect.gen(function*() {
      const cases = [
        [Authentication.basic("\u00fcser", inline("p\u20ac:")), basic("\u00fcser:p\u20ac:")],
        [Authentication.basic("user"), basic("user:")],
        [Authentication.basic("", inline("  p\n")), basic(":  p\n")],
        [Authentication.token(inline("t0ken")), "Bearer t0ken"],
        [Authentication.token(inline("t0ken"), "Token"), "Token t0ken"]
      ] as const
      for (const [settings, expected] of cases) assert.strictEqual(yield* headerOf(settings), expected)
    }))

  it("takes the user info of a URL, unescaped", () => {
    const credentialsIn = (url: string) => {
      const credentials = Authentication.fromUrl(new URL(url))
      if (credentials === undefined) return undefined
      assert(credentials.password._tag === "Inline")
      return [credentials.username, Redacted.value(credentials.password.text)]
    }
    assert.deepStrictEqual(credentialsIn("http://a%3Ab:c%40d%25@host"), ["a:b", "c@d%"])
    assert.deepStrictEqual(credentialsIn("http://a@host"), ["a", ""])
    assert.deepStrictEqual(credentialsIn("http://:p@host"), ["", "p"])
    assert.isUndefined(credentialsIn("http://host/user"))
  })

  it("does not show a secret", () => {
    const shown = [
      Authentication.token(inline("secret")),
      Authentication.basic("user", inline("secret")),
      Authentication.fromUrl(new URL("http://user:secret@host"))
    ]
    assert.notInclude(inspect(shown, { depth: 10, showHidden: true }) + JSON.stringify(shown), "secret")
  })

  describe("with a secret in a file", () => {
    const kinds = [
      {
        what: "basic auth",
        settings: Authentication.basic("user", Material.file(path)),
        name: "basic auth password",
        headerFor: (secret: string) => basic(`user:${secret}`)
      },
      {
        what: "a token",
        settings: Authentication.token(Material.file(path)),
        name: "authorization credentials",
        headerFor: (secret: string) => `Bearer ${secret}`
      }
    ]

    it.effect.each(kinds)(
      "makes the header of $what without the line break at its end",
      ({ headerFor, settings }) =>
        Effect.gen(function*() {
          const { header } = yield* make(settings, Files.make({ [path]: " s3 cret\r\n" }))
          assert.strictEqual(yield* header, headerFor("s3 cret"))
        })
    )

    it.effect.each(kinds)(
      "has no credential for $what as long as there is no good file",
      ({ headerFor, name, settings }) =>
        Effect.gen(function*() {
          const files = Files.make()
          const { header, secrets } = yield* make(settings, files)
          const problem = Effect.gen(function*() {
            yield* TestClock.adjust("2 seconds")
            const { detail, source, status } = yield* Effect.flip(header)
            assert.deepStrictEqual([source, status], ["credential file", undefined])
            assert.deepStrictEqual(secrets(), [])
            return detail
          })
          assert.strictEqual(
            yield* problem,
            `unable to read ${name}: unable to read file ${path}: no such file or directory`
          )
          files.write(path, " \n")
          assert.strictEqual(yield* problem, `unable to read ${name}: file ${path} is empty`)
          files.write(path, "s3cret")
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual(yield* header, headerFor("s3cret"))
        })
    )

    it.effect("cannot send a token that a header cannot carry, but any password", () =>
      Effect.gen(function*() {
        const headerWith = (settings: Authentication.Settings, secret: string) =>
          Effect.flatMap(make(settings, Files.make({ [path]: secret })), ({ header }) => header)
        const [password, token] = kinds.map(({ settings }) => settings)
        const secret = "s3cret\nand more"
        assert.strictEqual(
          (yield* Effect.flip(headerWith(token!, secret))).detail,
          `unable to read authorization credentials: file ${path} holds what a header cannot carry`
        )
        assert.strictEqual(yield* headerWith(password!, secret), basic(`user:${secret}`))
        assert.strictEqual(yield* headerWith(token!, "p\u20acss"), "Bearer p\u20acss")
        const name = Authentication.basic("\u20ac", Material.file(path))
        assert.strictEqual(yield* headerWith(name, "p\u20acss"), basic("\u20ac:p\u20acss"))
      }))

    it.effect.each(kinds)(
      "does not take for $what what is no UTF-8",
      ({ name, settings }) =>
        Effect.gen(function*() {
          // As whoever reads it as UTF-8 gets it.
          const text = new TextDecoder().decode(Buffer.from("p\u00e4ss", "latin1"))
          const { header } = yield* make(settings, Files.make({ [path]: text }))
          const { detail } = yield* Effect.flip(header)
          assert.strictEqual(detail, `unable to read ${name}: file ${path} is not UTF-8`)
        })
    )

    it.effect.each(kinds)(
      "takes another for $what, and keeps it when the file is spoilt",
      ({ headerFor, settings }) =>
        Effect.gen(function*() {
          const files = Files.make({ [path]: "old" })
          const { header, secrets } = yield* make(settings, files)
          assert.strictEqual(yield* header, headerFor("old"))
          files.write(path, "newer")
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual(yield* header, headerFor("newer"))
          files.write(path, "")
          yield* TestClock.adjust("1 minute")
          assert.strictEqual(yield* header, headerFor("newer"))
          assert.sameMembers([...secrets()], ["newer", headerFor("newer").replace(/^\w+ /, "")])
        })
    )

    it.effect("that was refused is looked at once, however many were refused", () =>
      Effect.gen(function*() {
        const files = Files.make({ [path]: "old" })
        const { header, refused } = yield* make(Authentication.token(Material.file(path)), files)
        const old = yield* header
        assert.isFalse(yield* refused(old))
        assert.strictEqual(files.reads(), 2)
        files.write(path, "new")
        const all = yield* Effect.forkChild(
          Effect.forEach(Array(8).fill(old), refused, { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        yield* TestClock.adjust("20 millis")
        assert.deepStrictEqual(yield* Fiber.join(all), Array(8).fill(true))
        assert.strictEqual(files.reads(), 3)
        assert.strictEqual(yield* header, "Bearer new")
        // And whoever comes late knows without looking.
        files.write(path, "newest")
        assert.isTrue(yield* refused(old))
        assert.strictEqual(files.reads(), 3)
      }))

    it.effect("that was refused is no other when the new file is no good", () =>
      Effect.gen(function*() {
        const files = Files.make({ [path]: "old" })
        const { header, refused } = yield* make(Authentication.basic("user", Material.file(path)), files)
        files.remove(path)
        const fiber = yield* Effect.forkChild(Effect.flatMap(header, refused), { startImmediately: true })
        yield* TestClock.adjust("20 millis")
        assert.isFalse(yield* Fiber.join(fiber))
        assert.strictEqual(yield* header, basic("user:old"))
      }))
  })

  it.effect("that is part of the settings is never another when refused", () =>
    Effect.gen(function*() {
      const { accepted, header, refused, secrets } = yield* make(Authentication.basic("user", inline("s3cret")))
      const first = yield* header
      assert.isFalse(yield* refused(first))
      accepted(first)
      assert.strictEqual(yield* header, first)
      assert.sameMembers([...secrets()], ["s3cret", first.slice("Basic ".length)])
    }))

  it.effect("asks the token endpoint for a token, over the link that its settings need", () =>
    Effect.gen(function*() {
      const settings: Authentication.OAuth2Client = {
        _tag: "OAuth2",
        clientId: "pusher",
        clientSecret: inline("s3cret"),
        tokenUrl: "https://idp.example/token",
        scopes: [],
        endpointParams: {},
        tls: Tls.defaults,
        proxy: Proxy.defaults
      }
      const tokens = scripted([grant("t0ken")])
      const links: Array<unknown> = []
      const { header, secrets } = yield* Authentication.make(
        settings,
        (settings) => {
          links.push(settings)
          return Effect.succeed(tokens)
        },
        "pyroduct/1"
      ).pipe(
        Effect.provideServiceEffect(Problems.Problems, Problems.make),
        Effect.provide(Files.make().layer)
      )
      assert.deepStrictEqual(links, [settings])
      assert.strictEqual(tokens.requests.length, 0)
      assert.strictEqual(yield* header(server), "Bearer t0ken")
      assert.strictEqual(tokens.requests[0]?.headers["user-agent"], "pyroduct/1")
      assert.includeMembers([...secrets()], ["s3cret", "t0ken"])
    }))
})

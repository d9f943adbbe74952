import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Redacted, Result, type Scope, SubscriptionRef } from "effect"
import { createPrivateKey } from "node:crypto"
import type { PeerCertificate } from "node:tls"
import * as Material from "../../src/transport/Material.ts"
import * as Problems from "../../src/transport/Problems.ts"
import * as Tls from "../../src/transport/Tls.ts"
import * as Certificates from "../support/certificates.ts"

const year = (year: number): Date => new Date(Date.UTC(year, 0))
const now = year(2041).getTime()

const authority = await Certificates.authority({ notBefore: year(2040), notAfter: year(2045) })
const old = await Certificates.authority({ notBefore: year(2030), notAfter: year(2035) })
const older = await Certificates.authority({ notBefore: year(2030), notAfter: year(2034) })
const client = await Certificates.issue(authority, { client: true, notBefore: year(2040), notAfter: year(2042) })
const stranger = await Certificates.issue(authority, { client: true, notBefore: year(2040), notAfter: year(2042) })
const rsa = await Certificates.issue(authority, { algorithm: "RSA-2048", notBefore: year(2040), notAfter: year(2042) })
const short = await Certificates.issue(authority, {
  algorithm: "RSA-512",
  notBefore: year(2040),
  notAfter: year(2042)
})

interface Texts {
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
}

const inline = (text: string | undefined): Material.Source | undefined =>
  text === undefined ? undefined : Material.inline(Redacted.make(text))

const settings = ({ ca, certificate, key }: Texts, more: Partial<Tls.Settings> = {}): Tls.Settings => ({
  ...Tls.defaults,
  ca: inline(ca),
  certificate: inline(certificate),
  key: inline(key),
  ...more
})

const problem = (texts: Texts, at = now): string | undefined => Tls.problem(settings(texts), at)

const encrypted = (key: string, type: "pkcs8" | "sec1"): string =>
  createPrivateKey(key).export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "passphrase" }) as string

/** As if a line were missing. */
const broken = (pem: string): string => pem.split("\n").toSpliced(2, 1).join("\n")
const cut = (pem: string): string => pem.slice(0, -40)

/** As it looks when it is read as UTF-8. */
const utf16 = (text: string): string => Buffer.from(`\uFEFF${text}`, "utf16le").toString("utf8")

describe("The problem with inline certificates", () => {
  const cases: ReadonlyArray<readonly [mistake: string, ca: string, text: string]> = [
    ["nothing", "", "there is no certificate in it"],
    ["no PEM", "/etc/ssl/ca.pem", "there is no certificate in it"],
    ["UTF-16", utf16(authority.certificate), "there is no certificate in it that can be read, as it is not UTF-8"],
    [
      "a form of OpenSSL's",
      authority.certificate.replaceAll(" CERTIFICATE", " TRUSTED CERTIFICATE"),
      "TRUSTED CERTIFICATE is a form that is not read, `openssl x509` makes a CERTIFICATE of it"
    ],
    ["a private key", authority.key, "a private key is where a certificate should be"],
    ["a broken one", authority.certificate + broken(old.certificate), "certificate 2 of 2 cannot be parsed"],
    ["one that is cut", cut(authority.certificate), "certificate 1 of 1 cannot be parsed"],
    ["an expired one", old.certificate, "the certificate expired on 2035-01-01T00:00:00Z"],
    [
      "expired ones",
      old.certificate + older.certificate,
      "all 2 certificates have expired, the last on 2035-01-01T00:00:00Z"
    ]
  ]
  for (const [mistake, ca, text] of cases) {
    it(`of the authorities: ${mistake}`, () =>
      assert.strictEqual(problem({ ca }), `unable to use specified CA cert inline: ${text}`))
  }

  const clientCases: ReadonlyArray<readonly [mistake: string, identity: Texts, text: string]> = [
    ["a key as certificate", { ...client, certificate: client.key }, "a private key is where a certificate should be"],
    [
      "a certificate as key",
      { ...client, key: client.certificate },
      "a certificate is where the private key should be"
    ],
    ["no certificate", { ...client, certificate: "x" }, "there is no certificate in it"],
    ["no key", { ...client, key: "x" }, "there is no private key in it"],
    [
      "a broken certificate",
      { ...client, certificate: broken(client.certificate) },
      "certificate 1 of 1 cannot be parsed"
    ],
    ["a broken key", { ...client, key: broken(client.key) }, "the private key cannot be parsed"],
    ["a key that is cut", { ...client, key: cut(client.key) }, "the private key cannot be parsed"],
    ["another's key", { ...client, key: stranger.key }, "the private key does not belong to the certificate"],
    ["another kind of key", { ...client, key: rsa.key }, "the private key does not belong to the certificate"],
    [
      "an encrypted key",
      { ...client, key: encrypted(client.key, "pkcs8") },
      "the private key is encrypted, and passphrases are not supported"
    ],
    [
      "a key that is encrypted in the old way",
      { ...client, key: encrypted(client.key, "sec1") },
      "the private key is encrypted, and passphrases are not supported"
    ],
    ["a key too short for OpenSSL", short, "error:0A00018F:SSL routines::ee key too small"]
  ]
  for (const [mistake, identity, text] of clientCases) {
    it(`of the client: ${mistake}`, () =>
      assert.strictEqual(
        problem(identity),
        `unable to use specified client cert (inline) & key (inline): ${text}`
      ))
  }

  it("is the client's when its certificate is of another time", () => {
    const prefix = "unable to use specified client cert (inline) & key (inline): the certificate"
    assert.strictEqual(problem(client, year(2039).getTime()), `${prefix} is not valid before 2040-01-01T00:00:00Z`)
    assert.strictEqual(problem(client, year(2043).getTime()), `${prefix} expired on 2042-01-01T00:00:00Z`)
    assert.isUndefined(problem(client, year(2042).getTime()))
  })

  it("is none when they are good", () => {
    assert.isUndefined(problem({}))
    assert.isUndefined(problem({ ca: authority.certificate, ...client }))
    assert.isUndefined(problem(rsa))
    assert.isUndefined(
      problem({ ...client, key: createPrivateKey(client.key).export({ type: "sec1", format: "pem" }) as string })
    )
  })

  it("is none when one of the authorities has not expired", () => {
    assert.isUndefined(problem({ ca: old.certificate + authority.certificate + older.certificate }))
  })

  it("is not white space, a comment, or what else the text has", () => {
    const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    const both = parameters + client.key + "\n" + client.certificate
    const { ca, certificate, key } = {
      ca:
        `subject=${old.subject}\n${old.certificate}\n\nsubject=${authority.subject}\n${authority.certificate}\n# end\n`,
      certificate: both,
      key: both
    }
    for (const [from, to] of [["\n", "\n"], ["\n", "\r\n"], ["\n", "\r"], ["\n", " \t\n"], ["\n", "\n    "]] as const) {
      const change = (text: string): string => `\uFEFF${text.replaceAll(from, to)}`
      assert.isUndefined(
        problem({ ca: change(ca), certificate: change(certificate), key: change(key) }),
        JSON.stringify(to)
      )
    }
  })

  it("is not looked for in files", () => {
    const file = Material.file("/does/not/exist.pem")
    assert.isUndefined(Tls.problem({ ...Tls.defaults, ca: file, certificate: file, key: file }, now))
  })

  it("is found in what is no file next to a file", () => {
    assert.strictEqual(
      Tls.problem(settings(client, { key: Material.file("/key.pem") }), year(2043).getTime()),
      "unable to use specified client cert (inline) & key (file /key.pem): the certificate expired on 2042-01-01T00:00:00Z"
    )
  })
})

const valid = await Certificates.authority()
const other = await Certificates.authority()
const ours = await Certificates.issue(valid, { client: true })

const load = Effect.fnUntraced(function*(settings: Tls.Settings) {
  const problems = yield* Problems.make
  const material = yield* Effect.provideService(Tls.material(settings), Problems.Problems, problems)
  return { ...material, problems: SubscriptionRef.get(problems) }
})

const options = (settings: Tls.Settings) =>
  Effect.flatMap(load(settings), ({ current }) => Effect.fromResult(current()))

const live = <E>(name: string, test: () => Effect.Effect<void, E, FileSystem.FileSystem | Scope.Scope>) =>
  it.live(name, () => Effect.provide(test(), NodeFileSystem.layer))

/** Writes the texts to files. */
const files = Effect.fnUntraced(function*(texts: Texts) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const paths = { ca: `${folder}/ca.pem`, certificate: `${folder}/cert.pem`, key: `${folder}/key.pem` }
  for (const part of ["ca", "certificate", "key"] as const) {
    const text = texts[part]
    if (text !== undefined) yield* fs.writeFileString(paths[part], text)
  }
  const source = (part: keyof Texts) => texts[part] === undefined ? undefined : Material.file(paths[part])
  const settings = { ...Tls.defaults, ca: source("ca"), certificate: source("certificate"), key: source("key") }
  return { fs, paths, settings }
})

describe("The material of connections", () => {
  live("is one secure context for all", () =>
    Effect.gen(function*() {
      const { current } = yield* load(settings({ ca: valid.certificate, ...ours }))
      const [first, second] = [yield* Effect.fromResult(current()), yield* Effect.fromResult(current())]
      assert.strictEqual(first.context(), second.context())
      assert.deepStrictEqual(Object.keys(first), ["context", "rejectUnauthorized", "checkServerIdentity"])
      assert.isTrue(first.rejectUnauthorized)
    }))

  live(
    "trusts whom Node trusts by itself from the first connection on, and is told before",
    () =>
      Effect.gen(function*() {
        let told = 0
        const before = Effect.provideService(Tls.BeforeTrust, () => void (told += 1))
        const usual = yield* before(options(settings({}, { serverName: "profiles.example" })))
        const own = yield* before(options(settings({ ca: valid.certificate })))
        own.context()
        assert.strictEqual(told, 0)
        assert.strictEqual(usual.context(), usual.context())
        assert.strictEqual(told, 1)
      })
  )

  live("can be told not to look at the server's certificate", () =>
    Effect.gen(function*() {
      assert.isFalse((yield* options(settings({}, { insecureSkipVerify: true }))).rejectUnauthorized)
    }))

  live("has the name of the server, and checks an address without sending it", () =>
    Effect.gen(function*() {
      const named = yield* options(settings({}, { serverName: "profiles.example" }))
      assert.strictEqual(named.servername, "profiles.example")
      const ofHost = { subject: {}, subjectaltname: "DNS:profiles.example" } as PeerCertificate
      assert.isUndefined(named.checkServerIdentity!("ignored", ofHost))

      const { checkServerIdentity, servername } = yield* options(settings({}, { serverName: "192.0.2.7" }))
      assert.isUndefined(servername)
      const certificate = { subject: {}, subjectaltname: "IP Address:192.0.2.7" } as PeerCertificate
      assert.isUndefined(checkServerIdentity!("ignored", certificate))
      assert.instanceOf(
        checkServerIdentity!("192.0.2.8", { ...certificate, subjectaltname: "IP Address:192.0.2.8" }),
        Error
      )
    }))

  it("is fixed without files", () => {
    assert.isTrue(Tls.isFixed(Tls.defaults))
    assert.isTrue(Tls.isFixed(settings(ours)))
    assert.isFalse(Tls.isFixed(settings(ours, { ca: Material.file("/ca.pem") })))
  })

  live("is made of files, and made again when they change for the better", () =>
    Effect.gen(function*() {
      const { fs, paths, settings } = yield* files({ ca: valid.certificate, ...ours })
      const { current, problems, refresh } = yield* load(settings)
      const before = yield* Effect.fromResult(current())

      yield* fs.writeFileString(paths.ca, "")
      yield* refresh
      assert.strictEqual(yield* Effect.fromResult(current()), before)
      assert.deepStrictEqual([...(yield* problems).values()], [
        `unable to use specified CA cert file ${paths.ca}: there is no certificate in it`
      ])

      yield* fs.writeFileString(paths.ca, valid.certificate + other.certificate)
      yield* refresh
      assert.notStrictEqual((yield* Effect.fromResult(current())).context(), before.context())
      assert.strictEqual((yield* problems).size, 0)
    }))

  live("is made of what can be used of a file, and what cannot is said", () =>
    Effect.gen(function*() {
      const { fs, paths, settings } = yield* files({ ca: `${valid.certificate}\n${broken(other.certificate)}` })
      const { current, problems, refresh } = yield* load(settings)
      assert.isDefined((yield* Effect.fromResult(current())).context())
      assert.deepStrictEqual([...(yield* problems).values()], [
        `unable to use specified CA cert file ${paths.ca}: certificate 2 of 2 cannot be parsed`
      ])
      yield* fs.writeFileString(paths.ca, `${valid.certificate}\n${other.certificate}`)
      yield* refresh
      assert.strictEqual((yield* problems).size, 0)
    }))

  live("says which file is not there", () =>
    Effect.gen(function*() {
      const { fs, paths, settings } = yield* files({ ca: valid.certificate, ...ours })
      for (
        const [part, name] of [
          ["key", "specified client key"],
          ["certificate", "specified client cert"],
          ["ca", "CA cert"]
        ] as const
      ) {
        yield* fs.remove(paths[part])
        assert.deepStrictEqual(
          (yield* load(settings)).current(),
          Result.fail(`unable to read ${name}: unable to read file ${paths[part]}: no such file or directory`)
        )
      }
    }))

  live("says which files are no good", () =>
    Effect.gen(function*() {
      const { paths, settings } = yield* files({ certificate: ours.certificate, key: client.key })
      assert.deepStrictEqual(
        (yield* load(settings)).current(),
        Result.fail(
          `unable to use specified client cert (file ${paths.certificate}) & key (file ${paths.key}): `
            + "the private key does not belong to the certificate"
        )
      )
    }))
})

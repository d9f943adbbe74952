import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as Succession from "../../src/delivery/Succession.ts"
import * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import * as endpoints from "./endpoints.ts"

const a = "http://a.example"
const b = "http://b.example"

const token = (text: string) => ({
  transport: { authentication: Authentication.token(Material.inline(Redacted.make(text))) }
})
const user = (name: string, password: string) => ({
  transport: { authentication: Authentication.basic(name, Material.inline(Redacted.make(password))) }
})
const tenant = (id: string) => ({ transport: { headers: { "x-scope-orgid": id } } })

const named = (name: string, url: string, others: endpoints.Options = {}): endpoints.Options => ({
  name,
  url,
  ...others
})
const at = (url: string, others: endpoints.Options = {}): endpoints.Options => ({ url, ...others })

describe("Succession", () => {
  it.each<{
    what: string
    before: ReadonlyArray<endpoints.Options>
    now: ReadonlyArray<endpoints.Options>
    /** The place of each before, if it had one. */
    matches: ReadonlyArray<number | undefined>
  }>([
    { what: "equal ones, in another order", before: [at(a), at(b)], now: [at(b), at(a)], matches: [1, 0] },
    {
      what: "a new one before others",
      before: [at(a), at(b)],
      now: [at("http://c"), at(a), at(b)],
      matches: [undefined, 0, 1]
    },
    { what: "another token", before: [at(a, token("x")), at(b)], now: [at(a, token("y")), at(b)], matches: [0, 1] },
    { what: "another URL is another endpoint", before: [at(a)], now: [at(b)], matches: [undefined] },
    { what: "another path is another endpoint", before: [at(a)], now: [at(`${a}/tenant`)], matches: [undefined] },
    {
      what: "user info and a trailing slash are not",
      before: [at(a)],
      now: [at("http://ann:secret@a.example/")],
      matches: [0]
    },
    { what: "another URL of one name", before: [named("x", a)], now: [named("x", b)], matches: [0] },
    {
      what: "another name of one URL is another endpoint",
      before: [named("x", a)],
      now: [named("y", a)],
      matches: [undefined]
    },
    { what: "a name that is given", before: [at(a)], now: [named("x", a)], matches: [0] },
    { what: "a name that is taken away", before: [named("x", a)], now: [at(a)], matches: [0] },
    {
      what: "names that change places",
      before: [named("x", a), named("y", a)],
      now: [named("y", a), named("x", a)],
      matches: [1, 0]
    },
    { what: "a name goes before a URL", before: [at(a), named("x", b)], now: [named("x", a)], matches: [1] },
    {
      what: "a tenant before others of one URL",
      before: [at(a, tenant("1")), at(a, tenant("2"))],
      now: [at(a, tenant("0")), at(a, tenant("1")), at(a, tenant("2"))],
      matches: [undefined, 0, 1]
    },
    {
      what: "another tenant instead of one of several at a URL is another endpoint",
      before: [at(a, tenant("1")), at(a, tenant("2"))],
      now: [at(a, tenant("2")), at(a, tenant("3"))],
      matches: [1, undefined]
    },
    {
      what: "another tenant of the only endpoint at a URL",
      before: [at(a, tenant("1")), at(b)],
      now: [at(a, tenant("2")), at(b)],
      matches: [0, 1]
    },
    {
      what: "a tenant that is given a name",
      before: [at(a, tenant("1")), at(a, tenant("2"))],
      now: [named("x", a, tenant("2")), at(a, tenant("1"))],
      matches: [1, 0]
    },
    {
      what: "other passwords of users at one URL, and a new user",
      before: [at(a, user("1", "x")), at(a, user("2", "x"))],
      now: [at(a, user("0", "x")), at(a, user("2", "y")), at(a, user("1", "y"))],
      matches: [undefined, 1, 0]
    },
    {
      what: "one of two with the same URL that has another token",
      before: [at(a, token("x")), at(a, token("y"))],
      now: [at(a, token("z")), at(a, token("y"))],
      matches: [0, 1]
    },
    { what: "the same twice", before: [at(a), at(a)], now: [at(a), at(a), at(a)], matches: [0, 1, undefined] }
  ])("$what", ({ before, matches, now }) => {
    const known = new Map(before.map((options, index) => [index, endpoints.settings(options)]))
    assert.deepStrictEqual(Succession.match(now.map((options) => endpoints.settings(options)), known), [...matches])
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result } from "effect"
import * as Labels from "../../src/profile/Labels.ts"
import * as Profile from "../../src/profile/Profile.ts"
import * as Ingest from "../../src/wire/Ingest.ts"
import * as IngestName from "../../src/wire/IngestName.ts"
import * as arbitraries from "./arbitraries.ts"

const now = 1_800_000_000_123_456_789n

interface Form {
  readonly query: string
  readonly contentType?: string
}

const multipart = "multipart/form-data; boundary=x"

/** In these a dot in the name means nothing. */
const binary: Readonly<Record<string, Form>> = {
  "raw pprof": { query: "format=pprof" },
  "pprof in a form": { query: "", contentType: multipart },
  "pprof in a form, of a format nobody knows": { query: "format=other", contentType: multipart },
  "raw pprof under the type of a form": { query: "format=pprof", contentType: multipart },
  "raw JFR": { query: "format=jfr", contentType: "application/octet-stream" },
  "JFR in a form": { query: "format=jfr", contentType: multipart }
}

/** In these the name says the type of the profile. */
const text: Readonly<Record<string, Form>> = {
  "a trie": { query: "format=trie" },
  "a trie by its type": { query: "format=pprof", contentType: "binary/octet-stream+trie" },
  "a tree": { query: "format=tree", contentType: multipart },
  "a tree by its type": { query: "", contentType: "binary/octet-stream+tree" },
  "lines": { query: "format=lines", contentType: multipart },
  "speedscope": { query: "format=speedscope", contentType: "application/json" },
  "folded": { query: "format=folded" },
  "collapsed": { query: "format=collapsed", contentType: "text/plain" },
  "no format": { query: "" },
  "an empty format": { query: "format=&format=pprof" }
}

const receive = (name: string, { contentType, query }: Form): Profile.Ingest => {
  const request = { query: `${query}&name=${encodeURIComponent(name)}`, contentType }
  return Profile.ingest({ ...Result.getOrThrow(Ingest.receive(request, now)), contentType, body: new Uint8Array() })
}

const parameters = (profile: Profile.Ingest, external: Labels.Overrides = {}) =>
  new URLSearchParams(Ingest.forward(profile, Labels.outgoing(profile.labels, external)))

const sentOn = (profile: Profile.Ingest, external: Labels.Overrides = {}) => parameters(profile, external).get("name")

type Case = readonly [
  name: string,
  external: Readonly<Record<string, string>>,
  sentOn: string,
  /** What it counts as here, besides its `__name__`. */
  labels: Readonly<Record<string, string>>
]

/** As it is in every format. */
const everywhere: ReadonlyArray<Case> = [
  ["shop", {}, "shop{}", { service_name: "shop" }],
  ["shop", { service_name: "" }, "shop{}", { service_name: "shop" }],
  ["shop", { region: "eu" }, "shop{region=eu}", { service_name: "shop" }],
  ["shop{service_name=checkout}", {}, "shop{service_name=checkout}", { service_name: "checkout" }],
  ["shop{service_name=shop}", {}, "shop{service_name=shop}", { service_name: "shop" }],
  ["shop{service_name=checkout.v2}", {}, "shop{service_name=checkout.v2}", { service_name: "checkout.v2" }],
  ["shop{service_name=checkout}", { service_name: "" }, "shop{}", { service_name: "checkout" }],
  ["shop{app_name=a}", {}, "shop{app_name=a}", { app_name: "a", service_name: "shop" }],
  ["shop", { service_name: "till" }, "shop{service_name=till}", { service_name: "shop" }],
  ["shop.cpu", { service_name: "till.v2" }, "shop.cpu{service_name=till.v2}", {}],
  ["shop", { __name__: "till" }, "till{service_name=shop}", { service_name: "shop" }],
  ["shop{service_name=a}", { __name__: "till" }, "till{service_name=a}", { service_name: "a" }],
  ["shop", { __name__: "" }, "shop{}", { service_name: "shop" }],
  ["shop{service_name=a}", { __name__: "" }, "a{service_name=a}", { service_name: "a" }],
  ["shop{__name__=till}", {}, "till{}", { service_name: "till" }],
  ["shop{__name__=é}", {}, "_{__name__=é}", { service_name: "é" }],
  ["shop{__name__=,service_name=till}", {}, "till{service_name=till}", { service_name: "till" }],
  ["shop{a=b", {}, "shop{}", { service_name: "shop" }],
  ["shop{__session_id__=1}", {}, "shop{}", { __session_id__: "1", service_name: "shop" }]
]

const inBinary: ReadonlyArray<Case> = [
  ...everywhere,
  ["shop.cpu", {}, "shop.cpu{}", { service_name: "shop.cpu" }],
  ["my.shop.v2", {}, "my.shop.v2{}", { service_name: "my.shop.v2" }],
  ["shop.alloc_space{service_name=checkout}", {}, "shop.alloc_space{service_name=checkout}", {
    service_name: "checkout"
  }],
  ["shop.cpu", { __name__: "till" }, "till{service_name=shop.cpu}", { service_name: "shop.cpu" }],
  ["shop", { __name__: "till.v2" }, "till.v2{service_name=shop}", { service_name: "shop" }],
  ["shop{__name__=,service_name=till.v2}", {}, "till.v2{service_name=till.v2}", { service_name: "till.v2" }]
]

const inText: ReadonlyArray<Case> = [
  ...everywhere,
  ["shop.wall", {}, "shop.wall{}", { service_name: "shop" }],
  ["my.shop.v2.cpu", {}, "my.shop.v2.cpu{}", { service_name: "my.shop.v2" }],
  ["shop.alloc_space{service_name=checkout}", {}, "shop.alloc_space{service_name=checkout}", {
    service_name: "checkout"
  }],
  ["shop.wall{service_name=shop.wall}", {}, "shop.wall{service_name=shop.wall}", { service_name: "shop.wall" }],
  ["shop.wall", { __name__: "till" }, "till.wall{service_name=shop}", { service_name: "shop" }],
  ["shop.wall", { __name__: "till.v2" }, "till.v2.wall{service_name=shop}", { service_name: "shop" }],
  ["shop", { __name__: "till.v2" }, "till.v2.cpu{service_name=shop}", { service_name: "shop" }],
  ["shop.wall", { __name__: "" }, "shop.wall{}", { service_name: "shop" }],
  ["shop.wall{service_name=a}", { __name__: "" }, "a.wall{service_name=a}", { service_name: "a" }],
  ["shop.wall", { __name__: "é" }, "_{__name__=é.wall,service_name=shop}", { service_name: "shop" }],
  ["shop{__name__=till.wall}", {}, "till.wall{}", { service_name: "till" }],
  ["shop{__name__=,service_name=till.v2}", {}, "till.v2.cpu{service_name=till.v2}", { service_name: "till.v2" }],
  ["my.service", {}, "my.service{}", { service_name: "my" }]
]

describe("Ingest", () => {
  for (const [forms, cases] of [[binary, inBinary], [text, inText]] as const) {
    for (const [title, form] of Object.entries(forms)) {
      it(`sends ${title} on under the name its sender wrote, but for what labels say otherwise`, () => {
        for (const [name, external, expected, labels] of cases) {
          const profile = receive(name, form)
          const about = `${name} with ${JSON.stringify(external)}`
          assert.strictEqual(sentOn(profile, external), expected, about)
          assert.include(Object.fromEntries(profile.labels), labels, about)
          assert.strictEqual(profile.labels.has("app_name"), name.includes("app_name"), about)
        }
      })
    }
  }

  const forms = [...Object.values(binary), ...Object.values(text)]
  const all = Arbitrary.map(arbitraries.int(0, forms.length - 1), (index) => forms[index]!)

  const named = (labels: Labels.Labels) =>
    Labels.set(labels, "__name__", Labels.get(labels, "__name__").trim() || "app")

  it.prop("without external labels a server reads the labels that the sender has written", [
    all,
    arbitraries.labels
  ], ([form, labels]) => {
    const name = IngestName.format(named(labels))
    const sent = Labels.outgoing(Result.getOrThrow(IngestName.parse(name)), {})
    const forwarded = Result.getOrThrow(IngestName.parse(sentOn(receive(name, form)) ?? ""))
    assert.deepStrictEqual([...forwarded], [...sent])
  })

  it.prop("what was sent on is sent on in the same way by the next", [all, arbitraries.labels, arbitraries.overrides], (
    [form, labels, external]
  ) => {
    const name = IngestName.format(named(labels))
    const first = receive(name, form)
    if (Ingest.nameOf(Labels.outgoing(first.labels, external)) === "") return
    const second = receive(sentOn(first, external) ?? "", form)
    assert.deepStrictEqual([...parameters(second)], [...parameters(first, external)])
  })

  it("leaves an embedder's labels as they are, but takes the service for a name where there is none", () => {
    const ingest = (labels: Labels.Overrides, query = "") =>
      sentOn(
        Profile.ingest({ labels: Labels.make(labels), query, contentType: undefined, body: new Uint8Array() })
      )
    assert.strictEqual(ingest({ __name__: "shop.wall", service_name: "shop" }), "shop.wall{service_name=shop}")
    assert.strictEqual(ingest({ service_name: "till.v2" }), "till.v2.cpu{service_name=till.v2}")
    assert.strictEqual(ingest({ service_name: "till.v2" }, "format=jfr"), "till.v2{service_name=till.v2}")
  })

  it("refuses a name that is none, and any parameter that is no text", () => {
    const refused = (query: string) =>
      Result.getOrThrow(Result.flip(Ingest.receive({ query, contentType: undefined }, now))).message
    for (const name of ["", "{a=b}", "shop{__name__=}", "shop{__name__= ,a=b}", ".cpu"]) {
      assert.strictEqual(refused(`name=${encodeURIComponent(name)}`), "service name is required", name)
    }
    assert.strictEqual(refused("name=my+shop"), "invalid service name: my shop: character is not allowed: ' '")
    assert.strictEqual(refused("name=app%7Ba%3D%FF%7D"), `query parameter "name": not UTF-8 in percent-encoding`)
    assert.strictEqual(refused("name=app&spyName=%FF"), `query parameter "spyName": not UTF-8 in percent-encoding`)
  })

  it("gives times to what has none, and leaves others", () => {
    const times = (query: string) => {
      const sent = parameters(receive("app", { query }))
      return [sent.get("from"), sent.get("until")]
    }
    assert.deepStrictEqual(times(""), [`${now}`, `${now}`])
    assert.deepStrictEqual(times("until=1700000010&from=1700000000"), ["1700000000", "1700000010"])
    assert.deepStrictEqual(times("from=1700000000"), ["1700000000", `${now}`])
    assert.deepStrictEqual(times("from=&from=5&until=now-1s"), [`${now}`, `${now - 1_000_000_000n}`])
  })

  it("keeps all other parameters, sorted by key", () => {
    const query = "tag=2&x=a%26+%C3%A9&tag=1&from=1&until=2&name=app%7Ba%3Dx+y%7D&name=other&format=pprof"
    const received = Result.getOrThrow(Ingest.receive({ query, contentType: undefined }, now))
    const profile = Profile.ingest({ ...received, contentType: undefined, body: new Uint8Array() })
    assert.strictEqual(
      Ingest.forward(profile, Labels.set(received.labels, "b", "1")),
      "format=pprof&from=1&name=app%7Ba%3Dx+y%2Cb%3D1%7D&tag=2&tag=1&until=2&x=a%26+%C3%A9"
    )
  })

  it("knows where a server finds gzip by itself", () => {
    for (const [title, form] of Object.entries({ ...binary, ...text })) {
      const { contentType, query } = form
      const isRaw = query === "format=pprof" && contentType !== "binary/octet-stream+trie"
      assert.strictEqual(Ingest.isSniffed({ query, contentType }), isRaw, title)
    }
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as NoProxy from "../../src/transport/NoProxy.ts"

const matches = (text: string, url: string): boolean => NoProxy.matches(NoProxy.parse(text), new URL(url))

/** What matches, and what does not. */
type Case = readonly [text: string, direct: ReadonlyArray<string>, proxied: ReadonlyArray<string>]

const check = (cases: ReadonlyArray<Case>): void => {
  for (const [text, direct, proxied] of cases) {
    for (const url of direct) assert.isTrue(matches(text, url), `"${text}" should match ${url}`)
    for (const url of proxied) assert.isFalse(matches(text, url), `"${text}" should not match ${url}`)
  }
}

const label = Schema.String.check(Schema.isPattern(/^[a-z]{1,8}$/))
const octet = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
const bit = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 32 }))

describe("NoProxy", () => {
  it("always matches this host, and nothing else without an entry", () => {
    check([[
      "",
      [
        "http://localhost",
        "https://LOCALHOST:4040",
        "http://127.0.0.1",
        "http://127.8.9.10:4040",
        "http://[::1]:4040",
        "http://[::ffff:127.0.0.1]"
      ],
      [
        "http://example.com",
        "http://localhost.example.com",
        "http://a.localhost",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://[::2]",
        "http://[::]"
      ]
    ]])
  })

  it("matches everything with a star, wherever it stands, alone", () => {
    const anything = ["http://example.com", "https://10.0.0.1:4040", "http://[2001:db8::1]"]
    check([
      ["*", anything, []],
      ["example.org, * ,10.0.0.0/8", anything, []],
      ["*:80", [], anything],
      ["**", [], anything],
      ["example.org,*.example.org", [], anything]
    ])
  })

  it("matches a domain and what is below it", () => {
    check([
      [
        "example.com",
        ["http://example.com", "https://example.com:4040", "http://a.example.com", "http://a.b.example.com"],
        ["http://anexample.com", "http://example.com.org", "http://com", "http://example.org", "http://example.com."]
      ],
      ["com", ["http://com", "http://example.com"], ["http://example.org"]]
    ])
  })

  it("matches only what is below a domain with a leading dot", () => {
    for (const text of [".example.com", "*.example.com"]) {
      check([[
        text,
        ["http://a.example.com", "http://a.b.example.com:4040"],
        ["http://example.com", "http://anexample.com"]
      ]])
    }
  })

  it("knows no other place for a star", () => {
    check([
      ["a.*.com", [], ["http://a.b.com"]],
      ["*example.com", [], ["http://anexample.com", "http://example.com", "http://a.example.com"]]
    ])
  })

  it("does not tell case apart, and trims", () => {
    check([[
      " EXAMPLE.com\t,\n.Example.ORG ,, 2001:DB8::A ",
      ["http://example.com", "http://A.EXAMPLE.COM", "http://a.example.org", "http://[2001:db8::a]"],
      ["http://example.org", "http://[2001:db8::b]"]
    ]])
  })

  it("compares domains in ASCII", () => {
    check([
      [
        "B\u00dcCHER.example",
        ["http://b\u00fccher.example", "http://xn--bcher-kva.example", "http://a.b\u00fccher.example"],
        ["http://bucher.example"]
      ],
      [".b\u00fccher.example", ["http://a.xn--bcher-kva.example"], ["http://b\u00fccher.example"]],
      ["*.b\u00fccher.example:80", ["http://a.b\u00fccher.example"], ["https://a.b\u00fccher.example"]],
      ["xn--bcher-kva.example", ["http://b\u00fccher.example"], []],
      ["a b\u00fc", [], ["http://example.com."]]
    ])
  })

  it("matches an address however it is written", () => {
    check([
      ["10.0.0.1", ["http://10.0.0.1", "https://10.0.0.1:4040", "http://[::ffff:10.0.0.1]"], [
        "http://10.0.0.2",
        "http://110.0.0.1",
        "http://[::a00:1]"
      ]],
      ["2001:db8:0::0:1", ["http://[2001:db8::1]", "https://[2001:DB8:0:0:0:0:0:1]:4040"], ["http://[2001:db8::2]"]],
      ["::ffff:10.0.0.1", ["http://10.0.0.1", "http://[::ffff:a00:1]"], ["http://10.0.0.2"]]
    ])
  })

  it("matches ranges of addresses, on any port", () => {
    check([
      ["10.0.0.0/8", ["http://10.1.2.3", "https://10.255.255.255:4040", "http://[::ffff:10.1.2.3]"], [
        "http://11.0.0.0",
        "http://9.255.255.255",
        "http://10.example.com"
      ]],
      ["10.1.2.3/9", ["http://10.127.0.1", "http://10.0.0.1"], ["http://10.128.0.1"]],
      ["10.0.0.1/32", ["http://10.0.0.1"], ["http://10.0.0.0", "http://10.0.0.2"]],
      ["2001:db8::/33", ["http://[2001:db8:7fff::1]:4040"], ["http://[2001:db8:8000::1]", "http://10.0.0.1"]],
      ["2001:db8::1/128", ["http://[2001:db8::1]"], ["http://[2001:db8::2]"]],
      ["::ffff:10.0.0.0/104", ["http://10.1.2.3"], ["http://11.0.0.1", "http://[2001:db8::1]"]]
    ])
  })

  it("keeps IPv4 and IPv6 apart", () => {
    check([
      ["0.0.0.0/0", ["http://10.0.0.1"], ["http://[2001:db8::1]", "http://example.com"]],
      ["::/0", ["http://[2001:db8::1]"], ["http://10.0.0.1", "http://[::ffff:10.0.0.1]", "http://example.com"]]
    ])
  })

  it("holds an entry with a port to that port, and knows those of the schemes", () => {
    check([
      ["example.com:4040", ["http://example.com:4040", "https://a.example.com:4040"], [
        "http://example.com",
        "https://example.com:4041"
      ]],
      [".example.com:80", ["http://a.example.com"], ["https://a.example.com", "http://example.com"]],
      ["example.com:443", ["https://example.com", "http://example.com:443"], ["http://example.com"]],
      ["10.0.0.1:80", ["http://10.0.0.1", "https://10.0.0.1:80"], ["https://10.0.0.1", "http://10.0.0.2"]],
      ["[2001:db8::1]:443", ["https://[2001:db8::1]"], ["http://[2001:db8::1]", "https://[2001:db8::2]"]],
      ["example.com:", ["http://example.com", "https://example.com:4040"], []],
      ["example.com:080", [], ["http://example.com"]],
      ["example.com:http", [], ["http://example.com"]]
    ])
  })

  it("matches nothing with an entry that makes no sense", () => {
    const hosts = ["http://example.com", "http://example.com.", "http://10.0.0.1", "http://[2001:db8::1]"]
    const entries = [
      ",",
      ":80",
      "[]:80",
      "[]",
      "[2001:db8::1]",
      "2001:db8::1%eth0",
      "10.0.0.1/33",
      "2001:db8::1/129",
      "10.0.0.1/",
      "10.0.0.1/-1",
      "10.0.0.0/8:80",
      "010.0.0.1",
      "10.1",
      "http://example.com",
      "example.com/path",
      "a:b:example.com"
    ]
    check(entries.map((entry) => [entry, [], hosts]))
    check([[entries.join(","), [], hosts], [[...entries, "example.com"].join(), ["http://example.com"], []]])
  })

  it("never matches an address with a domain", () => {
    check([["0.1,.0.0.1,1", [], ["http://10.0.0.1"]]])
  })

  it.prop(
    "has loopback addresses direct whatever the entries",
    [Schema.String, octet, octet, octet],
    ([text, ...ip]) => assert.isTrue(matches(text, `http://127.${ip.join(".")}:4040`))
  )

  it.prop(
    "matches a subdomain with every parent of it, and no parent with it",
    [Arbitrary.array(Arbitrary.schema(label), { minLength: 1, maxLength: 4 }), label],
    ([below, top]) => {
      const domain = `${top}.example`
      const host = [...below, domain].join(".")
      assert.isTrue(matches(domain, `http://${host}`))
      assert.isTrue(matches(`.${domain}`, `http://${host}`))
      assert.isFalse(matches(host, `http://${domain}`))
      assert.isFalse(matches(domain, `http://${host}x`))
    }
  )

  it.prop(
    "matches an address with a range exactly if they share the prefix",
    [bit, bit],
    ([prefix, first]) => {
      // Differs from the range's in that bit, and not at all with 32.
      const address = 0x0a008001 ^ (first === 32 ? 0 : 0x80000000 >>> first)
      assert.strictEqual(matches(`10.0.128.1/${prefix}`, `http://${address >>> 0}`), first >= prefix)
    }
  )
})

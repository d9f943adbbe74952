import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import { inspect } from "node:util"
import * as Proxy from "../../src/transport/Proxy.ts"

const select = (settings: Partial<Proxy.Settings>, env: Proxy.Environment = {}): Proxy.Selector =>
  Result.getOrThrow(Proxy.select({ ...Proxy.defaults, ...settings }, env))

const server = (url: string): Proxy.Server => {
  const found = select({ url })(new URL("http://example.com"))
  assert.isDefined(found)
  return found
}

const nameOf = (selector: Proxy.Selector, url: string): string | undefined => selector(new URL(url))?.name

const failure = (settings: Partial<Proxy.Settings>, env: Proxy.Environment = {}): string | undefined =>
  Result.getOrUndefined(Result.flip(Proxy.select({ ...Proxy.defaults, ...settings }, env)))

const noUrl = "must be a URL such as \"http://proxy.example:3128\""
const badEscape = "the user info of the URL holds an invalid escape"

describe("Proxy.problem", () => {
  it("has none with a scheme that is known and a host", () => {
    const urls = [
      "",
      "http://proxy.example",
      "HTTPS://proxy.example:3128/",
      "socks5://10.0.0.1",
      "socks5h://[2001:db8::1]:1080",
      "http://user:p%40ss@proxy.example"
    ]
    for (const url of urls) assert.isUndefined(Proxy.problem(url), url)
  })

  it("says how a proxy is written", () => {
    const urls = [
      "proxy.example",
      "proxy.example:3128",
      "//proxy.example",
      "http:proxy.example",
      "http:///proxy.example",
      "http://",
      "http://:3128",
      "http://user@",
      "http://?query",
      "socks5://",
      "socks5://:1080",
      "socks5://?query",
      "http://proxy.example:65536",
      "http://a b",
      " "
    ]
    for (const url of urls) assert.strictEqual(Proxy.problem(url), noUrl, url)
  })

  it("names a scheme that is not supported", () => {
    assert.strictEqual(Proxy.problem("ftp://proxy.example"), "unsupported proxy scheme \"ftp\"")
    assert.strictEqual(Proxy.problem("socks4://user:secret@proxy.example"), "unsupported proxy scheme \"socks4\"")
  })

  it("finds escapes in the user info that mean nothing", () => {
    for (const info of ["%", "a%zz", "%ff:b", "a:%", "a:%e2%82"]) {
      assert.strictEqual(Proxy.problem(`http://${info}@proxy.example`), badEscape, info)
    }
  })
})

describe("Proxy.select", () => {
  it("knows the parts of a server", () => {
    const cases: ReadonlyArray<readonly [url: string, protocol: string, hostname: string, port: number, name: string]> =
      [
        ["http://proxy.example", "http:", "proxy.example", 80, "http://proxy.example:80"],
        ["http://PROXY.example:3128/path?query", "http:", "proxy.example", 3128, "http://proxy.example:3128"],
        ["https://proxy.example", "https:", "proxy.example", 443, "https://proxy.example:443"],
        ["https://proxy.example:80", "https:", "proxy.example", 80, "https://proxy.example:80"],
        ["socks5://proxy.example", "socks5:", "proxy.example", 1080, "socks5://proxy.example:1080"],
        ["socks5://proxy.example:80", "socks5:", "proxy.example", 80, "socks5://proxy.example:80"],
        ["socks5h://10.0.0.1:80", "socks5:", "10.0.0.1", 80, "socks5://10.0.0.1:80"],
        ["http://[2001:DB8::1]:3128", "http:", "2001:db8::1", 3128, "http://[2001:db8::1]:3128"],
        ["socks5://[2001:DB8::1]", "socks5:", "2001:db8::1", 1080, "socks5://[2001:db8::1]:1080"]
      ]
    for (const [url, protocol, hostname, port, name] of cases) {
      assert.deepStrictEqual(server(url), { protocol, hostname, port, name, credentials: undefined } as Proxy.Server)
    }
  })

  it("unescapes credentials, and keeps them out of the name", () => {
    const cases: ReadonlyArray<readonly [info: string, username: string, password: string]> = [
      ["a%3Ab:c%40d%25", "a:b", "c@d%"],
      ["user", "user", ""],
      [":secret", "", "secret"],
      ["\u00fcser:p\u20ac", "\u00fcser", "p\u20ac"]
    ]
    for (const scheme of ["http", "socks5"]) {
      for (const [info, username, password] of cases) {
        const { credentials, name } = server(`${scheme}://${info}@proxy.example:3128`)
        assert.deepStrictEqual(
          credentials && [credentials.username, Redacted.value(credentials.password)],
          [username, password]
        )
        assert.strictEqual(name, `${scheme}://proxy.example:3128`)
      }
    }
  })

  it("does not show a password", () => {
    const shown = server("http://user:secret@proxy.example")
    assert.notInclude(inspect(shown, { depth: 10, showHidden: true }) + JSON.stringify(shown), "secret")
  })

  it("has no proxy by default, whatever the environment", () => {
    assert.isUndefined(nameOf(select({}, { HTTP_PROXY: "http://proxy.example" }), "http://example.com"))
    assert.isUndefined(nameOf(select({ noProxy: "example.org" }), "http://example.com"))
  })

  it("sends everything to a proxy that is given alone, this host's own included", () => {
    const selector = select({ url: "http://proxy.example:3128" }, { NO_PROXY: "*" })
    for (const url of ["http://example.com", "https://10.0.0.1", "http://localhost", "http://127.0.0.1:4040"]) {
      assert.strictEqual(nameOf(selector, url), "http://proxy.example:3128", url)
    }
  })

  it("goes directly to the hosts that are not for a proxy, and then to this one", () => {
    const selector = select({ url: "http://proxy.example:3128", noProxy: "example.com" })
    assert.strictEqual(nameOf(selector, "http://example.org"), "http://proxy.example:3128")
    assert.strictEqual(nameOf(selector, "https://example.org"), "http://proxy.example:3128")
    for (const url of ["http://a.example.com", "http://localhost", "https://127.0.0.1:4040", "http://[::1]"]) {
      assert.isUndefined(nameOf(selector, url), url)
    }
  })

  it("takes the proxy of the scheme from the environment", () => {
    const selector = select({ fromEnvironment: true }, {
      HTTP_PROXY: "http://one.example",
      HTTPS_PROXY: "https://two.example",
      NO_PROXY: "example.com"
    })
    assert.strictEqual(nameOf(selector, "http://example.org"), "http://one.example:80")
    assert.strictEqual(nameOf(selector, "https://example.org"), "https://two.example:443")
    assert.isUndefined(nameOf(selector, "https://a.example.com"))
    assert.isUndefined(nameOf(selector, "https://localhost"))
  })

  it("has no proxy for a scheme without a variable", () => {
    const only = (variable: string) => select({ fromEnvironment: true }, { [variable]: "http://proxy.example" })
    assert.isUndefined(nameOf(only("HTTP_PROXY"), "https://example.com"))
    assert.isUndefined(nameOf(only("HTTPS_PROXY"), "http://example.com"))
    assert.isUndefined(nameOf(only("ALL_PROXY"), "http://example.com"))
  })

  it("looks at the upper case first, and past what is empty", () => {
    const both = select({ fromEnvironment: true }, {
      HTTP_PROXY: "http://upper.example",
      http_proxy: "http://lower.example",
      HTTPS_PROXY: "",
      https_proxy: "http://lower.example",
      no_proxy: "example.com"
    })
    assert.strictEqual(nameOf(both, "http://example.org"), "http://upper.example:80")
    assert.strictEqual(nameOf(both, "https://example.org"), "http://lower.example:80")
    assert.isUndefined(nameOf(both, "http://example.com"))
    assert.isUndefined(
      nameOf(
        select({ fromEnvironment: true }, {
          http_proxy: "http://proxy.example",
          NO_PROXY: "example.com",
          no_proxy: "example.org"
        }),
        "http://example.com"
      )
    )
  })

  it("takes a value without a scheme for an HTTP proxy", () => {
    const cases = [
      ["proxy.example:3128", "http://proxy.example:3128"],
      ["proxy.example", "http://proxy.example:80"],
      ["10.0.0.1:3128", "http://10.0.0.1:3128"],
      ["user:p%40ss@proxy.example", "http://proxy.example:80"],
      ["socks5://proxy.example", "socks5://proxy.example:1080"]
    ] as const
    for (const [value, name] of cases) {
      assert.strictEqual(nameOf(select({ fromEnvironment: true }, { http_proxy: value }), "http://example.com"), name)
    }
  })

  it("names the variable that is unusable, and nothing of its value", () => {
    const cases: ReadonlyArray<readonly [env: Proxy.Environment, text: string]> = [
      [{ HTTP_PROXY: "ftp://user:secret@proxy.example" }, "HTTP_PROXY: unsupported proxy scheme \"ftp\""],
      [{ http_proxy: "http://user:secret@" }, `http_proxy: ${noUrl}`],
      [{ HTTPS_PROXY: "user:secret%@proxy.example" }, `HTTPS_PROXY: ${badEscape}`],
      [{ HTTP_PROXY: "http://proxy.example", https_proxy: " " }, `https_proxy: ${noUrl}`]
    ]
    for (const [env, text] of cases) assert.strictEqual(failure({ fromEnvironment: true }, env), text)
  })

  it("does not take an unusable URL", () => {
    assert.strictEqual(
      failure({ url: "ftp://user:secret@proxy.example" }),
      "proxy URL: unsupported proxy scheme \"ftp\""
    )
    assert.strictEqual(failure({ url: "proxy.example:3128", noProxy: "example.com" }), `proxy URL: ${noUrl}`)
  })
})

describe("Proxy.authorization", () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`

  it("is basic, in UTF-8", () => {
    assert.strictEqual(Proxy.authorization(server("http://user:p%40ss@proxy.example")), basic("user:p@ss"))
    assert.strictEqual(Proxy.authorization(server("https://user@proxy.example")), basic("user:"))
    assert.strictEqual(Proxy.authorization(server("http://\u00fc:\u20ac@proxy.example")), basic("\u00fc:\u20ac"))
  })

  it("is not sent without credentials, nor to what is no HTTP proxy", () => {
    assert.isUndefined(Proxy.authorization(server("http://proxy.example")))
    assert.isUndefined(Proxy.authorization(server("socks5://user:secret@proxy.example")))
  })
})

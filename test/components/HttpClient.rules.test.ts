import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as HttpClient from "../../src/components/HttpClient.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"
import { decoded, problems } from "./clients.ts"

describe("HttpClient.rules", () => {
  it("lets a password be given once", () => {
    assert.deepStrictEqual(problems("basic_auth {", "password_file = \"/p\"", "password = secret", "}"), [
      "3:17-3:20 at most one of basic_auth password & password_file must be configured"
    ])
  })

  it("lets an authorization be given once, and none be basic", () => {
    assert.deepStrictEqual(problems("authorization {", "credentials = secret", "credentials_file = \"/c\"", "}"), [
      "4:20-4:23 at most one of authorization credentials & credentials_file must be configured"
    ])
    for (const type of ["basic", " BASIC "]) {
      assert.deepStrictEqual(problems("authorization {", `type = "${type}"`, "}"), [
        `3:8-3:${9 + type.length} authorization type cannot be set to "basic", use "basic_auth" block instead`
      ])
    }
  })

  it("needs all that a token is asked for with, and says at once what is missing", () => {
    assert.deepStrictEqual(problems("oauth2 {", "}"), [
      "2:1-3:1 oauth2 client_id must be configured",
      "2:1-3:1 either oauth2 client_secret or client_secret_file must be configured",
      "2:1-3:1 oauth2 token_url must be configured"
    ])
    const client = (...lines: ReadonlyArray<string>) => problems("oauth2 {", "client_id = \"i\"", ...lines, "}")
    assert.deepStrictEqual(
      client("client_secret = secret", "client_secret_file = \"/s\"", "token_url = \"http://i\""),
      [
        "5:22-5:25 at most one of oauth2 client_secret & client_secret_file must be configured"
      ]
    )
    const token = (url: string) => client("client_secret = secret", `token_url = "${url}"`)
    assert.deepStrictEqual(token("/token"), [
      "5:13-5:20 \"***\" must be an absolute URL such as \"https://profiles.example\""
    ])
    assert.deepStrictEqual(token("ftp://idp.example"), [
      "5:13-5:31 \"ftp://idp.example\" unsupported protocol scheme \"ftp\""
    ])
    assert.deepStrictEqual(
      client("client_secret = secret", "token_url = \"http://idp.example\"", "no_proxy = \"a\"", "tls_config {", "}"),
      ["6:12-6:14 if no_proxy is configured, proxy_url must also be configured"]
    )
  })

  it("lets each part of a TLS configuration be given once", () => {
    assert.deepStrictEqual(
      problems(
        "tls_config {",
        "ca_pem = \"a\"",
        "ca_file = \"/a\"",
        "cert_pem = \"c\"",
        "cert_file = \"/c\"",
        "key_pem = secret",
        "key_file = \"/k\"",
        "}"
      ),
      [
        "4:11-4:14 at most one of ca_pem and ca_file must be configured",
        "6:13-6:16 at most one of cert_pem and cert_file must be configured",
        "8:12-8:15 at most one of key_pem and key_file must be configured"
      ]
    )
  })

  it("needs a key with a certificate and a certificate with a key", () => {
    const key = "exactly one of key_pem or key_file must be configured when a client certificate is configured"
    const certificate = "exactly one of cert_pem or cert_file must be configured when a client key is configured"
    const tls = (line: string) => problems(`tls_config { ${line} }`)
    assert.deepStrictEqual(tls("cert_pem = \"c\""), [`2:25-2:27 ${key}`])
    assert.deepStrictEqual(tls("cert_file = \"/c\""), [`2:26-2:29 ${key}`])
    assert.deepStrictEqual(tls("key_pem = secret"), [`2:24-2:29 ${certificate}`])
    assert.deepStrictEqual(tls("key_file = \"/k\""), [`2:25-2:28 ${certificate}`])
  })

  it("knows the versions of TLS", () => {
    assert.deepStrictEqual(problems("tls_config { min_version = \"TLS14\" }"), [
      "2:28-2:34 \"***\" unknown TLS version, use one of TLS10, TLS11, TLS12, TLS13"
    ])
    const oauth2 = ["client_id = \"i\"", "client_secret = secret", "token_url = \"http://idp.example\""]
    assert.deepStrictEqual(problems("oauth2 {", ...oauth2, "tls_config { min_version = 12 }", "}"), [
      "6:28-6:29 12 unknown TLS version, use one of TLS10, TLS11, TLS12, TLS13"
    ])
  })

  it("finds what is wrong with certificates that are part of the configuration, in any block", () => {
    const mistake = Tls.problem({ ...Tls.defaults, ca: Material.inline(Redacted.make("no certificate")) }, Date.now())
    assert.isString(mistake)
    assert.deepStrictEqual(problems("tls_config {", "ca_pem = \"no certificate\"", "}"), [`2:1-4:1 ${mistake}`])
    const oauth2 = ["client_id = \"i\"", "client_secret = secret", "token_url = \"http://idp.example\""]
    assert.deepStrictEqual(problems("oauth2 {", ...oauth2, "tls_config { ca_pem = \"no certificate\" }", "}"), [
      `6:1-6:40 ${mistake}`
    ])
  })

  it("takes one way to authenticate; a block counts by being there, a token by not being empty", () => {
    const exclusive =
      "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"
    const oauth2 = "oauth2 {\nclient_id = \"i\"\nclient_secret = secret\ntoken_url = \"http://idp.example\"\n}"
    const cases = [
      [["basic_auth { }", "bearer_token = \"t\""], "3:16-3:18"],
      [["bearer_token = \"t\"", "authorization { }"], "2:16-2:18"],
      [["bearer_token = secret", "bearer_token_file = \"/t\""], "3:21-3:24"],
      [["basic_auth { }", "authorization { }"], "3:1-3:17"],
      [["authorization { }", oauth2], "3:1-7:1"],
      [["authorization { }", "basic_auth { }", "bearer_token_file = \"/t\"", "bearer_token = secret"], "4:21-4:24"]
    ] as const
    for (const [lines, position] of cases) {
      assert.deepStrictEqual(problems(...lines), [`${position} ${exclusive}`])
    }
    assert.deepStrictEqual(problems("basic_auth { }", "bearer_token = \"\"", "bearer_token_file = null"), [])
  })

  it("keeps the headers to itself that belong to the exchange", () => {
    const names = [
      "Accept-Encoding",
      "Authorization",
      "Connection",
      "Content-Encoding",
      "Content-Length",
      "Content-Type",
      "Host",
      "Keep-Alive",
      "Proxy-Authenticate",
      "Proxy-Authorization",
      "User-Agent",
      "Www-Authenticate",
      "X-Amz-Content-Sha256",
      "X-Amz-Date",
      "X-Amz-Security-Token",
      "X-Prometheus-Remote-Read-Version",
      "X-Prometheus-Remote-Write-Version",
      "X-Prometheus-Scrape-Timeout-Seconds"
    ]
    for (const name of names) {
      for (const spelt of [name, name.toLowerCase(), name.toUpperCase()]) {
        const start = 21 + spelt.length
        assert.deepStrictEqual(problems(`http_headers = { "${spelt}" = [] }`), [
          `2:${start + 2}-2:${start + 3} setting header "${name}" is not allowed`
        ])
      }
    }
    assert.deepStrictEqual(problems("http_headers = {", "host = [secret],", "x = [secret],", "Tenant = [],", "}"), [
      "3:8-3:15 setting header \"Host\" is not allowed"
    ])
  })

  it("takes proxies from arguments or from the environment, not from both", () => {
    const header = "proxy_connect_header = { a = [] }"
    const url = "proxy_url = \"http://proxy.example\""
    const needsProxy =
      "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured"
    const needsUrl = "if no_proxy is configured, proxy_url must also be configured"
    const environment = "proxy_from_environment = true"
    assert.deepStrictEqual(problems(header), [`2:24-2:33 ${needsProxy}`])
    assert.deepStrictEqual(problems(header, "proxy_url = \"\""), [`2:24-2:33 ${needsProxy}`])
    assert.deepStrictEqual(problems("no_proxy = \"a\"", header), [`2:12-2:14 ${needsUrl}`, `3:24-3:33 ${needsProxy}`])
    assert.deepStrictEqual(problems("no_proxy = \"a\"", "proxy_url = \"\""), [])
    assert.deepStrictEqual(problems(environment, url, "no_proxy = \"a\"", header), [
      "3:13-3:34 if proxy_from_environment is configured, proxy_url must not be configured",
      "4:12-4:14 if proxy_from_environment is configured, no_proxy must not be configured"
    ])
    assert.deepStrictEqual(problems(environment, "no_proxy = \"a\"", "proxy_url = \"\""), [
      "3:12-3:14 if proxy_from_environment is configured, no_proxy must not be configured"
    ])
    assert.deepStrictEqual(problems(environment, "no_proxy = \"a\""), [
      "3:12-3:14 if proxy_from_environment is configured, no_proxy must not be configured"
    ])
    assert.deepStrictEqual(problems(environment, header, "proxy_url = \"\""), [])
    assert.deepStrictEqual(problems(url, header, "no_proxy = \"a\""), [])
  })

  it("takes only URLs that a proxy can have, and shows no password", () => {
    const mistake = Proxy.problem("ftp://user:hunter2@proxy.example")
    assert.isString(mistake)
    assert.deepStrictEqual(problems("proxy_url = \"ftp://user:hunter2@proxy.example\""), [
      `2:13-2:46 "ftp://***@proxy.example" ${mistake}`
    ])
  })

  it("refuses what a header cannot carry, and does not repeat it", () => {
    const uncarried = (name: string) => `the value of ${name} holds what a header cannot carry`
    for (const value of ["broken_secret", "\"hunter\\n2\""]) {
      const end = (start: number) => start + Buffer.byteLength(value) - 1
      assert.deepStrictEqual(problems(`bearer_token = ${value}`), [`2:16-2:${end(16)} ${uncarried("bearer_token")}`])
      assert.deepStrictEqual(problems("authorization {", `credentials = ${value}`, "}"), [
        `3:15-3:${end(15)} ${uncarried("credentials")}`
      ])
      assert.deepStrictEqual(problems(`http_headers = { a = [secret, ${value}] }`), [
        `2:22-2:${end(31) + 1} ${uncarried("a")}`
      ])
      assert.deepStrictEqual(problems("proxy_from_environment = true", `proxy_connect_header = { a = [${value}] }`), [
        `3:30-3:${end(31) + 1} ${uncarried("a")}`
      ])
    }
    assert.deepStrictEqual(problems("bearer_token = \"hunter2€\"", "http_headers = { a = [\"€\"] }"), [])
    assert.deepStrictEqual(problems("authorization { type = \"a\\nb\" }"), [`2:24-2:29 ${uncarried("type")}`])
    const notAName = "the name of a header has no blanks and no colons, only letters, digits and !#$%&'*+.^`|~-_"
    assert.deepStrictEqual(problems("http_headers = { \"a b\" = [secret], \"a:\" = [] }"), [
      `2:26-2:33 ${notAName}`,
      `2:43-2:44 ${notAName}`
    ])
  })

  it("says how to take off the line break that most files end with", () => {
    assert.deepStrictEqual(problems("bearer_token = \"hunter2\\r\\n\""), [
      "2:16-2:28 the value of bearer_token ends with a line break, which no header can carry: " +
      "string.trim_space takes it off, where it is a secret after convert.nonsensitive"
    ])
  })

  it("knows no further settings", () => {
    assert.deepStrictEqual(problems("basic_auth {", "username_file = \"/u\"", "}", "tls_config { max_version = 1 }"), [
      "3:1-3:20 unrecognized attribute name \"username_file\"",
      "5:14-5:28 unrecognized attribute name \"max_version\""
    ])
    assert.deepStrictEqual(problems("basic_auth { }", "basic_auth { }"), [
      "2:1-2:14 block \"basic_auth\" may only be specified once"
    ])
    assert.deepStrictEqual(problems("http_headers = { a = \"b\" }"), ["2:22-2:24 \"***\" should be array, got string"])
    assert.deepStrictEqual(problems("tls_config { ca_pem = secret }"), [
      "2:23-2:28 secret secrets may not be converted into strings"
    ])
  })

  it("finds the mistakes of the client and those of its blocks at once", () => {
    const client = ["bearer_token = \"t\"", "no_proxy = \"a\"", "http_headers = { host = [] }"]
    assert.deepStrictEqual(
      problems(
        ...client,
        "basic_auth {",
        "password = secret",
        "password_file = \"/p\"",
        "}",
        "tls_config {",
        "key_file = \"/k\"",
        "}"
      ),
      [
        "2:16-2:18 at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured",
        "3:12-3:14 if no_proxy is configured, proxy_url must also be configured",
        "4:25-4:26 setting header \"Host\" is not allowed",
        "7:17-7:20 at most one of basic_auth password & password_file must be configured",
        "10:12-10:15 exactly one of cert_pem or cert_file must be configured when a client key is configured"
      ]
    )
  })

  it("does not say that something is missing which is there, and has a mistake of its own", () => {
    const oauth2 = ["client_id = \"i\"", "client_secret = secret"]
    assert.deepStrictEqual(problems("oauth2 {", ...oauth2, "token_url = \"http://t\" + 5", "}"), [
      "5:26 *** should be string, got number"
    ])
    assert.deepStrictEqual(problems("tls_config {", "cert_file = \"/c\"", "key_file = nope.x", "}"), [
      "4:12-4:15 identifier \"***\" does not exist"
    ])
    assert.deepStrictEqual(problems("proxy_url = []", "no_proxy = \"a\""), [
      "2:13-2:14 [] should be string, got array"
    ])
  })

  it("takes headers with the names of what every object has, but for the one that no record can hold", () => {
    const names = ["constructor", "toString", "hasOwnProperty", "valueOf"]
    const lines = names.map((name) => `"${name}" = ["${name}"],`)
    const { headers } = HttpClient.settingsOf(decoded("http_headers = {", ...lines, "}"))
    assert.deepStrictEqual(headers, Object.fromEntries(names.map((name) => [name.toLowerCase(), [name]])))
    assert.deepStrictEqual(
      problems("http_headers = {\"__proto__\" = [\"x\"]}").map((text) => text.replace(/.* cannot/, "")),
      [
        " have a field \"__proto__\""
      ]
    )
  })

  it("finds a pair that excludes itself beside any other mistake", () => {
    const pair = "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be configured"
    assert.deepStrictEqual(
      problems("basic_auth { }", "authorization { }", "bearer_token = 5", "enable_http2 = 1", "bogus = 1"),
      [
        `3:1-3:17 ${pair}`,
        "4:16 *** should be capsule, got number",
        "5:16 1 should be bool, got number",
        "6:1-6:9 unrecognized attribute name \"bogus\""
      ]
    )
    const inside = problems("basic_auth {", "username = []", "password = secret", "password_file = \"/p\"", "}")
    assert.deepStrictEqual(inside, [
      "3:12-3:13 [] should be string, got array",
      "5:17-5:20 at most one of basic_auth password & password_file must be configured"
    ])
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as HttpClient from "../../src/components/HttpClient.ts"
import type * as Authentication from "../../src/transport/Authentication.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"
import { decoded } from "./clients.ts"

/** Two secrets are alike to an assertion, whatever they hold. */
const revealed = (value: unknown): unknown => {
  if (Redacted.isRedacted(value)) return { secret: Redacted.value(value) }
  if (Array.isArray(value)) return value.map(revealed)
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealed(inner)]))
    : value
}

const same = (actual: unknown, expected: unknown, message?: string): void =>
  assert.deepStrictEqual(revealed(actual), revealed(expected), message)

const secret = Redacted.make("hunter2")
const none = Redacted.make("")
const inline = (text: string) => Material.inline(Redacted.make(text))

const noProxies = { no_proxy: "", proxy_from_environment: false, proxy_connect_header: {} }

const settings = (...lines: ReadonlyArray<string>) => HttpClient.settingsOf(decoded(...lines))

describe("HttpClient.Arguments", () => {
  it("has the defaults that are written down", () => {
    same(decoded(), {
      bearer_token: none,
      bearer_token_file: "",
      follow_redirects: true,
      enable_http2: true,
      ...noProxies,
      http_headers: {}
    })
    const { authorization, basic_auth, oauth2, tls_config } = decoded(
      "authorization { }",
      "tls_config { }"
    )
    same(authorization, { type: "", credentials: none, credentials_file: "" })
    same(tls_config, {
      ca_pem: "",
      ca_file: "",
      cert_pem: "",
      cert_file: "",
      key_pem: none,
      key_file: "",
      server_name: "",
      insecure_skip_verify: false,
      min_version: ""
    })
    assert.isUndefined(basic_auth)
    assert.isUndefined(oauth2)
    same(decoded("basic_auth { }").basic_auth, { username: "", password: none, password_file: "" })
    same(
      decoded("oauth2 {", "client_id = \"i\"", "client_secret = secret", "token_url = \"http://idp.example\"", "}")
        .oauth2,
      {
        client_id: "i",
        client_secret: secret,
        client_secret_file: "",
        token_url: "http://idp.example",
        scopes: [],
        endpoint_params: {},
        ...noProxies
      }
    )
  })

  it("takes null and the empty text for what is not given", () => {
    for (const nothing of ["null", "\"\""]) {
      const given = HttpClient.settingsOf(decoded(
        `bearer_token = ${nothing}`,
        `bearer_token_file = ${nothing}`,
        `proxy_url = ${nothing}`,
        `no_proxy = ${nothing}`,
        "tls_config {",
        ...["ca_pem", "ca_file", "cert_pem", "cert_file", "key_pem", "key_file", "server_name", "min_version"]
          .map((name) => `${name} = ${nothing}`),
        "}"
      ))
      same(given, settings())
    }
  })
})

describe("HttpClient.settingsOf", () => {
  it("gives a client without arguments no credentials, the system's authorities, no proxy", () => {
    same(settings(), {
      authentication: undefined,
      tls: Tls.defaults,
      proxy: Proxy.defaults,
      headers: {},
      followRedirects: true,
      http2: true
    })
    same(settings("tls_config { }").tls, Tls.defaults)
  })

  it("turns redirects and HTTP/2 off", () => {
    same(settings("follow_redirects = false"), { ...settings(), followRedirects: false })
    same(settings("enable_http2 = false"), { ...settings(), http2: false })
  })

  it("gives headers all their values", () => {
    const { headers } = settings("http_headers = { \"X-Tenant\" = [\"a\", secret], \"x-none\" = [] }")
    same(headers, { "x-tenant": ["a", "hunter2"], "x-none": [] })
  })

  it("sends the headers of a component besides others of the same name, whatever their case", () => {
    const args = decoded("http_headers = { \"X-TENANT\" = [secret], \"x-other\" = [\"b\"] }")
    same(HttpClient.settingsOf(args, { "x-Tenant": "a", Accept: "c" }).headers, {
      "x-tenant": ["a", "hunter2"],
      accept: ["c"],
      "x-other": ["b"]
    })
  })

  it("leaves to the request what is its own, as Go's client does", () => {
    const args = decoded("http_headers = { \"Transfer-Encoding\" = [\"chunked\"], Trailer = [\"a\"] }")
    same(HttpClient.settingsOf(args, { Host: "other.example", "content-LENGTH": "7", a: "b" }).headers, { a: ["b"] })
  })

  it("makes credentials of texts, of files, and of nothing", () => {
    const token = (scheme: string, token: Material.Source): Authentication.Token => ({ _tag: "Token", scheme, token })
    const basic = (username: string, password: Material.Source): Authentication.Basic => ({
      _tag: "Basic",
      username,
      password
    })
    const cases: ReadonlyArray<readonly [line: string, Authentication.Settings]> = [
      ["bearer_token = secret", token("Bearer", inline("hunter2"))],
      ["bearer_token_file = \"/token\"", token("Bearer", Material.file("/token"))],
      ["basic_auth { }", basic("", inline(""))],
      ["basic_auth {\nusername = \"u\"\npassword = \"p€\\n\"\n}", basic("u", inline("p€\n"))],
      ["basic_auth { password_file = \"/p\" }", basic("", Material.file("/p"))],
      ["authorization { }", token("Bearer", inline(""))],
      ["authorization {\ntype = \" Token \"\ncredentials = secret\n}", token("Token", inline("hunter2"))],
      ["authorization { credentials_file = \"/c\" }", token("Bearer", Material.file("/c"))]
    ]
    for (const [line, expected] of cases) same(settings(line).authentication, expected, line)
  })

  it("makes an OAuth 2.0 client with its own TLS and proxies", () => {
    const client = (...lines: ReadonlyArray<string>) =>
      settings("oauth2 {", "client_id = \"i\"", "token_url = \"https://idp.example/token\"", ...lines, "}")
        .authentication
    const plain = {
      _tag: "OAuth2",
      clientId: "i",
      clientSecret: inline("hunter2"),
      tokenUrl: "https://idp.example/token",
      scopes: [],
      endpointParams: {},
      tls: Tls.defaults,
      proxy: Proxy.defaults
    }
    same(client("client_secret = secret"), plain)
    same(
      client(
        "client_secret_file = \"/s\"",
        "scopes = [\"a\", \"b\"]",
        "endpoint_params = { audience = \"c\" }",
        "proxy_url = \"http://proxy.example:3128\"",
        "tls_config { ca_file = \"/ca\" }"
      ),
      {
        ...plain,
        clientSecret: Material.file("/s"),
        scopes: ["a", "b"],
        endpointParams: { audience: "c" },
        proxy: { ...Proxy.defaults, url: "http://proxy.example:3128" },
        tls: { ...Tls.defaults, ca: Material.file("/ca") }
      }
    )
  })

  it("takes certificates from texts and from files", () => {
    const { tls } = settings(
      "tls_config {",
      "ca_file = \"/ca\"",
      "cert_file = \"/cert\"",
      "key_file = \"/key\"",
      "server_name = \"profiles.example\"",
      "insecure_skip_verify = true",
      "min_version = \"TLS13\"",
      "}"
    )
    same(tls, {
      ca: Material.file("/ca"),
      certificate: Material.file("/cert"),
      key: Material.file("/key"),
      serverName: "profiles.example",
      insecureSkipVerify: true,
      minVersion: "TLS13"
    })
    const texts = { ca_pem: "ca", cert_pem: "cert", key_pem: Redacted.make("key") }
    same(
      HttpClient.settingsOf({ ...decoded(), tls_config: { ...decoded("tls_config { }").tls_config!, ...texts } }).tls,
      {
        ...Tls.defaults,
        ca: inline("ca"),
        certificate: inline("cert"),
        key: inline("key")
      }
    )
    for (const version of ["TLS10", "TLS11", "TLS12"] as const) {
      assert.strictEqual(settings(`tls_config { min_version = "${version}" }`).tls.minVersion, version)
    }
  })

  it("takes proxies from arguments or from the environment", () => {
    same(
      settings(
        "proxy_url = \"http://user:pass@proxy.example:3128\"",
        "no_proxy = \"10.0.0.0/8, .example\"",
        "proxy_connect_header = { \"X-Key\" = [secret] }"
      ).proxy,
      {
        url: "http://user:pass@proxy.example:3128",
        noProxy: "10.0.0.0/8, .example",
        fromEnvironment: false,
        connectHeaders: { "X-Key": [secret] }
      }
    )
    same(
      settings("proxy_from_environment = true", "proxy_connect_header = { \"X-Key\" = [\"a\"] }").proxy,
      { url: "", noProxy: "", fromEnvironment: true, connectHeaders: { "X-Key": [Redacted.make("a")] } }
    )
  })
})

/**
 * Configurations with a secret in them, wherever one may get to, and something that is wrong beside it.
 */
import { quote } from "../../src/syntax/StringLiteral.ts"

type Write = (secret: string) => string

/** How a value may be written that is a secret, or has one in it: rightly and wrongly. */
export const forms: Readonly<Record<string, Write>> = {
  "a literal": quote,
  "a raw literal": (secret) => `\`${secret.replaceAll("`", "")}\``,
  "a literal of lines": (secret) => `\`${secret.replaceAll("`", "")}\n${secret.replaceAll("`", "")}\``,
  "a literal in parentheses": (secret) => `(${quote(secret)})`,
  "in a list": (secret) => `["a", ${quote(secret)}]`,
  "in a list of lines": (secret) => `[\n${quote(secret)},\n]`,
  "in an object": (secret) => `{ k = ${quote(secret)} }`,
  "in an object of lines": (secret) => `{\n  "X-Key" = ${quote(secret)},\n  name = ${quote(secret)},\n}`,
  "in a list in an object": (secret) => `{ k = ["a", ${quote(secret)}] }`,
  "in the name of a field": (secret) => `{ ${quote(`Authorization: ${secret}`)} = "a" }`,
  "before another": (secret) => `${quote(secret)} + "a"`,
  "behind another": (secret) => `"Bearer " + ${quote(secret)}`,
  "in parts": (secret) => `${quote(secret.slice(0, 4))} + ${quote(secret.slice(4))}`,
  "times a number": (secret) => `${quote(secret)} * 2`,
  "less a number": (secret) => `1 - ${quote(secret)}`,
  "negative": (secret) => `-${quote(secret)}`,
  "not": (secret) => `!${quote(secret)}`,
  "compared": (secret) => `${quote(secret)} < 1`,
  "indexed": (secret) => `${quote(secret)}["k"]`,
  "an index": (secret) => `["a"][${quote(secret)}]`,
  "accessed": (secret) => `[${quote(secret)}].k`,
  "called": (secret) => `${quote(secret)}("a")`,
  "an argument": (secret) => `coalesce("", ${quote(secret)})`,
  "an argument of too many": (secret) => `sys.env("A", ${quote(secret)})`,
  "an argument of what is not there": (secret) => `sys.evn(${quote(secret)})`,
  "an argument of what is not supported": (secret) => `string.format(${quote(secret)})`,
  "a secret no more": (secret) => `nonsensitive(${quote(secret)}) / 2`,
  "a variable": () => "sys.env(\"TOKEN\")",
  "a variable times a number": () => "sys.env(\"TOKEN\") * 2",
  "a variable in a list": () => "[sys.env(\"TOKEN\"), 1] + 1",
  "in single quotes": (secret) => `'${secret}'`,
  "without quotes": (secret) => secret,
  "without the last quote": (secret) => quote(secret).slice(0, -1),
  "without the first quote": (secret) => quote(secret).slice(1),
  "with its quotes": (secret) => `"${secret}"`,
  "in a raw literal without end": (secret) => `\`${secret}`,
  "beside a value": (secret) => `"a" ${secret}`,
  "behind a comma": (secret) => `"a", ${quote(secret)}`,
  "as a block": (secret) => `{\n  name ${quote(secret)}\n}`,
  "as YAML": (secret) => `\n  - ${secret}\n  - "${secret}"`
}

/** How a URL may have one in it. */
export const urls: Readonly<Record<string, Write>> = {
  "a password": (secret) => quote(`http://user:${secret}@host`),
  "a user": (secret) => quote(`http://${secret}@host:4040/path`),
  "an escaped password": (secret) => quote(`http://user:${encodeURIComponent(secret)}@host`),
  "a password, with another scheme": (secret) => quote(`htp://user:${secret}@host`),
  "a password, without a scheme": (secret) => quote(`user:${secret}@host`),
  "a password, without a host": (secret) => quote(`http://user:${secret}@`),
  "a query": (secret) => quote(`htp://host/path?token=${secret}`),
  "a query of no URL": (secret) => quote(`//host/path?token=${secret}`),
  "a fragment": (secret) => quote(`htp://host/path#${secret}`),
  "a password, less a number": (secret) => `${quote(`http://user:${secret}@host`)} - 1`,
  "a password in parts": (secret) => `"http://user:" + ${quote(secret)} + "@host"`,
  "a password in other parts": (secret) =>
    `${quote(`http://user:${secret.slice(0, 6)}`)} + ${quote(`${secret.slice(6)}@host`)}`,
  "a password that is a variable": () => "\"http://user:\" + sys.env(\"TOKEN\") + \"@host\"",
  "a user that is a variable": () => "\"http://\" + sys.env(\"TOKEN\") + \"@host\"",
  "a password without quotes": (secret) => `http://user:${secret}@host`
}

/** Settings that are secrets, or none but hidden in this place. */
const secrets = ["bearer_token", "headers", "http_headers", "proxy_connect_header"]
/** What only takes a number, a truth, a time or a word. */
const others = ["max_backoff_retries", "remote_timeout", "min_backoff_period", "retry_on_http_429", "follow_redirects"]
/** What is no setting here. */
const mistakes = [
  "bearer_tokn",
  "bearerToken",
  "BEARER_TOKEN",
  "passwd",
  "password",
  "api_key",
  "header",
  "token",
  "basic_auth",
  "tracing"
]

const endpoint = (...lines: ReadonlyArray<string>): string =>
  `pyroscope.write "out" {\n  endpoint {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n}\n`

const block = (name: string) => (line: string): string =>
  endpoint("url = \"http://host\"", `${name} {`, `  ${line}`, "}")

type Place = (value: string) => string

const attribute =
  (name: string, around: (line: string) => string = (line) => endpoint("url = \"http://host\"", line)): Place =>
  (value) => around(`${name} = ${value}`)

/** Where a value may be that is a secret. */
export const places: Readonly<Record<string, Place>> = {
  ...Object.fromEntries([...secrets, ...others, ...mistakes].map((name) => [name, attribute(name)])),
  "a password": attribute("password", block("basic_auth")),
  "a misspelt password": attribute("pasword", block("basic_auth")),
  "credentials": attribute("credentials", block("authorization")),
  "a client secret": attribute("client_secret", block("oauth2")),
  "parameters of an endpoint": attribute("endpoint_params", block("oauth2")),
  "a key": attribute("key_pem", block("tls_config")),
  "a version": attribute("min_version", block("tls_config")),
  "a truth": attribute("insecure_skip_verify", block("tls_config")),
  "a block that is not there": attribute("bearer_token", block("auth")),
  "an attribute that is a block": attribute("k", block("http_headers")),
  "a block that is an attribute": attribute("basic_auth"),
  "a component": attribute("bearer_token", (line) => `pyroscope.write "out" {\n  ${line}\n}\n`),
  "another component": attribute(
    "bearer_token",
    (line) => `pyroscope.receive_http "in" {\n  ${line}\n  forward_to = []\n}\n`
  ),
  "a component that is not there": attribute("bearer_token", (line) => `pyroscope.java "a" {\n  ${line}\n}\n`),
  "no component": attribute("bearer_token", (line) => `${line}\n`),
  "a comment": (value) => endpoint(`// bearer_token = ${value.replaceAll("\n", " ")}`),
  "a comment of lines": (value) => endpoint("/*", `password = ${value.replaceAll("*/", "")}`, "*/"),
  "YAML": (value) => endpoint(`bearer_token: ${value}`),
  "YAML in a list": (value) => endpoint("- name: a", `- token: ${value}`),
  "JSON": (value) => `{\n  "bearer_token": ${value},\n  "url": "http://host"\n}\n`,
  "JSON in a line": (value) => `{"url": "http://host", "password": ${value}, "name": "a"}\n`,
  "a shell": (value) => `export TOKEN=${value}\n`,
  "no sign": (value) => endpoint(`bearer_token ${value}`),
  "two signs": (value) => endpoint(`bearer_token == ${value}`),
  "a name of two": (value) => endpoint(`basic_auth.password = ${value}`)
}

/** Where a URL may be. */
export const urlPlaces: Readonly<Record<string, Place>> = {
  "url": (value) => endpoint(`url = ${value}`),
  "proxy_url": attribute("proxy_url"),
  "token_url": attribute("token_url", block("oauth2")),
  "urll": attribute("urll"),
  "a number": attribute("max_backoff_retries")
}

/** What is wrong beside it: types, or the syntax. */
export const neighbours: Readonly<Record<string, (config: string) => string>> = {
  "nothing": (config) => config,
  "attributes that are none": (config) => config.replaceAll(/^(\s*)(?=\S)/gm, "$1oops = 1 + \"a\"\n"),
  "a statement that is none": (config) => `${config}oops = = 1\n`,
  "statements that are none": (config) => config.replaceAll(/^(?=\s*\S)/gm, "oops = ]\n")
}

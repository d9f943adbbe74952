import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Http from "../../src/components/Http.ts"
import * as Plan from "../../src/engine/Plan.ts"
import * as Registry from "../../src/engine/Registry.ts"
import * as Source from "../../src/syntax/Source.ts"
import { authority, issue } from "../support/certificates.ts"
import { problem } from "../syntax/notation.ts"

/** What is wrong with a configuration. */
const problems = (text: string): ReadonlyArray<string> => {
  const checked = Plan.check({
    sources: [Source.make("test", text)],
    registry: Registry.make(Http.component),
    stdlib: new Map()
  })
  return Result.isFailure(checked) ? checked.failure.diagnostics.map(problem) : []
}

/** Without their places. */
const tls = (...lines: ReadonlyArray<string>) =>
  problems(["http {", "tls {", ...lines, "}", "}"].join("\n")).map((text) => text.replace(/^\S+ /, ""))

const files = ["cert_file = \"/c\"", "key_file = \"/k\""]

const auth = (text: string) =>
  problems(`http { auth { ${text} } }`.replaceAll(/[{;}]/g, (mark) => mark === ";" ? "\n" : `${mark}\n`))

describe("http", () => {
  it("may be empty, has no label, and is there once", () => {
    assert.deepStrictEqual(problems("http { }"), [])
    assert.lengthOf(problems("http \"own\" { }"), 1)
    assert.lengthOf(problems("http { }\nhttp { }"), 1)
  })

  it("needs a certificate and a key, each as a text or in a file", () => {
    assert.deepStrictEqual(tls(), [
      "must specify either cert_pem or cert_file",
      "must specify either key_pem or key_file"
    ])
    assert.deepStrictEqual(tls(...files), [])
    const twice = ["cert_pem = \"c\"", "key_pem = \"k\"", "client_ca_pem = \"a\"", "client_ca_file = \"/a\""]
    assert.sameMembers([...tls(...files, ...twice)], [
      "cannot specify both client_ca_pem and client_ca_file",
      "cannot specify client_ca_pem or client_ca_file when client_auth_type is NoClientCert",
      "cannot specify both cert_pem and cert_file",
      "cannot specify both key_pem and key_file"
    ])
  })

  it("knows Go's names, of client authentication, ciphers, curves and versions", () => {
    for (
      const type of [
        "NoClientCert",
        "RequestClientCert",
        "RequireAnyClientCert",
        "VerifyClientCertIfGiven",
        "RequireAndVerifyClientCert"
      ]
    ) assert.deepStrictEqual(tls(...files, `client_auth_type = "${type}"`), [])
    const known = [
      "cipher_suites = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\", \"TLS_AES_128_GCM_SHA256\"]",
      "curve_preferences = [\"X25519\", \"CurveP256\"]",
      "min_version = \"TLS10\"",
      "max_version = \"TLS13\""
    ]
    assert.deepStrictEqual(tls(...files, ...known), [])
    for (
      const [line, text] of [
        ["client_auth_type = \"Some\"", "unknown client auth type, use one of NoClientCert, RequestClientCert"],
        ["cipher_suites = [\"TLS_RSA_WITH_RC4_128_SHA\"]", "unknown cipher, use one of TLS_ECDHE_ECDSA_WITH_AES"],
        ["curve_preferences = [\"P-256\"]", "unknown curve, use one of CurveP256, CurveP384, CurveP521, X25519"],
        ["min_version = \"TLS14\"", "unknown TLS version, use one of TLS10, TLS11, TLS12, TLS13"],
        ["max_version = \"TLS11\"", "is below min_version"]
      ] as const
    ) {
      const [found, ...more] = tls(...files, line)
      assert.include(found, text)
      assert.deepStrictEqual(more, [])
    }
    assert.lengthOf(tls(...files, "windows_certificate_filter {", "}"), 1)
  })

  it("finds at once that a certificate and a key do not belong together, and shows neither", async () => {
    const issuer = await authority()
    const [one, other] = [await issue(issuer), await issue(issuer)]
    const pem = (cert: string, key: string) =>
      tls(`cert_pem = ${JSON.stringify(cert)}`, `key_pem = ${JSON.stringify(key)}`)
    assert.deepStrictEqual(pem(one.certificate, one.key), [])
    for (
      const [cert, key] of [[one.certificate, other.key], ["hunter2", one.key], [one.certificate, "hunter2"]] as const
    ) {
      const [found = "", ...more] = pem(cert, key)
      assert.match(found, /^the certificate, its key or the client CA cannot be used: /)
      assert.notInclude(found, "hunter2")
      assert.deepStrictEqual(more, [])
    }
  })

  it("needs a name and a password that are something, and paths that are paths", () => {
    const basic = "basic { username = \"u\"; password = \"p\"; }"
    assert.deepStrictEqual(auth(basic), [])
    assert.deepStrictEqual(auth(`${basic} filter { paths = ["/metrics"]; authenticate_matching_paths = false; }`), [])
    for (
      const [text, expected] of [
        ["", /missing required block "basic"/],
        ["basic { username = \"u\"; password = \"\"; }", /must not be empty/],
        ["basic { username = \"\"; password = \"p\"; }", /must not be empty/],
        [`${basic} filter { paths = ["metrics"]; }`, /must begin with a slash/]
      ] as const
    ) {
      const [found, ...more] = auth(text)
      assert.match(found!, expected)
      assert.deepStrictEqual(more, [])
    }
  })
})

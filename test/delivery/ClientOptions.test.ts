import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import * as ClientOptions from "../../src/delivery/ClientOptions.ts"
import * as Options from "../../src/delivery/Options.ts"
import * as Material from "../../src/transport/Material.ts"
import * as Proxy from "../../src/transport/Proxy.ts"
import * as Tls from "../../src/transport/Tls.ts"

const read = (options: ClientOptions.ClientOptions) =>
  Options.read("a client", (reader) => ClientOptions.read(options, reader))

describe("ClientOptions", () => {
  it("certificates and keys are texts, secrets, or files", () => {
    const { tls } = Result.getOrThrow(
      read({ tls: { ca: "PEM", certificate: { file: "crt" }, key: Redacted.make("key") } })
    )
    assert.deepStrictEqual(tls, {
      ...Tls.defaults,
      ca: Material.inline(Redacted.make("PEM")),
      certificate: Material.file("crt"),
      key: Material.inline(Redacted.make("key"))
    })
  })

  it("a client of OAuth 2.0 needs an id, a secret and where tokens are", () => {
    const auth = { clientId: "ann", clientSecret: { file: "secret" }, tokenUrl: new URL("https://id.example/token") }
    assert.deepStrictEqual(Result.getOrThrow(read({ auth })).authentication, {
      _tag: "OAuth2",
      clientId: "ann",
      clientSecret: Material.file("secret"),
      tokenUrl: "https://id.example/token",
      scopes: [],
      endpointParams: {},
      tls: Tls.defaults,
      proxy: Proxy.defaults
    })
  })

  it.each(["id.example/token", "ftp://id.example"])("there are no tokens at %s", (tokenUrl) => {
    const { problems } = Result.getOrThrow(Result.flip(read({ auth: { clientId: "", clientSecret: "", tokenUrl } })))
    assert.deepStrictEqual(problems, [{ option: "auth.tokenUrl", detail: "must be an http or https URL" }])
  })
})

/**
 * `--server.http.listen-addr`: where the engine's own server is, for who runs it and for who asks it.
 */
import { Option } from "effect"
import * as Address from "../server/Address.ts"
import * as EnvironmentFlag from "./EnvironmentFlag.ts"

const initial: Address.Address = { host: "127.0.0.1", port: 12345 }

export const flag = (description: string) =>
  EnvironmentFlag.text("server.http.listen-addr", {
    description,
    metavar: "address",
    parse: (text) => Option.fromUndefinedOr(Address.parse(text)),
    expected: "an address such as 127.0.0.1:12345",
    fallback: initial,
    shown: Address.format(initial)
  })

/**
 * The addresses of hosts.
 *
 * Node's own way, `getaddrinfo`, keeps one of its four threads waiting, and a few names that nobody answers for stop all
 * names, all files and all compression. Here `/etc/hosts` is read, DNS is asked over the event loop, and only where the
 * machine has other sources as well (`/etc/nsswitch.conf`, or another system than Linux) does the C library get a name
 * that neither has, one at a time.
 *
 * An answer is kept for as long as its record says, up to a minute, and a failure for a few seconds. When DNS falls
 * silent, what it said last stays in use for an hour (as RFC 8767 has it): names that it no longer has are gone at once.
 * However many ask for a name at a time, it is asked for once.
 */
import { Context, Effect, FileSystem, Layer, Result, type Scope } from "effect"
import { getDefaultResultOrder } from "node:dns"
import { isIP, isIPv6 } from "node:net"
import { hostname } from "node:os"
import * as Monotonic from "../telemetry/Monotonic.ts"
import * as Dns from "./Dns.ts"
import * as Hosts from "./Hosts.ts"
import * as Joined from "./Joined.ts"
import * as Material from "./Material.ts"
import * as NameServiceSwitch from "./NameServiceSwitch.ts"
import * as ResolvConf from "./ResolvConf.ts"
import * as SystemResolver from "./SystemResolver.ts"
import { NoConnection } from "./TransportError.ts"

export interface Settings {
  readonly hostsFile: string
  readonly resolvConfFile: string
  readonly nameServiceSwitchFile: string
  /** Instead of those in `resolvConfFile`, if there are any; with ports. */
  readonly servers: ReadonlyArray<string>
  readonly system: SystemResolver.Lookup
  /** As in `process.platform`. */
  readonly platform: string
  /** Names that are remembered: redirects may lead to any number of hosts. */
  readonly maxNames: number
}

export const defaults: Settings = {
  hostsFile: "/etc/hosts",
  resolvConfFile: "/etc/resolv.conf",
  nameServiceSwitchFile: "/etc/nsswitch.conf",
  servers: [],
  system: SystemResolver.lookup,
  platform: process.platform,
  // More than any configuration is known to name.
  maxNames: 16_384
}

/** Of a host, in the order to try them; there is at least one. Fails with `ENOTFOUND`, or `EAI_AGAIN` if it may pass. */
export type Resolve = (hostname: string) => Effect.Effect<ReadonlyArray<string>, NoConnection>

export class Resolver extends Context.Service<Resolver, Resolve>()("pyroduct/transport/Resolver") {
  static readonly layer: Layer.Layer<Resolver, never, FileSystem.FileSystem> = Layer.effect(
    Resolver,
    Effect.suspend(() => make(defaults))
  )
}

/** What is known of a name, until a time in milliseconds. */
interface Known {
  readonly result: Result.Result<ReadonlyArray<string>, NoConnection>
  readonly until: number
  /** What was resolved last, and when. */
  readonly last: { readonly addresses: ReadonlyArray<string>; readonly at: number } | undefined
}

/** In seconds; for what has no time of its own too. */
const shortest = 1
const short = 5
const longest = 60
/** In milliseconds. */
const maxStale = 3_600_000

/** For all that is done to resolve a name, and where there is an answer of before that will do. */
const patience = "10 seconds"
const patienceWithOld = "2 seconds"

/** For the first look at files without which it is not known what to do. */
const patienceWithFiles = "5 seconds"

const maxAddresses = 16

const loopback = ["::1", "127.0.0.1"]

export const make = Effect.fnUntraced(function*(
  settings: Settings
): Effect.fn.Return<Resolve, never, FileSystem.FileSystem | Scope.Scope> {
  const find = yield* makeFind(settings)
  const known = new Map<string, Known>()
  const joined = Joined.make<ReadonlyArray<string>, NoConnection>()

  const ask = Effect.fnUntraced(function*(name: string) {
    const last = known.get(name)?.last
    const old = last !== undefined && (yield* Monotonic.now) - last.at < maxStale ? last : undefined
    const found = yield* Effect.result(Effect.timeoutOrElse(find(name), {
      duration: old === undefined ? patience : patienceWithOld,
      orElse: () => Effect.fail("ETIMEOUT")
    }))
    const now = yield* Monotonic.now
    known.delete(name)
    if (known.size >= settings.maxNames) known.delete(known.keys().next().value!)
    const remember = (seconds: number, result: Known["result"], last: Known["last"]) => {
      known.set(name, { result, until: now + seconds * 1000, last })
      return Effect.fromResult(result)
    }
    if (Result.isSuccess(found)) {
      const addresses = inOrder(found.success.addresses)
      const ttl = Math.min(longest, Math.max(shortest, found.success.ttl))
      return yield* remember(ttl, Result.succeed(addresses), { addresses, at: now })
    }
    if (Dns.isMissing(found.failure)) return yield* remember(short, Result.fail(missing(name)), undefined)
    return yield* remember(
      short,
      old === undefined ? Result.fail(unanswered(name, found.failure)) : Result.succeed(old.addresses),
      old
    )
  })

  return (hostname) =>
    Effect.flatMap(Monotonic.now, (now) => {
      if (isIP(hostname) !== 0) return Effect.succeed([hostname])
      const name = hostname.toLowerCase()
      if (/^(.+\.)?localhost\.?$/.test(name)) return Effect.succeed(inOrder(loopback))
      const answer = known.get(name)
      return answer !== undefined && now < answer.until ? Effect.fromResult(answer.result) : joined(name, ask(name))
    })
})

/** Fails with a code of c-ares' or of `getaddrinfo`'s. */
const makeFind = Effect.fnUntraced(function*(
  { hostsFile, nameServiceSwitchFile, platform, resolvConfFile, servers, system }: Settings
): Effect.fn.Return<Dns.Dns["query"], never, FileSystem.FileSystem | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const texts = Effect.all([latest(fs, hostsFile), latest(fs, resolvConfFile), latest(fs, nameServiceSwitchFile)], {
    concurrency: "unbounded"
  })
  const isLinux = platform === "linux"
  let used: { readonly text: string; readonly conf: ResolvConf.ResolvConf; readonly dns: Dns.Dns } | undefined
  const configured = (text: string) => {
    if (used?.text === text) return used
    const conf = ResolvConf.parse(text, hostname())
    used = { text, conf, dns: Dns.make({ ...conf, servers }) }
    return used
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => used?.dns.cancel()))

  return Effect.fnUntraced(function*(name) {
    const [hosts, resolvConf, nameServiceSwitch] = yield* texts
    const own = Hosts.addresses(hosts ?? "", name.replace(/\.$/, ""))
    if (own.length > 0) return { addresses: own, ttl: short }
    // c-ares reads it as well, and would wait for it.
    if (resolvConf === undefined) return yield* Effect.fail("ETIMEOUT")
    const sources = NameServiceSwitch.hosts(nameServiceSwitch ?? "")
    const { conf, dns } = configured(resolvConf)
    const asked = sources.includes("dns") || !isLinux
      ? yield* Effect.result(search(dns, ResolvConf.candidates(conf, name)))
      : Result.fail("ENOTFOUND")
    const hasOthers = !isLinux || sources.some((source) => source !== "files" && source !== "dns")
    // Where nobody answers DNS, the C library would wait for it once more.
    if (Result.isSuccess(asked) || !hasOthers || !isOfNoUse(asked.failure)) return yield* Effect.fromResult(asked)
    return { addresses: yield* system(name), ttl: short }
  })
})

/** DNS does not have the name, or there is none. */
const isOfNoUse = (code: string): boolean => Dns.isMissing(code) || code === "ECONNREFUSED"

/** The first name that there is. One that a server will not talk about does not hide the next. */
const search = Effect.fnUntraced(function*(
  dns: Dns.Dns,
  names: ReadonlyArray<string>
): Effect.fn.Return<Dns.Answer, string> {
  let failure = "ENOTFOUND"
  for (const name of names) {
    const result = yield* Effect.result(dns.query(name))
    if (Result.isSuccess(result)) return result.success
    if (Dns.isMissing(result.failure)) continue
    failure = result.failure
    if (!refusals.has(failure)) break
  }
  return yield* Effect.fail(failure)
})

const refusals: ReadonlySet<string> = new Set(["ESERVFAIL", "EREFUSED", "ENOTIMP", "EFORMERR"])

/** The text of a file as it is now, or was when the file system last gave an answer; "" if there is no such file. */
const latest = (fs: FileSystem.FileSystem, path: string): Effect.Effect<string | undefined> => {
  let known: { readonly stamp: string; readonly text: string } | undefined
  const look = Effect.gen(function*() {
    const stamp = Material.stampOf(yield* fs.stat(path))
    if (stamp !== known?.stamp) known = { stamp, text: yield* fs.readFileString(path) }
  })
  const settled = Effect.catch(look, () => Effect.sync(() => known = { stamp: "", text: "" }))
  return Effect.suspend(() => Effect.timeoutOption(settled, known === undefined ? patienceWithFiles : "1 second")).pipe(
    Effect.map(() => known?.text)
  )
}

/** Families in turn, so that one that leads nowhere costs one try. */
const inOrder = (addresses: ReadonlyArray<string>): ReadonlyArray<string> => {
  const six = addresses.filter((address) => isIPv6(address))
  const four = addresses.filter((address) => !isIPv6(address))
  const [first, second] = getDefaultResultOrder() === "ipv4first" ? [four, six] : [six, four]
  const length = Math.max(first.length, second.length)
  const pairs = Array.from({ length }, (_, index) => [first[index], second[index]])
  return [...new Set(pairs.flat())].filter((address) => address !== undefined).slice(0, maxAddresses)
}

const missing = (name: string): NoConnection =>
  new NoConnection({ code: "ENOTFOUND", detail: `cannot resolve ${name}: there is no such host` })

const unanswered = (name: string, code: string): NoConnection =>
  new NoConnection({
    code: "EAI_AGAIN",
    detail: `cannot resolve ${name}: ${silences.has(code) ? "no answer in time" : `DNS says ${code}`}`
  })

const silences: ReadonlySet<string> = new Set(["ETIMEOUT", "EAI_AGAIN"])

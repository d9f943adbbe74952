/**
 * What is asked for again and again: one type of profile of one process.
 *
 * Discovery knows processes by their labels, of which some say where the process is and how to ask it: `__address__`,
 * `__scheme__`, `__profile_path__`, `__profile_path_prefix__`, `__param_<name>`. One that is not there comes from the
 * settings. All labels stay on the profiles; an endpoint drops those that begin with `__`.
 */
import { Data, Duration, Result } from "effect"
import * as Labels from "../profile/Labels.ts"
import { version } from "../telemetry/Version.ts"
import { Fingerprint } from "./Fingerprint.ts"
import * as ProfileType from "./ProfileType.ts"
import * as ScrapeUrl from "./ScrapeUrl.ts"
import * as ServiceName from "./ServiceName.ts"

/** One type of profile of one process. */
export interface Target {
  /**
   * The same for as long as the labels that are seen outside and the URL are: of those that begin with `__` only the name
   * of the profile counts, and of the URL not the seconds that nobody has asked for.
   */
  readonly id: string
  /** The name of its `ProfileType`: there are few. */
  readonly type: string
  /** Scheme, host and port. */
  readonly origin: string
  /** Path and query. */
  readonly path: string
  /** Of its profiles, those included that begin with `__`. Made anew each time, as targets are many. */
  readonly labels: Labels.Labels
  /** Those of all types of its process: what is not there of `labels` begins with `__`. The same each time. */
  readonly common: Labels.Labels
  /** How long the target takes to give a profile, in seconds, if it is asked for one of some seconds. */
  readonly seconds: number | undefined
  /** Its profiles count from its start, so that the difference of two is what is sent. */
  readonly isCumulative: boolean
}

/** What targets have in common. */
export interface Settings {
  readonly types: ReadonlyArray<ProfileType.ProfileType>
  /** In front of every path. */
  readonly pathPrefix: string
  readonly scheme: "http" | "https"
  /** The label `job`, where a target has none; empty for none. */
  readonly jobName: string
  readonly params: Readonly<Record<string, ReadonlyArray<string>>>
  readonly interval: Duration.Duration
  /** How long a timed profile is; by default a second less than the interval. */
  readonly timedDuration: Duration.Duration | undefined
}

/** Labels that no target can be made of. */
export class TargetError extends Data.TaggedError("TargetError")<{
  readonly reason: "NoAddress" | "UserInfo" | "InvalidScheme" | "InvalidHostname" | "InvalidValue"
  /** The label that is wrong, and its value. */
  readonly label: string
  readonly value: string
}> {
  override get message(): string {
    switch (this.reason) {
      case "NoAddress":
        return "no address"
      case "UserInfo":
        return "credentials do not belong in an address: configure basic_auth"
      case "InvalidScheme":
        return `invalid scheme: ${quote(this.value)}`
      case "InvalidHostname":
        return `${quote(this.value)} is not a valid hostname${
          /^https?:\/\//i.test(this.value) ? "; the scheme of an address is __scheme__, or an argument" : ""
        }`
      case "InvalidValue":
        return `invalid label value for ${quote(this.label)}: ${quote(this.value)}`
    }
  }
}

/** As much as helps whoever reads about it. */
const quote = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text)

/** Labels that were left out. */
export interface Problem {
  /** Among those that were given, from 0. */
  readonly index: number
  /** Without user info and query; empty where there is none. */
  readonly address: string
  readonly error: TargetError
}

/** The targets of many processes, and what none can be made of. */
export interface Many {
  readonly targets: ReadonlyArray<Target>
  readonly problems: ReadonlyArray<Problem>
}

/**
 * Makes the targets of many processes. One that is there already, as far as its labels but for `__meta_*` tell, is left
 * out, and so is one that no target can be made of, with the reason.
 *
 * Asked again, with some of the same labels, it gives the same targets for those: of a list that is long few change.
 */
export const maker = (settings: Settings): (processes: Iterable<Labels.Labels>) => Many => {
  const prepared = prepare(settings)
  const known = new WeakMap<Labels.Labels, Made>()
  const made = (labels: Labels.Labels): Made => {
    const before = known.get(labels)
    if (before !== undefined) return before
    const made = { key: keyOf(labels), targets: targetsOf(labels, prepared) }
    known.set(labels, made)
    return made
  }
  return (processes) => {
    const keys = new Set<string>()
    const ids = new Set<string>()
    const targets: Array<Target> = []
    const problems: Array<Problem> = []
    let index = -1
    for (const labels of processes) {
      index++
      const { key, targets: result } = made(labels)
      if (keys.has(key)) continue
      keys.add(key)
      if (Result.isSuccess(result)) targets.push(...distinct(result.success, ids))
      else problems.push({ index, address: addressShown(labels), error: result.failure })
    }
    return { targets, problems }
  }
}

/** What has been made of a process. */
interface Made {
  /** Different for different labels, of which `__meta_*` do not count. */
  readonly key: string
  readonly targets: Result.Result<ReadonlyArray<Target>, TargetError>
}

/** Where in an interval the scrapes of a target are, from 0 to 1, which it never is. The same for as long as the target. */
export const phase = (id: string): number => new Fingerprint().add(id).toFraction()

// ---- many ----

const keyOf = (labels: Labels.Labels): string => {
  let key = ""
  for (const [name, value] of labels) {
    if (!name.startsWith("__meta_")) key += `${name.length}:${name}${value.length}:${value}`
  }
  return key
}

const distinct = (targets: ReadonlyArray<Target>, ids: Set<string>): ReadonlyArray<Target> =>
  targets.filter(({ id }) => {
    const isNew = !ids.has(id)
    ids.add(id)
    return isNew
  })

const addressShown = (labels: Labels.Labels): string => {
  const address = Labels.get(labels, "__address__")
  return withoutQuery(address.slice(address.lastIndexOf("@") + 1))
}

/** In an address there is none, but whoever writes one may have written a token. */
const withoutQuery = (address: string): string => address.replace(/\?.*/s, "?***")

// ---- one ----

/** Settings, with what comes of them for every process. */
interface Prepared {
  readonly settings: Settings
  /** Labels that go before those of a process. */
  readonly params: ReadonlyMap<string, string>
  /** How long a timed profile is, in seconds. */
  readonly seconds: number
  /** Of a process that says nothing about paths and params, by type. */
  readonly requests: ReadonlyArray<Request>
}

/** What comes of a type's path and of params. */
interface Request {
  readonly path: string
  /** The same path for as long as nothing else changes than how long profiles are by default. */
  readonly place: string
  readonly seconds: number | undefined
  readonly isCumulative: boolean
  /** The label `__name__`. */
  readonly name: string
}

const prepare = (settings: Settings): Prepared => {
  const { interval, pathPrefix, timedDuration, types } = settings
  const params = new Map(Object.entries(settings.params))
  const seconds = timedDuration === undefined ? whole(interval) - 1 : whole(timedDuration)
  const atLeastOne = Math.max(1, seconds)
  const paramLabels = Array.from(params).flatMap(([name, [first]]) =>
    first === undefined ? [] : [[paramPrefix + name, first] as const]
  )
  return {
    settings,
    params: new Map(paramLabels),
    seconds: atLeastOne,
    requests: types.map((type) => requestOf(type, type.name, pathPrefix, type.path, params, atLeastOne))
  }
}

const whole = (duration: Duration.Duration): number => Math.floor(Duration.toSeconds(duration))

const paramPrefix = "__param_"

const requestOf = (
  { isTimed }: ProfileType.ProfileType,
  profileName: string,
  prefix: string,
  path: string,
  params: ScrapeUrl.Params,
  timedSeconds: number
): Request => {
  const joined = ScrapeUrl.join(prefix, path)
  // What somebody has asked for goes before what is asked for by default.
  const queryWith = (seconds: string): ScrapeUrl.Params =>
    isTimed && !isGiven(params.get("seconds")?.[0]) ? new Map([...params, ["seconds", [seconds]]]) : params
  const query = queryWith(String(timedSeconds))
  const seconds = query.get("seconds")?.[0]
  const delta = ProfileType.deltaOf(profileName)
  const name = delta ?? profileName
  return {
    name,
    path: ScrapeUrl.withQuery(joined, query),
    place: ScrapeUrl.withQuery(joined, queryWith("")),
    seconds: isGiven(seconds) && Number(seconds) > 0 && Number(seconds) < Infinity ? Number(seconds) : undefined,
    // What is asked for some seconds is what happened in them, with Go's own profiles too.
    isCumulative: ProfileType.isCumulative(name) && delta === undefined && !ProfileType.isDeltaPath(joined) &&
      !isGiven(seconds)
  }
}

const isGiven = (text: string | undefined): boolean => text !== undefined && text !== ""

const targetsOf = (
  process: Labels.Labels,
  prepared: Prepared
): Result.Result<ReadonlyArray<Target>, TargetError> => {
  const { params, settings } = prepared
  const given = Labels.merge(process, params)
  const scheme = Labels.get(given, "__scheme__").toLowerCase() || settings.scheme
  const address = ScrapeUrl.withPort(Labels.get(given, "__address__"), scheme)
  const origin = originOf(scheme, address)
  if (Result.isFailure(origin)) return Result.fail(origin.failure)
  const common = Labels.merge(
    given,
    new Map([
      ["__address__", address],
      ["__profile_path_prefix__", Labels.get(given, "__profile_path_prefix__") || settings.pathPrefix],
      ["__scheme__", scheme],
      ["instance", Labels.get(given, "instance") || address],
      ["job", Labels.get(given, "job") || settings.jobName],
      ...scopeOf(given),
      ["service_name", Labels.get(given, "service_name") || ServiceName.infer(given)]
    ])
  )
  for (const [label, value] of common) {
    if (loneSurrogate.test(value)) {
      const shown = label.startsWith(paramPrefix) ? "***" : value
      return Result.fail(new TargetError({ reason: "InvalidValue", label, value: shown }))
    }
  }
  const requests = saysHow(process) ? requestsOf(common, prepared) : prepared.requests
  const fingerprint = new Fingerprint()
  for (const [name, value] of common) if (!name.startsWith("__")) fingerprint.add(name).add(value)
  fingerprint.add(scheme).add(address)
  return Result.succeed(settings.types.map((type, index) => {
    const request = requests[index]!
    const id = fingerprint.fork().add(request.name).add(request.place).toString()
    return new TypeOfProcess(id, type, origin.success, request, common)
  }))
}

/** Who has asked for the profiles, as Alloy labels them with a name of its own. */
const scopeName = "pyroduct/pyroscope.scrape"

const scopeOf = (given: Labels.Labels): ReadonlyArray<readonly [name: string, value: string]> => {
  const name = Labels.get(given, "otel.scope.name") || scopeName
  const known = Labels.get(given, "otel.scope.version")
  return [["otel.scope.name", name], ["otel.scope.version", known === "" && name === scopeName ? version : known]]
}

/** Half of a surrogate pair: text that has no UTF-8. */
const loneSurrogate = /\p{Surrogate}/u

const originOf = (scheme: string, address: string): Result.Result<string, TargetError> => {
  const failure = (reason: TargetError["reason"], label: string, value: string) =>
    Result.fail(new TargetError({ reason, label, value }))
  if (address === "") return failure("NoAddress", "__address__", "")
  if (scheme !== "http" && scheme !== "https") return failure("InvalidScheme", "__scheme__", scheme)
  if (address.includes("@")) return failure("UserInfo", "__address__", "")
  const origin = ScrapeUrl.origin(scheme, address)
  return origin === undefined
    ? failure("InvalidHostname", "__address__", withoutQuery(address))
    : Result.succeed(origin)
}

/** Whether a process has a path, a name or params of its own. */
const saysHow = (labels: Labels.Labels): boolean => {
  for (const name of labels.keys()) {
    if (name.startsWith("__p") || name === "__name__") return true
  }
  return false
}

const requestsOf = (
  labels: Labels.Labels,
  { seconds, settings }: Prepared
): ReadonlyArray<Request> => {
  const params = new Map(Object.entries(settings.params))
  for (const [label, value] of labels) {
    if (!label.startsWith(paramPrefix)) continue
    const name = label.slice(paramPrefix.length)
    params.set(name, [value, ...params.get(name)?.slice(1) ?? []])
  }
  const prefix = Labels.get(labels, "__profile_path_prefix__")
  return settings.types.map((type) =>
    requestOf(
      type,
      Labels.get(labels, "__name__") || type.name,
      prefix,
      Labels.get(labels, "__profile_path__") || type.path,
      params,
      seconds
    )
  )
}

class TypeOfProcess implements Target {
  readonly id: string
  readonly type: string
  readonly origin: string
  readonly path: string
  readonly seconds: number | undefined
  readonly isCumulative: boolean
  private readonly name: string
  private readonly profilePath: string
  readonly common: Labels.Labels

  constructor(
    id: string,
    { name, path }: ProfileType.ProfileType,
    origin: string,
    request: Request,
    common: Labels.Labels
  ) {
    this.id = id
    this.type = name
    this.origin = origin
    this.path = request.path
    this.seconds = request.seconds
    this.isCumulative = request.isCumulative
    this.name = request.name
    this.profilePath = path
    this.common = common
  }

  get labels(): Labels.Labels {
    return Labels.merge(
      this.common,
      new Map([
        ["__name__", this.name],
        ["__profile_path__", Labels.get(this.common, "__profile_path__") || this.profilePath]
      ])
    )
  }
}

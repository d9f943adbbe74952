/**
 * The labels of a profile: what it is a profile of.
 *
 * Labels never hold an empty value, for an empty label and an absent one are the same thing, and they are iterated in
 * the order of their names.
 */
import { Result, Schema } from "effect"

/** Labels by their names. */
export type Labels = ReadonlyMap<string, string>

/** Labels to be laid over others: an empty value removes the label. */
export type Overrides = ReadonlyMap<string, string> | Readonly<Record<string, string>>

/** Labels no server would take. `name` and `value` are of the label that is wrong. */
export class LabelError extends Schema.TaggedError<LabelError>()("LabelError", {
  reason: Schema.Literals([
    "Missing",
    "Duplicate",
    "InvalidName",
    "InvalidServiceName",
    "InvalidValue",
    "TooMany",
    "NameTooLong",
    "ValueTooLong"
  ]),
  name: Schema.String,
  value: Schema.String
}) {
  override get message(): string {
    switch (this.reason) {
      case "Missing":
        return this.name === "" ? "service name is required" : `${this.name} is required`
      case "Duplicate":
        return `duplicate label name: ${shown(this.name)}`
      case "InvalidName":
        return this.name === "" ? "label name is required" : `invalid label name: ${forbidden(this.name, notInName)}`
      case "InvalidServiceName":
        return `invalid service name: ${forbidden(this.value, notInServiceName)}`
      case "InvalidValue":
        return `invalid label value for ${shown(this.name)}: ${shown(this.value)}`
      case "TooMany":
        return `more than ${limits.labels} labels`
      case "NameTooLong":
        return `label name of more than ${limits.name} characters: ${shown(this.name)}`
      case "ValueTooLong":
        return `label value of more than ${limits.value} characters for ${shown(this.name)}: ${shown(this.value)}`
    }
  }
}

/**
 * Eight times what a Pyroscope server takes by default (`validation.max-label-names-per-series`,
 * `validation.max-length-label-name` and `validation.max-length-label-value`), for it may be set otherwise, and only the
 * server knows. These are to bound what is held and sorted here.
 */
export const limits = { labels: 8 * 30, name: 8 * 1024, value: 8 * 2048 }

/** As much as helps whoever reads about it. */
const shown = (text: string): string => text.length > 200 ? `${text.slice(0, 200)}...` : text

const notInName = /[^a-zA-Z0-9_.]/u
const notInServiceName = /[^a-zA-Z0-9_./-]/u
/** Half of a surrogate pair: text that has no UTF-8. */
const loneSurrogate = /\p{Surrogate}/u

const forbidden = (text: string, character: RegExp): string =>
  `${shown(text)}: character is not allowed: '${character.exec(text)?.[0]}'`

const failure = (reason: LabelError["reason"], name = "", value = ""): Result.Result<never, LabelError> =>
  Result.fail(new LabelError({ reason, name, value }))

/** A label's name is made of ASCII letters, digits, `_` and `.`, of which any may come first. */
export const checkName = (name: string): Result.Result<string, LabelError> =>
  isName(name) ? Result.succeed(name) : failure("InvalidName", name)

/** Whether a label may be called so: ASCII letters, digits, `_` and `.`, of which any may come first. */
export const isName = (name: string): boolean => name !== "" && !notInName.test(name)

/**
 * The value of `__name__` that stands in front of the other labels on `/ingest`: as names, and with `/` and `-`.
 *
 * @internal
 */
export const checkServiceName = (value: string): Result.Result<string, LabelError> => {
  if (value === "") return failure("Missing")
  return notInServiceName.test(value) ? failure("InvalidServiceName", "__name__", value) : Result.succeed(value)
}

/** One label as its sender wrote it. */
export type Pair = readonly [name: string, value: string]

const byName = ([a]: Pair, [b]: Pair): number => a < b ? -1 : a > b ? 1 : 0

/** In the order of names. Most keep it, and then this costs a look at each pair. */
const sorted = (pairs: Array<Pair>): ReadonlyArray<Pair> =>
  pairs.every((pair, index) => index === 0 || pairs[index - 1]![0] <= pair[0]) ? pairs : pairs.sort(byName)

const present = (pairs: Iterable<Pair>): Array<Pair> => {
  const kept: Array<Pair> = []
  for (const pair of pairs) if (pair[1] !== "") kept.push(pair)
  return kept
}

/**
 * Labels as a sender wrote them, in any order. A label with an empty value is no label; of several mistakes the first
 * in the order of names is reported, where they are not too many to be put in order. `naming` says what a label may be
 * called, by default what a server takes.
 */
export const fromPairs = (
  pairs: Iterable<Pair>,
  naming: (name: string) => boolean = isName
): Result.Result<Labels, LabelError> => {
  const kept = present(pairs)
  if (kept.length > limits.labels) return failure("TooMany")
  const inOrder = sorted(kept)
  const mistake = mistakeIn(inOrder, naming)
  return mistake === undefined ? Result.succeed(new Map(inOrder)) : Result.fail(mistake)
}

/** What keeps a server from taking these labels. */
export const check = (labels: Labels): LabelError | undefined =>
  labels.size > limits.labels ? new LabelError({ reason: "TooMany", name: "", value: "" }) : mistakeIn(labels)

const mistakeIn = (sorted: Iterable<Pair>, naming: (name: string) => boolean = isName): LabelError | undefined => {
  let previous: string | undefined
  for (const [name, value] of sorted) {
    if (name.length > limits.name) return new LabelError({ reason: "NameTooLong", name, value: "" })
    if (value.length > limits.value) return new LabelError({ reason: "ValueTooLong", name, value })
    if (name === previous) return new LabelError({ reason: "Duplicate", name, value })
    if (loneSurrogate.test(value)) return new LabelError({ reason: "InvalidValue", name, value })
    if (!naming(name)) return new LabelError({ reason: "InvalidName", name, value: "" })
    previous = name
  }
  return previous === undefined ? new LabelError({ reason: "Missing", name: "", value: "" }) : undefined
}

/** Labels from a trusted source. */
export const make = (labels: Overrides): Labels => merge(new Map(), labels)

/** The label's value, empty where there is no such label. */
export const get = (labels: Labels, name: string): string => labels.get(name) ?? ""

/** The labels with one of them set, or removed if the value is empty. */
export const set = (labels: Labels, name: string, value: string): Labels => merge(labels, { [name]: value })

/** The labels with others laid over them. */
export const merge = (labels: Labels, overrides: Overrides): Labels => {
  const laid = sorted(Array.from(overrides instanceof Map ? overrides : Object.entries(overrides)))
  if (laid.length === 0) return labels
  const merged = new Map<string, string>()
  const add = ([name, value]: Pair): void => {
    if (value !== "") merged.set(name, value)
  }
  let next = 0
  for (const pair of sorted(Array.from(labels))) {
    while (next < laid.length && laid[next]![0] < pair[0]) add(laid[next++]!)
    add(laid[next]?.[0] === pair[0] ? laid[next++]! : pair)
  }
  while (next < laid.length) add(laid[next++]!)
  return merged
}

/** Whether they are the same labels with the same values. */
export const equals = (a: Labels, b: Labels): boolean => {
  if (a.size !== b.size) return false
  for (const [name, value] of a) if (b.get(name) !== value) return false
  return true
}

/**
 * The labels as they leave for an endpoint: external labels override, and names that begin with `__` are dropped but
 * for `__name__` and `__delta__`, whoever has set them. The rule is one for pushes and for `/ingest`.
 */
export const outgoing = (labels: Labels, external: Overrides): Labels => {
  const merged = merge(labels, external)
  const isPrivate = (name: string): boolean => name.startsWith("__") && name !== "__name__" && name !== "__delta__"
  for (const name of merged.keys()) {
    if (isPrivate(name)) return new Map(Array.from(merged).filter(([name]) => !isPrivate(name)))
  }
  return merged
}

/** `{a="b", c="d"}`, for people to read. */
export const format = (labels: Labels): string =>
  `{${Array.from(labels, ([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}}`

/**
 * Flags that a variable of the environment gives as well: `--storage.path` is `PYRODUCT_STORAGE_PATH`, and `--url`, which
 * only `health` has, `PYRODUCT_HEALTH_URL`: an environment is for all commands, and there are other URLs.
 *
 * A flag goes before its variable. An empty variable is as good as none, as `${STORAGE:-}` in a Compose file makes it.
 */
import { Config, Effect, Option } from "effect"
import { CliError, type Command, Flag, Primitive } from "effect/cli"

export const variableOf = (flag: string, command = ""): string =>
  `PYRODUCT_${`${command} ${flag}`.trim().replace(/\W/g, "_").toUpperCase()}`

export interface Description<A> {
  readonly description: string
  /** What it is when neither is given, and how `--help` shows that, where it does. */
  readonly fallback: A
  readonly shown?: string
  /** Which is the only one that has it. */
  readonly command?: string
}

interface TextDescription<A> extends Description<A> {
  /** What `--help` calls a value. */
  readonly metavar: string
  /** What a text means, if it means anything, and what it should have been. */
  readonly parse: (text: string) => Option.Option<A>
  readonly expected: string
}

/** A text that is read by `parse`. */
export const text = <A>(name: string, description: TextDescription<A>): Flag.Flag<A> => {
  const { expected, metavar, parse } = description
  return Flag.String(name).pipe(
    Flag.withMetavar(`<${metavar}>`),
    Flag.filterMap(parse, () => expected),
    orVariable(name, description, (text) => Effect.mapError(Effect.fromOption(parse(text)), () => expected))
  )
}

/** One of a few words. */
export const choice = <const Word extends string, const A>(
  name: string,
  words: ReadonlyArray<Word>,
  description: Description<A>
): Flag.Flag<Word | A> =>
  Flag.Literals(name, words).pipe(
    orVariable<Word | A>(name, description, Primitive.Choice(words.map((word) => [word, word])).parse)
  )

/** On or off: `--config.watch`, `--config.watch=false`. */
export const toggle = (name: string, description: Description<boolean>): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(
    Flag.withoutNegation,
    orVariable(
      name,
      { ...description, shown: `${description.fallback}` },
      (text) => Effect.mapError(Primitive.Boolean.parse(text), () => "true or false")
    )
  )

const orVariable = <A>(
  name: string,
  { command, description, fallback, shown }: Description<A>,
  parse: (text: string) => Effect.Effect<A, string, Command.Environment>
) =>
(flag: Flag.Flag<A>): Flag.Flag<A> => {
  const variable = variableOf(name, command)
  const fromVariable = Effect.gen(function*() {
    const text = yield* Config.String(variable).pipe(Config.withDefault(""))
    if (text === "") return fallback
    return yield* Effect.mapError(
      parse(text),
      (expected) => `Invalid value for ${variable}: "${text}". Expected: ${expected}`
    )
  }).pipe(
    Effect.mapError((error) =>
      new CliError.ValidationError({ message: typeof error === "string" ? error : error.message })
    )
  )
  return flag.pipe(
    Flag.withDescription(`${description}${shown === undefined ? "" : ` (default ${shown})`} [${variable}]`),
    Flag.optional,
    Flag.mapEffect(Option.match({ onNone: () => fromVariable, onSome: Effect.succeed }))
  )
}

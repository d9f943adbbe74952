/**
 * As much of a shell's syntax as the documentation's commands have.
 */

/** Words of each command of a script, as they are once quotes are gone; variables stay as they are written. */
export const commandsOf = (script: string): ReadonlyArray<ReadonlyArray<string>> => {
  const commands: Array<ReadonlyArray<string>> = []
  let command: Array<string> = []
  const text = withoutHereDocuments(script.replace(/\\\n/g, " "))
  let at = 0
  let word: string | undefined
  const endWord = (): void => {
    if (word !== undefined) command.push(word)
    word = undefined
  }
  const endCommand = (): void => {
    endWord()
    if (command.length > 0) commands.push(command)
    command = []
  }
  while (at < text.length) {
    const char = text[at]!
    const [redirection] = /^\d?(?:>>|>|<)(?:&\d|\s*[^\s;|&)]+)/.exec(text.slice(at)) ?? []
    const [substitution, inner] = /^\$\(([^()]*)\)/.exec(text.slice(at)) ?? []
    if (word === undefined && redirection !== undefined) {
      at += redirection.length
    } else if (word === undefined && char === "#") {
      at = (text + "\n").indexOf("\n", at)
    } else if (substitution !== undefined) {
      commands.push(...commandsOf(inner!))
      word = `${word ?? ""}${substitution}`
      at += substitution.length
    } else if (/[\n;|&()]/.test(char)) {
      endCommand()
      at += 1
    } else if (/\s/.test(char)) {
      endWord()
      at += 1
    } else if (char === "'" || char === "\"") {
      const end = text.indexOf(char, at + 1)
      if (end < 0) throw new Error(`a quote without an end: ${text.slice(at)}`)
      const quoted = text.slice(at + 1, end)
      if (char === "\"") {
        for (const [, inner] of quoted.matchAll(/\$\(([^()]*)\)/g)) commands.push(...commandsOf(inner!))
      }
      word = `${word ?? ""}${quoted}`
      at = end + 1
    } else if (char === "\\") {
      word = `${word ?? ""}${text[at + 1] ?? ""}`
      at += 2
    } else {
      word = `${word ?? ""}${char}`
      at += 1
    }
  }
  endCommand()
  return commands
}

const withoutHereDocuments = (script: string): string =>
  script.replace(/<<-?\s*(['"]?)(\w+)\1([^\n]*)\n(?:[\s\S]*?\n)??\s*\2(?=\n|$)/g, "$3")

/** What a command runs, without the settings of its environment, and with what runs others, such as `sudo`, gone. */
const bare = (command: ReadonlyArray<string>): ReadonlyArray<string> => {
  const first = command.findIndex((word) => !/^(?:[A-Za-z_]\w*=.*|\$|sudo|exec|time|env|if|then|do|!)$/s.test(word))
  return first < 0 ? [] : command.slice(first)
}

/** The program's own path, wherever it is. */
const program = /^(?:\S*\/)?(?:pyroduct|(?:src\/bin\.ts|dist\/bin\.js))$/

/** An image that was built of the repository. */
const image = /^(?:[\w.-]+(?::\d+)?\/)*pyroduct(?::[\w.-]+)?$/

/** The arguments of `pyroduct`, where a command runs it: by its name, by Node, by `npx`, or in a container. */
export const argumentsOfProgram = (command: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const [name = "", ...rest] = bare(command)
  if (program.test(name)) return rest
  const after = (isIt: (word: string) => boolean) => {
    const index = rest.findIndex(isIt)
    return index < 0 ? undefined : rest.slice(index + 1)
  }
  if (/(?:^|\/)(?:node|npx)$/.test(name)) {
    const at = rest.findIndex((word) => !word.startsWith("-"))
    return at >= 0 && program.test(rest[at]!) ? rest.slice(at + 1) : undefined
  }
  if (/^(?:docker|podman|nerdctl)$/.test(name) && (rest[0] === "run" || rest[0] === "create")) {
    const given = after((word) => image.test(word) && !word.startsWith("-"))
    return given?.length === 0 ? undefined : given
  }
  return undefined
}

/** The script of package.json that a command runs. */
export const npmScript = (command: ReadonlyArray<string>): string | undefined => {
  const [name, ...rest] = bare(command)
  if (name !== "npm") return undefined
  const [verb, script] = rest.filter((word) => !word.startsWith("-"))
  return verb === "run" || verb === "run-script" ? script : verb === "start" || verb === "test" ? verb : undefined
}

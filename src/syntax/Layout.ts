/**
 * Lines of text whose columns line up.
 *
 * A line is made of cells. In a run of lines that all have a cell in some column, that column is as wide as its widest
 * cell and one blank; the text behind the last separator is in no column. Indents are cells too.
 */
export class Layout {
  private room: number
  private output = ""
  private lines: Array<Array<string>> = []
  private line: Array<string> | undefined
  private blanks = false
  private level = 0
  private ended = 0

  /** How many lines have ended. */
  get height(): number {
    return this.ended
  }

  /** How many characters are taken at most, blanks not counted. */
  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.room = limit
  }

  /** Whether something had to be left out. */
  get isFull(): boolean {
    return this.room < 0
  }

  /** Text may span lines: the further ones stand as they are. */
  text(text: string): void {
    const [first = "", ...further] = text.slice(0, Math.max(this.room, 0)).split("\n")
    this.room -= text.length
    this.line ??= [...Array.from({ length: this.level }, () => tab), ""]
    this.line.push(`${this.line.pop()}${this.blanks ? " " : ""}${first}`)
    this.blanks = false
    for (const line of further) {
      this.section()
      this.line = [line]
    }
  }

  /** One blank before further text on this line. */
  blank(): void {
    this.blanks = true
  }

  /** Ends a cell. */
  separator(): void {
    this.line?.push("")
  }

  newline(): void {
    this.ended++
    this.lines.push(this.line ?? [])
    this.line = undefined
    this.blanks = false
  }

  /** A newline that no column crosses. */
  section(): void {
    this.newline()
    this.output += `${aligned(this.lines).join("\n")}\n`
    this.lines = []
  }

  indent(): void {
    this.level++
  }

  unindent(): void {
    this.level--
  }

  toString(): string {
    return this.output + aligned([...this.lines, this.line ?? []]).join("\n")
  }
}

const tab = "\t"

const aligned = (lines: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const columns = lines.reduce((most, cells) => Math.max(most, cells.length - 1), 0)
  const padded = lines.map((cells) => [...cells])
  for (let column = 0; column < columns; column++) {
    let run: Array<Array<string>> = []
    for (const cells of [...padded, []]) {
      if (column < cells.length - 1) {
        run.push(cells)
      } else {
        pad(run, column)
        run = []
      }
    }
  }
  return padded.map((cells) => cells.join(""))
}

const pad = (run: ReadonlyArray<Array<string>>, column: number): void => {
  const width = run.reduce((widest, cells) => Math.max(widest, length(cells[column]!)), 0) + 1
  for (const cells of run) {
    const cell = cells[column]!
    cells[column] = cell === tab ? tab : cell + " ".repeat(width - length(cell))
  }
}

/** In code points. */
const length = (cell: string): number => Array.from(cell).length

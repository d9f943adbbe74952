/**
 * The standard streams as a run has them: a full disk under the log, a reader that is gone or one that does not read
 * costs lines, and nothing else. Imported for its effect, without which Node ends the process, or lets all of it wait.
 */
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", () => {})
  // Where Node would wait for a terminal that takes nothing, as after Ctrl-S. It has no public way to say so.
  const handle: { readonly setBlocking?: (isBlocking: boolean) => void } | undefined = Reflect.get(stream, "_handle")
  if (stream.isTTY) handle?.setBlocking?.(false)
}

/** Writes a line, or loses it. The first one after others were lost has `notice` before it, which says how many. */
export type Log = (line: string, notice: (lost: number) => string) => void

interface Stream {
  /** What waits to be written. */
  readonly writableLength: number
  readonly write: (text: string, callback: (error?: Error | null) => void) => unknown
}

/** Bytes that wait for a reader, before lines are lost. */
const room = 1 << 20

export const log = (stream: Stream): Log => {
  let lost = 0
  const write = (text: string, lines: number): void => {
    stream.write(text, (error) => {
      if (error) lost += lines
    })
  }
  return (line, notice) => {
    // Once lines are lost the rest is read first: otherwise a slow reader would get every second one.
    if (stream.writableLength > (lost === 0 ? room : 0)) {
      lost += 1
      return
    }
    if (lost > 0) {
      const count = lost
      lost = 0
      // What is before it may have been cut off.
      write(`\n${notice(count)}\n`, count)
    }
    write(`${line}\n`, 1)
  }
}

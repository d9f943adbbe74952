/**
 * SIGHUP does not end a run, which it would by default, with all that is queued. Imported for its effect, before the
 * imports that take their time; what comes until somebody listens is told then.
 *
 * Other commands end by it as programs do.
 */
let listener: (() => void) | undefined
let untold = 0

export const listen = (tell: () => void): void => {
  listener = tell
  for (; untold > 0; untold -= 1) tell()
}

if (process.argv.slice(2).includes("run")) {
  process.on("SIGHUP", () => {
    if (listener === undefined) untold += 1
    else listener()
  })
}

/** Counts the turns of the event loop from now on, from 0, until it is told to stop. */
export const countTurns = (): { readonly now: () => number; readonly stop: () => void } => {
  let turn = 0
  const count = (): void => {
    turn += 1
    timer = setImmediate(count)
  }
  let timer = setImmediate(count)
  return { now: () => turn, stop: () => clearImmediate(timer) }
}

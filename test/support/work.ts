/**
 * Work for a profiler to find, in amounts: a machine that is busy with something else makes it longer, not less.
 */

/** Keeps this thread busy until it has had that many milliseconds of CPU time. Gives the microseconds that it took. */
export const burn = (cpuMillis: number): number => {
  const begin = performance.now()
  const start = process.threadCpuUsage()
  let sum = 0
  do {
    for (let n = 0; n < 20_000; n++) sum += Math.sqrt(n * sum)
  } while (process.threadCpuUsage(start).user < cpuMillis * 1000)
  return (performance.now() - begin) * 1000
}

/** About that many mebibytes, until the one who asked forgets them. */
export const hoard = (mebibytes: number): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: mebibytes * 16 }, (_, block) => Array.from({ length: 8192 }, (_, n) => n + block + 0.5))

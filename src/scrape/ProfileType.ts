/**
 * The types of profiles that a target may be asked for.
 */

export interface ProfileType {
  /** What its block is called: `process_cpu`, `godeltaprof_memory`, or the label of a custom one. */
  readonly name: string
  /** Where targets have it. */
  readonly path: string
  /** Whether a target is asked for a profile of some seconds (`?seconds=`), which it takes as long to give. */
  readonly isTimed: boolean
}

const lasting = (name: string, path: string): ProfileType => ({ name, path, isTimed: false })
const timed = (name: string, path: string): ProfileType => ({ name, path, isTimed: true })

/** What every Go program with `net/http/pprof` has, and what targets are asked for where nothing is said. */
export const standard: ReadonlyArray<ProfileType> = [
  lasting("memory", "/debug/pprof/allocs"),
  lasting("block", "/debug/pprof/block"),
  lasting("goroutine", "/debug/pprof/goroutine"),
  lasting("mutex", "/debug/pprof/mutex"),
  timed("process_cpu", "/debug/pprof/profile")
]

/** What needs a library in the target, such as github.com/felixge/fgprof or github.com/grafana/pyroscope-go/godeltaprof. */
export const optional: ReadonlyArray<ProfileType> = [
  timed("fgprof", "/debug/fgprof"),
  lasting("godeltaprof_memory", "/debug/pprof/delta_heap"),
  lasting("godeltaprof_mutex", "/debug/pprof/delta_mutex"),
  lasting("godeltaprof_block", "/debug/pprof/delta_block")
]

/** Profiles that count from the start of the process. */
const cumulative: ReadonlySet<string> = new Set(["memory", "block", "mutex"])

/**
 * Whether profiles with that `__name__` count from the start of their process, and not since they were last asked for.
 *
 * @internal
 */
export const isCumulative = (profileName: string): boolean => cumulative.has(profileName)

const ofGodeltaprof: ReadonlyMap<string, string> = new Map(
  Array.from(cumulative, (name) => [`godeltaprof_${name}`, name])
)

/**
 * What the profiles of a type are called where it is one of godeltaprof's: deltas, with the name of what they are of.
 *
 * @internal
 */
export const deltaOf = (name: string): string | undefined => ofGodeltaprof.get(name)

/** Where godeltaprof's profiles are, under whatever prefix. */
const deltaPath = /\/delta_(heap|block|mutex)$/

/** @internal */
export const isDeltaPath = (path: string): boolean => deltaPath.test(path)

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

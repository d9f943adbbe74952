/**
 * What V8 tells about the process that it runs, through `node:inspector`. Nothing listens and nobody can attach.
 *
 * Starting V8's sampler stops the main thread for tens of milliseconds, in which it makes a list of all functions there
 * are. `Profiler.start` and `Profiler.stop` would do so for each profile. What V8's console calls a profile may begin
 * while another goes on, so here the next one begins before one ends, and the sampler is started once.
 */
import { Context, Duration, Effect, Schema, type Scope } from "effect"
import { console as v8, type HeapProfiler, type Profiler, Session } from "node:inspector"

/** V8 refused a command. */
export class InspectorError extends Schema.TaggedError<InspectorError>()("InspectorError", {
  command: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.command}: ${this.detail}`
  }
}

export interface Inspector {
  /** Samples from now on what the main thread runs, once per interval. What was sampled before is lost. */
  readonly startCpu: (interval: Duration.Duration) => Effect.Effect<void, InspectorError>
  /** What was sampled since the start or the last take. The sampling goes on without a gap. */
  readonly takeCpu: Effect.Effect<Profiler.Profile, InspectorError>
  /** Samples from now on what is allocated, once per that many bytes. */
  readonly startHeap: (intervalBytes: number) => Effect.Effect<void, InspectorError>
  /** What of all that was sampled since the start is alive: V8 collects the garbage first. The sampling goes on. */
  readonly takeHeap: Effect.Effect<HeapProfiler.SamplingHeapProfile, InspectorError>
}

/** Microseconds between samples, some 35 minutes: V8 takes no more. */
const longest = 2 ** 31 - 1

/** V8 has one sampler of the heap, which ends with the session that began it: so all have it together. */
let heap: { readonly session: Session; users: number } | undefined

const connected = (): Session => {
  const session = new Session()
  session.connect()
  return session
}

const make = (session: Session): Inspector & { readonly end: () => void } => {
  const post = <A>(command: string, parameters?: object, to = session) =>
    Effect.callback<A, InspectorError>((resume) =>
      to.post(
        command,
        parameters,
        (error, answer) =>
          resume(
            error === null ? Effect.succeed(answer as A) : new InspectorError({ command, detail: error.message })
          )
      )
    )

  let hasHeap = false
  let title = ""
  let finished: Profiler.Profile | undefined
  session.on("Profiler.consoleProfileFinished", ({ params }) => {
    if (params.title === title) finished = params.profile
  })
  /** The title is for V8 to tell it from others, which another session, or the application, may have begun. */
  const begin = (): string => {
    const title = `pyroduct ${crypto.randomUUID()}`
    v8.profile(title)
    return title
  }

  return {
    startCpu: (interval) =>
      post("Profiler.disable").pipe(
        Effect.andThen(post("Profiler.enable")),
        Effect.andThen(
          post("Profiler.setSamplingInterval", { interval: Math.min(Duration.toMillis(interval) * 1000, longest) })
        ),
        Effect.andThen(Effect.sync(() => {
          title = begin()
        }))
      ),
    takeCpu: Effect.suspend(() => {
      const next = begin()
      finished = undefined
      v8.profileEnd(title) // V8 tells of the end before it returns.
      title = next
      return finished === undefined
        ? Effect.fail(new InspectorError({ command: "console.profileEnd", detail: "there is no profile" }))
        : Effect.succeed(finished)
    }),
    startHeap: (intervalBytes) =>
      Effect.suspend(() => {
        heap ??= { session: connected(), users: 0 }
        if (!hasHeap) heap.users++
        hasHeap = true
        const { session } = heap
        return Effect.andThen(
          post("HeapProfiler.enable", undefined, session),
          post("HeapProfiler.startSampling", { samplingInterval: intervalBytes }, session)
        )
      }),
    takeHeap: Effect.suspend(() =>
      Effect.map(
        post<HeapProfiler.GetSamplingProfileReturnType>("HeapProfiler.getSamplingProfile", undefined, heap?.session),
        ({ profile }) => profile
      )
    ),
    end: () => {
      // Other sessions have it as well, and would go on with it for ever.
      if (title !== "") v8.profileEnd(title)
      session.disconnect()
      if (!hasHeap || --heap!.users > 0) return
      heap!.session.disconnect()
      heap = undefined
    }
  }
}

const connect: Effect.Effect<Inspector, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => make(connected())),
  ({ end }) => Effect.sync(end)
)

/** Connects until the scope closes. */
export const Inspector = Context.Reference("pyroduct/pprof/Inspector", { defaultValue: () => connect })

/**
 * What V8 tells about the process that it runs, through `node:inspector`. Nothing listens and nobody can attach.
 */
import { Context, Duration, Effect, Schema, type Scope } from "effect"
import { type HeapProfiler, type Profiler, Session } from "node:inspector"

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
  /** Samples what the main thread runs, once per interval. */
  readonly startCpu: (interval: Duration.Duration) => Effect.Effect<void, InspectorError>
  /** What was sampled since the start, which is over with that. */
  readonly stopCpu: Effect.Effect<Profiler.Profile, InspectorError>
  /** Samples allocations, one per that many bytes. */
  readonly startHeap: (intervalBytes: number) => Effect.Effect<void, InspectorError>
  /** What was sampled and is alive: V8 collects the garbage first. The sampling goes on. */
  readonly heap: Effect.Effect<HeapProfiler.SamplingHeapProfile, InspectorError>
}

const connect: Effect.Effect<Inspector, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    const session = new Session()
    session.connect()
    return session
  }),
  (session) => Effect.sync(() => session.disconnect())
).pipe(Effect.map((session): Inspector => {
  const post = <A>(command: string, parameters?: object) =>
    Effect.callback<A, InspectorError>((resume) =>
      session.post(command, parameters, (error, answer) =>
        resume(
          error === null
            ? Effect.succeed(answer as A)
            : new InspectorError({ command, detail: error.message })
        ))
    )
  return {
    startCpu: (interval) =>
      post("Profiler.enable").pipe(
        Effect.andThen(post("Profiler.setSamplingInterval", { interval: Duration.toMillis(interval) * 1000 })),
        Effect.andThen(post("Profiler.start"))
      ),
    stopCpu: Effect.map(post<Profiler.StopReturnType>("Profiler.stop"), ({ profile }) => profile),
    startHeap: (intervalBytes) =>
      Effect.andThen(
        post("HeapProfiler.enable"),
        post("HeapProfiler.startSampling", { samplingInterval: intervalBytes })
      ),
    heap: Effect.map(
      post<HeapProfiler.GetSamplingProfileReturnType>("HeapProfiler.getSamplingProfile"),
      ({ profile }) => profile
    )
  }
}))

/** Connects until the scope closes. */
export const Inspector = Context.Reference("pyroduct/components/pyroduct/Inspector", { defaultValue: () => connect })

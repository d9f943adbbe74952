/**
 * The newest profiles, in memory or as files.
 *
 * - The bound counts what is kept: the bytes of a profile (of a file, if it is one) and what has to be remembered about
 *   it. The oldest go first, their files with them; files of earlier runs count, go before all others and are not listed.
 * - One profile is stored at a time, so that they are listed in the order in which they came.
 * - If a file cannot be written the profile is kept in memory instead: it can be looked at all the same, and health says
 *   that the files are not complete.
 * - Storing is cheap: a profile is summed up when it is listed for the first time.
 */
import { DateTime, Effect, type PlatformError, Semaphore } from "effect"
import * as Pprof from "../../../pprof/Pprof.ts"
import * as Labels from "../../../profile/Labels.ts"
import type { Profile } from "../../../profile/Profile.ts"
import * as Outages from "../../../telemetry/Outages.ts"
import * as Content from "./Content.ts"
import type * as Directory from "./Directory.ts"
import * as Newest from "./Newest.ts"

export interface Settings {
  readonly maxBytes: number
  /** Of a profile when it is decompressed to be summed up. */
  readonly maxProfileBytes: number
  /** In memory if there is none. */
  readonly directory: Directory.Directory | undefined
}

/** A profile as the listing shows it: without sample types if it is no pprof, with an error if it is a broken one. */
export interface Listed {
  /** Ids sort by time, and begin the names of files. */
  readonly id: string
  readonly received_at: string
  readonly labels: Readonly<Record<string, string>>
  /** As received. */
  readonly bytes: number
  readonly sample_types: ReadonlyArray<Pprof.SampleType>
  readonly samples: number
  readonly top: Pprof.Summary["top"]
  readonly error?: string
}

export interface Store {
  readonly keep: (profile: Profile) => Effect.Effect<void>
  /** Newest first. */
  readonly profiles: Effect.Effect<ReadonlyArray<Listed>>
}

type Insight = Pick<Listed, "sample_types" | "samples" | "top" | "error">

/** A profile, wherever its bytes are. */
interface Entry {
  readonly place: Directory.File
  /** Of a file of an earlier run there is none. */
  readonly listed?: Effect.Effect<Listed>
}

/** Bytes that an entry takes besides the profile and the labels, more or less: what the listing shows of it. */
const overhead = 1024

const top = 10

export const make = Effect.fnUntraced(function*({ directory, maxBytes, maxProfileBytes }: Settings) {
  const outages = yield* Outages.make
  const newest = Newest.make<Entry>(maxBytes)
  const turn = Semaphore.makeUnsafe(1)
  let count = 0

  const outage = "profiles are kept in memory instead of files"
  const failed = ({ message }: PlatformError.PlatformError) => outages.begin(outage, message)

  const add = (entry: Entry, bytes: number): Effect.Effect<void> =>
    Effect.forEach(newest.add(entry, bytes), ({ place }) => Effect.catch(place.remove, failed), { discard: true })

  const put = (directory: Directory.Directory, name: string, bytes: Uint8Array): Effect.Effect<Directory.File> =>
    directory.write(name, bytes).pipe(
      Effect.tap(() => outages.end(outage)),
      Effect.catch((error) => Effect.as(failed(error), inMemory(bytes)))
    )

  const insightOf = (content: Content.Content, place: Directory.File): Effect.Effect<Insight> => {
    if (content._tag === "Other") {
      return Effect.succeed(content.problem === undefined ? nothing : { ...nothing, error: content.problem })
    }
    return place.read.pipe(
      Effect.flatMap((bytes) => Pprof.summarize(bytes, { top, maxBytes: maxProfileBytes })),
      Effect.map(({ sampleTypes, samples, top }): Insight => ({ sample_types: sampleTypes, samples, top })),
      Effect.catch((error) => Effect.succeed({ ...nothing, error: error.message }))
    )
  }

  const keep = Effect.fnUntraced(
    function*(labels: Labels.Labels, content: Content.Content) {
      const received = DateTime.formatIso(yield* DateTime.now)
      const id = `${received.replace(/[-:]/g, "")}-${String(++count).padStart(6, "0")}`
      const place = directory === undefined
        ? inMemory(content.bytes)
        : yield* put(directory, fileName(id, labels, content), content.bytes)
      const insight = yield* Effect.cached(insightOf(content, place))
      const about = { id, received_at: received, labels: Object.fromEntries(labels), bytes: content.bytes.byteLength }
      const listed = Effect.map(insight, (insight): Listed => ({ ...about, ...insight }))
      yield* add({ place, listed }, place.size + JSON.stringify(about.labels).length + overhead)
    },
    Effect.uninterruptible,
    turn.withPermit
  )

  for (const file of directory?.earlier ?? []) yield* add({ place: file }, file.size)

  const store: Store = {
    keep: Effect.fnUntraced(function*(profile) {
      if (profile._tag === "Ingest") return yield* keep(profile.labels, yield* Content.ofIngest(profile))
      for (const sample of profile.samples) yield* keep(profile.labels, Content.pprof(sample.profile))
    }),
    profiles: Effect.suspend(() =>
      Effect.forEach(newest.items().flatMap(({ listed }) => listed ?? []).reverse(), (listed) => listed)
    )
  }
  return store
})

const nothing: Insight = { sample_types: [], samples: 0, top: [] }

/** A copy, for the bytes are a view of the request that they came in, which would be kept whole. */
const inMemory = (bytes: Uint8Array): Directory.File => {
  const own = new Uint8Array(bytes)
  return { size: own.byteLength, read: Effect.succeed(own), remove: Effect.void }
}

const fileName = (id: string, labels: Labels.Labels, content: Content.Content): string => {
  const name = Labels.get(labels, "__name__").replace(/[^\w.-]/g, "_").slice(0, 100)
  return `${id}-${name}.${content._tag === "Pprof" ? "pb" : "ingest"}.gz`
}

/**
 * The newest profiles, in memory or as files.
 *
 * - The bound counts what is kept: the bytes of a profile (of a file, if it is one) and what has to be remembered about
 *   it, of which there is little, whatever was sent. The oldest go first, their files with them; files of earlier runs
 *   count, go before all others and are not listed.
 * - One profile is stored at a time, so that they are listed in the order in which they came.
 * - If a file cannot be written the profile is kept in memory instead: it can be looked at all the same, and health says
 *   that the files are not complete.
 * - Storing is cheap: a profile is summed up when it is listed for the first time, one at a time.
 */
import { DateTime, Effect, type PlatformError, Semaphore } from "effect"
import * as Pprof from "../../../pprof/Pprof.ts"
import * as Labels from "../../../profile/Labels.ts"
import type { Profile } from "../../../profile/Profile.ts"
import * as FileError from "../../../storage/FileError.ts"
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
  /** How many there are. */
  readonly count: Effect.Effect<number>
  /** The newest hundred of them, newest first. */
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
export const overhead = 4096

const top = 10

const listedAtMost = 100

/** What a profile has when it is summed up, uncompressed. */
const inspectedBytes = 64 * 1024 * 1024

export const make = Effect.fnUntraced(function*({ directory, maxBytes, maxProfileBytes }: Settings) {
  const outages = yield* Outages.make
  const newest = Newest.make<Entry>(maxBytes)
  const turn = Semaphore.makeUnsafe(1)
  const inspection = Semaphore.makeUnsafe(1)
  const maxBytesInspected = Math.min(maxProfileBytes, inspectedBytes)
  let count = 0

  const outage = "profiles are kept in memory instead of files"
  const failed = (error: PlatformError.PlatformError) => outages.begin(outage, FileError.reasonOf(error))

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
      Effect.flatMap((bytes) => Pprof.summarize(bytes, { top, maxBytes: maxBytesInspected })),
      Effect.map(({ sampleTypes, samples, top }): Insight => ({ sample_types: sampleTypes, samples, top })),
      Effect.catch((error) =>
        Effect.succeed({
          ...nothing,
          error: error._tag === "PlatformError" ? FileError.reasonOf(error) : error.message
        })
      ),
      inspection.withPermit
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
      const about = { id, received_at: received, labels: shown(labels), bytes: content.bytes.byteLength }
      const listed = Effect.map(insight, (insight): Listed => ({ ...about, ...insight }))
      yield* add({ place, listed }, place.size + JSON.stringify(about.labels).length + overhead)
    },
    Effect.uninterruptible,
    turn.withPermit
  )

  for (const file of directory?.earlier ?? []) yield* add({ place: file }, file.size + overhead)

  const listed = () => newest.items().flatMap(({ listed }) => listed ?? [])

  const store: Store = {
    keep: Effect.fnUntraced(function*(profile) {
      if (profile._tag === "Ingest") return yield* keep(profile.labels, yield* Content.ofIngest(profile))
      for (const sample of profile.samples) yield* keep(profile.labels, Content.pprof(sample.profile))
    }),
    count: Effect.sync(() => listed().length),
    profiles: Effect.suspend(() => Effect.forEach(listed().slice(-listedAtMost).reverse(), (listed) => listed))
  }
  return store
})

/** Servers take 30 labels, names of 1024 and values of 2048 bytes; what is beyond that is not shown. */
const shownLabels = 64
const shownText = 2048

/** Copies, for texts may be parts of larger ones, which would be kept. */
const shown = (labels: Labels.Labels): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from(labels).slice(0, shownLabels).map((pair) =>
      pair.map((text) => Buffer.from(text.slice(0, shownText)).toString())
    )
  )

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

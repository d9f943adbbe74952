/**
 * The delta of two heap profiles as Go writes them, beside the same with `pprof-format`, and beside fastdelta, that of
 * Datadog's profiler for Go, where Go and that module are to be had.
 *
 *     npm run bench:delta   # or with: -- --samples 11000 --deltas 40 --rounds 3
 *
 * Each has a process of its own, in turns, and its time is that of the CPU, with all that is compiled and collected
 * meanwhile. Memory is what one delta allocates: V8's heap and array buffers after it less those before it, with a
 * young generation so large that nothing is collected in between.
 */
import { Result } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { parseArgs } from "node:util"
import { Function, Location, Profile, Sample } from "pprof-format"
import * as Delta from "../src/pprof/Delta.ts"
import { random } from "../test/support/pprof.ts"
import * as ProfileModel from "../test/support/profileModel.ts"

const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "11000" },
    deltas: { type: "string", default: "40" },
    rounds: { type: "string", default: "3" },
    run: { type: "string" },
    folder: { type: "string", default: "" }
  }
})
const deltas = Number(values.deltas)

// ---- The profiles ----

const types = [["alloc_objects", "count"], ["alloc_space", "bytes"], ["inuse_objects", "count"], [
  "inuse_space",
  "bytes"
]] as const

/** In the proportions of a heap profile of a server in Go. In the second one twentieth of the stacks has allocated. */
const pair = (count: number): ReadonlyArray<Uint8Array> => {
  const below = random(7)
  const lines = Array.from({ length: Math.ceil(count * 0.45) }, (_, index): ProfileModel.Line => ({
    name: `github.com/example/service/internal/package${index % 200}.(*Type${index % 900}).Method${index}`,
    file: `/src/github.com/example/service/internal/package${index % 200}/file${index % 600}.go`
  }))
  const frames = Array.from({ length: Math.ceil(count * 0.65) }, (_, index): ProfileModel.Frame => ({
    address: 0x400000n + BigInt(index) * 61n,
    lines: Array.from({ length: below(6) === 0 ? 2 : 1 }, () => ({
      ...lines[below(lines.length)]!,
      line: BigInt(1 + below(2000))
    }))
  }))
  const stacks = Array.from(
    { length: count },
    () => Array.from({ length: 4 + below(17) }, () => frames[below(frames.length)]!)
  )
  const sizes = stacks.map(() => BigInt(16 << below(10)))
  const counts = stacks.map(() => BigInt(1 + below(100_000)))
  const model = (timeNanos: bigint, indexes: ReadonlyArray<number>): ProfileModel.Model => ({
    types,
    timeNanos,
    period: 524288n,
    samples: indexes.map((index) => {
      const inuse = below(10) === 0 ? 1n + BigInt(below(50)) : 0n
      return {
        frames: stacks[index]!,
        labels: [{ key: "bytes", num: sizes[index]! }],
        values: [counts[index]!, counts[index]! * sizes[index]!, inuse, inuse * sizes[index]!]
      }
    })
  })
  const all = stacks.map((_, index) => index)
  const before = ProfileModel.encode(model(1_700_000_000_000_000_000n, all.slice(0, -Math.ceil(count / 100))))
  for (const index of all) if (below(20) === 0) counts[index]! += BigInt(1 + below(1000))
  // Ids go by the order of first use, which is another one now.
  return [before, ProfileModel.encode(model(1_700_000_015_000_000_000n, all.toReversed()))]
}

// ---- With pprof-format ----

/** Sums by what a stack and its labels are. */
type State = Map<string, ReadonlyArray<bigint>>

const read = (bytes: Uint8Array) => {
  const profile = Profile.decode(bytes)
  const { strings } = profile.stringTable
  const addresses = new Map(profile.location.map(({ address, id }) => [id, address]))
  const stacks: State = new Map()
  const firsts = new Map<string, Sample>()
  for (const sample of profile.sample) {
    const labels = sample.label.map(({ key, num, numUnit, str }) =>
      `${strings[Number(key)]} ${strings[Number(str)]} ${num} ${strings[Number(numUnit)]}`
    )
    const key = `${sample.locationId.map((id) => addresses.get(id)).join(" ")}|${labels.sort().join("|")}`
    const sum = stacks.get(key)
    stacks.set(key, sample.value.map((value, column) => BigInt(value) + (sum?.[column] ?? 0n)))
    if (sum === undefined) firsts.set(key, sample)
  }
  return { profile, stacks, firsts }
}

const subtract = (
  old: State,
  bytes: Uint8Array,
  oldTime: bigint
): { readonly state: State; readonly profile: Uint8Array } => {
  const { firsts, profile, stacks } = read(bytes)
  const locations = new Set<number | bigint>()
  const samples: Array<Sample> = []
  for (const [key, values] of stacks) {
    const before = old.get(key)
    const value = values.map((value, column) => column < 2 ? value - (before?.[column] ?? 0n) : value)
    if (value.every((value) => value === 0n)) continue
    const sample = new Sample({ ...firsts.get(key)!, value })
    samples.push(sample)
    for (const id of sample.locationId) locations.add(id)
  }
  profile.sample = samples
  profile.location = profile.location.filter(({ id }) => locations.has(id)).map((location) => new Location(location))
  const functions = new Set(profile.location.flatMap(({ line }) => line.map(({ functionId }) => functionId)))
  profile.function = profile.function.filter(({ id }) => functions.has(id)).map((fn) => new Function(fn))
  profile.durationNanos = BigInt(profile.timeNanos) - oldTime
  return { state: stacks, profile: profile.encode() }
}

// ---- One of them, in a process of its own ----

interface Figures {
  readonly milliseconds: number
  readonly allocated?: number
  /** What is held from one profile to the next. */
  readonly held?: number
}

/** What `prepare` makes is to do one delta each time that it is called. */
const measured = async (
  folder: string,
  prepare: (before: Uint8Array) => (after: Uint8Array) => unknown
): Promise<Figures> => {
  // Array buffers are given back some time after they were collected.
  const used = async (): Promise<number> => {
    gc!()
    await setTimeout(100)
    return inUse()
  }
  const [before, after] = ["before.pb", "after.pb"].map((name) => new Uint8Array(readFileSync(join(folder, name))))
  const idle = await used()
  const delta = prepare(before!)
  const held = await used() - idle
  for (let warm = 0; warm < deltas; warm++) delta(after!)
  const { user } = process.cpuUsage()
  for (let count = 0; count < deltas; count++) delta(after!)
  const milliseconds = (process.cpuUsage().user - user) / 1000 / deltas
  const start = await used()
  const result = delta(after!)
  return { milliseconds, allocated: result === undefined ? 0 : inUse() - start, held }
}

const inUse = (): number => {
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

const runs: Readonly<Record<string, (folder: string) => Promise<Figures>>> = {
  pyroduct: (folder) =>
    measured(folder, (before) => {
      const first = Result.getOrThrow(Delta.step(undefined, before))
      if (first._tag !== "First") throw new Error(first._tag)
      return (after) => Result.getOrThrow(Delta.step(first.baseline, after))
    }),
  "pprof-format": (folder) =>
    measured(folder, (before) => {
      const { profile, stacks } = read(before)
      const time = BigInt(profile.timeNanos)
      return (after) => subtract(stacks, after, time)
    })
}

const median = (all: ReadonlyArray<number>): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!

// ---- In Go ----

/** It takes the module's own internal package, which Go allows to what is called as if it were below that module. */
const goModule = "github.com/DataDog/dd-trace-go/v2"

const goProgram = `package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"${goModule}/profiler/internal/fastdelta"
	"${goModule}/profiler/internal/pprofutils"
)

func main() {
	before, _ := os.ReadFile("before.pb")
	after, _ := os.ReadFile("after.pb")
	computer := fastdelta.NewDeltaComputer(
		pprofutils.ValueType{Type: "alloc_objects", Unit: "count"},
		pprofutils.ValueType{Type: "alloc_space", Unit: "bytes"},
	)
	var milliseconds float64
	var allocated uint64
	for i := 0; i < 2*${deltas}; i++ {
		var out bytes.Buffer
		if err := computer.Delta(before, &out); err != nil {
			panic(err)
		}
		out = bytes.Buffer{}
		var m1, m2 runtime.MemStats
		runtime.ReadMemStats(&m1)
		start := used()
		if err := computer.Delta(after, &out); err != nil {
			panic(err)
		}
		if i >= ${deltas} {
			milliseconds += used() - start
		}
		runtime.ReadMemStats(&m2)
		allocated = m2.TotalAlloc - m1.TotalAlloc
	}
	fmt.Printf("{\\"milliseconds\\": %f, \\"allocated\\": %d}", milliseconds/${deltas}, allocated)
}

func used() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()) / 1e6
}
`

/** The program, if it can be built here. */
const build = (folder: string): string | undefined => {
  const program = join(folder, "fastdelta")
  const options = {
    cwd: folder,
    env: { ...process.env, GOFLAGS: "-mod=mod" },
    stdio: "pipe",
    timeout: 300_000
  } as const
  writeFileSync(join(folder, "go.mod"), `module ${goModule}/profiler/bench\n\ngo 1.23\n`)
  writeFileSync(join(folder, "main.go"), goProgram)
  try {
    execFileSync("go", ["get", `${goModule}@v2.12.0`], options)
    execFileSync("go", ["build", "-o", program, "."], options)
    return program
  } catch (cause) {
    console.log(`without Go: ${cause instanceof Error ? cause.message.split("\n")[0] : cause}`)
    return undefined
  }
}

// ---- All of them ----

const compare = (folder: string): void => {
  const [before, after] = pair(Number(values.samples))
  writeFileSync(join(folder, "before.pb"), before!)
  writeFileSync(join(folder, "after.pb"), after!)
  console.log(`two heap profiles of ${values.samples} stacks, ${before!.length} and ${after!.length} bytes`)
  const program = build(folder)
  const node = (name: string): string =>
    execFileSync(process.execPath, [
      "--expose-gc",
      "--max-semi-space-size=1024",
      "--min-semi-space-size=1024",
      import.meta.filename,
      "--run",
      name,
      "--folder",
      folder,
      "--deltas",
      String(deltas)
    ], { encoding: "utf8" })
  const programs: Record<string, () => string> = {
    pyroduct: () => node("pyroduct"),
    "pprof-format": () => node("pprof-format"),
    ...(program === undefined
      ? {}
      : { "fastdelta (Go)": () => execFileSync(program, { cwd: folder, encoding: "utf8" }) })
  }
  const figures = Object.fromEntries(Object.keys(programs).map((name) => [name, [] as Array<Figures>]))
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, run] of Object.entries(programs)) figures[name]!.push(JSON.parse(run()) as Figures)
  }
  const own = figures.pyroduct!
  for (const [name, all] of Object.entries(figures)) {
    const of = (figure: keyof Figures) => median(all.map((figures) => figures[figure] ?? Number.NaN))
    const ratio = (figure: keyof Figures) =>
      median(all.map((figures, round) => (figures[figure] ?? Number.NaN) / own[round]![figure]!)).toFixed(2)
    console.log(
      `${name.padEnd(15)} ${of("milliseconds").toFixed(2).padStart(8)} ms (${ratio("milliseconds")} times) ` +
        `${(of("allocated") / 2 ** 20).toFixed(2).padStart(8)} MiB allocated (${ratio("allocated")} times) ` +
        (Number.isNaN(of("held")) ? "" : `${(of("held") / 2 ** 20).toFixed(2).padStart(6)} MiB held`)
    )
  }
}

if (values.run === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "pyroduct-delta-"))
  try {
    compare(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
} else {
  console.log(JSON.stringify(await runs[values.run]!(values.folder)))
}

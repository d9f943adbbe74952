/**
 * Whether the targets of a scrape have the profiles that it would ask for, but for those that take time.
 */
import { Duration, Effect } from "effect"
import * as Fetch from "../../scrape/Fetch.ts"
import type { Scraper } from "../../scrape/Loop.ts"
import * as OwnProfiles from "../../scrape/OwnProfiles.ts"
import type { Kind, ScrapeError } from "../../scrape/ScrapeError.ts"
import type { Problem, Target } from "../../scrape/Target.ts"
import * as TargetText from "../../scrape/TargetText.ts"
import type { Step, Trial, Verdict } from "./Trial.ts"

/** What a block would scrape. */
export interface Scraping {
  readonly targets: ReadonlyArray<Target>
  readonly problems: ReadonlyArray<Problem>
  readonly scraper: Scraper
}

/** One for each process, and for each that is left out. With `atMost` for an answer, if that is less. */
export const of = (
  id: string,
  { problems, scraper, targets }: Scraping,
  atMost: Duration.Duration | undefined
): ReadonlyArray<Trial> => {
  const timeout = atMost === undefined ? scraper.settings.timeout : Duration.min(scraper.settings.timeout, atMost)
  const settings = { ...scraper.settings, timeout }
  const quick = new Map<string, Array<Target>>()
  for (const target of targets) {
    // Its own server, which is not there.
    if (OwnProfiles.isOwn(target.origin)) continue
    const origin = TargetText.origin(target)
    const others = quick.get(origin) ?? []
    if (target.seconds === undefined) others.push(target)
    quick.set(origin, others)
  }
  return [
    ...problems.map(({ address, error, index }): Trial => ({
      id,
      what: address === "" ? `target ${index}` : address,
      how: "the target",
      run: Effect.succeed({ _tag: "Bad", step: "the settings", reason: error.message, remedy: "correct the target" })
    })),
    ...Array.from(quick, ([what, targets]): Trial => ({
      id,
      what,
      how: "profiles that take no time",
      run: Effect.forEach(targets, (target) => Effect.mapError(Fetch.profile(target, scraper, settings), badOf(target)))
        .pipe(Effect.match({ onFailure: (bad) => bad, onSuccess: () => good }))
    }))
  ]
}

const good: Verdict = { _tag: "Good", text: "it has its profiles; those that take time were not tried" }

const badOf = (target: Target) => ({ kind, message }: ScrapeError): Verdict => ({
  _tag: "Bad",
  step: steps[kind] ?? "the answer",
  reason: `${TargetText.url(target)}: ${message}`,
  remedy: remedies[kind] ?? "correct the address: what answers is no profiler"
})

const steps: Partial<Record<Kind, Step>> = {
  unreachable: "the connection",
  tls: "the TLS handshake",
  proxy: "the proxy",
  credentials: "the credentials"
}

const remedies: Partial<Record<Kind, string>> = {
  unreachable: "start the target, correct its address",
  tls: "correct tls_config, or scheme",
  timeout: "find what is slow; raise scrape_timeout",
  proxy: "have the proxy allow the target; go past it with no_proxy",
  credentials: "write the file, bring the token endpoint back",
  redirect: "write the address where the target is",
  not_found: "disable the block of the profile that the target has not",
  status: "read the answer; 401 and 403 ask for credentials",
  too_large: "raise body_size_limit"
}

/**
 * One thing that a configuration needs and that can only be found out by trying.
 */
import type { Effect } from "effect"

export interface Trial<R = never> {
  /** Of the block, or what is given by a flag. */
  readonly id: string
  /** What is tried: a URL without credentials, an address. */
  readonly what: string
  /** How it is tried: a phrase that "failed" may follow. */
  readonly how: string
  readonly run: Effect.Effect<Verdict, never, R>
}

export type Verdict = Good | Bad

export interface Good {
  readonly _tag: "Good"
  readonly text: string
}

export interface Bad {
  readonly _tag: "Bad"
  /** How far it got. */
  readonly step: Step
  /** Without secrets. */
  readonly reason: string
  /** What to do about it. */
  readonly remedy: string
}

export type Step =
  | "the settings"
  | "the credential file"
  | "the token endpoint"
  | "the name"
  | "the connection"
  | "the proxy"
  | "the TLS handshake"
  | "the credentials"
  | "the answer"
  | "the port"

export const render = ({ how, id, what }: Omit<Trial, "run">, verdict: Verdict): string => {
  if (verdict._tag === "Good") return `ok      ${id}  ${what}: ${verdict.text}`
  return [
    `failed  ${id}  ${what}`,
    `        ${how}, failed at ${verdict.step}: ${oneLine(verdict.reason)}`,
    `        what to do: ${verdict.remedy}`
  ].join("\n")
}

/** A server's answer may have several. */
const oneLine = (text: string): string => text.trim().replace(/\s+/g, " ")

/**
 * What rules have made of the labels that came last: most profiles come again and again with the same ones.
 *
 * It is bounded in sets of labels and in what they take, for a sender may send as many of them as it likes, and large
 * ones.
 */
import * as Labels from "../Labels.ts"
import * as Relabel from "../Relabel.ts"

/** What one set may take, in characters: as many as hardly one does. */
const perSet = 2048

/** What a label takes besides its own: far more than those, where names and values are short. */
const perLabel = 32

export interface Entry {
  readonly original: Labels.Labels
  readonly characters: number
  /** Nothing where the rules drop what has these labels, or leave none of them. */
  readonly labels: Labels.Labels | undefined
  /** Whether it has been there when its labels came again: for whoever counts that. */
  isKnown: boolean
}

export class Cache {
  private readonly rules: ReadonlyArray<Relabel.Rule>
  private readonly maxSize: number
  /** By a hash of the labels: of those with one hash the last has the place. The last in use is the last. */
  private readonly entries = new Map<number, Entry>()
  private characters = 0

  constructor(rules: ReadonlyArray<Relabel.Rule>, maxSize: number) {
    this.rules = rules
    this.maxSize = maxSize
  }

  get size(): number {
    return this.entries.size
  }

  of(labels: Labels.Labels): Entry {
    const key = hash(labels)
    const known = this.entries.get(key)
    if (known !== undefined) this.remove(key, known)
    const entry = known !== undefined && Labels.equals(known.original, labels) ? known : this.relabel(labels)
    this.entries.set(key, entry)
    this.characters += entry.characters
    if (this.isFull) this.makeRoom()
    return entry
  }

  private get isFull(): boolean {
    return this.entries.size > this.maxSize || this.characters > this.maxSize * perSet
  }

  private makeRoom(): void {
    for (const [key, entry] of this.entries) {
      if (!this.isFull) return
      this.remove(key, entry)
    }
  }

  private remove(key: number, entry: Entry): void {
    this.entries.delete(key)
    this.characters -= entry.characters
  }

  private relabel(original: Labels.Labels): Entry {
    const labels = Relabel.apply(this.rules, original)
    return {
      original,
      characters: charactersOf(original) + (labels === original || labels === undefined ? 0 : charactersOf(labels)),
      labels: labels?.size === 0 ? undefined : labels,
      isKnown: false
    }
  }
}

const charactersOf = (labels: Labels.Labels): number => {
  let characters = labels.size * perLabel
  for (const [name, value] of labels) characters += name.length + value.length
  return characters
}

/** FNV-1a of their characters, in as many bits as V8 takes for a small integer. */
const hash = (labels: Labels.Labels): number => {
  let hash = 0x811c9dc5
  const add = (text: string): void => {
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    hash = Math.imul(hash ^ 0xff, 0x01000193)
  }
  for (const [name, value] of labels) {
    add(name)
    add(value)
  }
  return hash >> 2
}

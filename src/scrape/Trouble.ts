/**
 * When something is to be said of a target that fails: once when it begins and once when it is over. One that fails again
 * soon is said to fail on and off, and then nothing more until it has kept to one of the two.
 *
 * What is soon is counted in scrapes, so that it suits every interval.
 */

export interface Trouble {
  readonly isDown: boolean
  readonly isUnsteady: boolean
  /** Scrapes since it went down or came back, the one included by which it did. */
  readonly scrapes: number
}

/** `flapping` is failing on and off. */
type News = "began" | "flapping" | "ended"

/** After so many scrapes in a row that ended alike it is steady. */
export const steady = 10

/** What is known after one more scrape, and what is new in it. `undefined` is no trouble at all. */
export const next = (
  trouble: Trouble | undefined,
  hasFailed: boolean
): readonly [trouble: Trouble | undefined, news: News | undefined] => {
  if (trouble === undefined) {
    return hasFailed
      ? [{ isDown: true, isUnsteady: false, scrapes: 1 }, "began"]
      : [trouble, undefined]
  }
  const { isDown, isUnsteady, scrapes } = trouble
  if (hasFailed !== isDown) {
    if (isUnsteady) return [{ isDown: hasFailed, isUnsteady, scrapes: 1 }, undefined]
    // Only what has not been forgotten can fail again.
    return [{ isDown: hasFailed, isUnsteady: hasFailed, scrapes: 1 }, hasFailed ? "flapping" : "ended"]
  }
  const isSteady = scrapes + 1 >= steady
  const news = isSteady && isUnsteady ? isDown ? "began" : "ended" : undefined
  return [isSteady && !isDown ? undefined : { isDown, isUnsteady: isUnsteady && !isSteady, scrapes: scrapes + 1 }, news]
}

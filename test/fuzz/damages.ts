import { Arbitrary } from "effect"
import { int } from "../wire/arbitraries.ts"

/** What is done to some bytes at a place: one is replaced, put in or taken out, or some are repeated or cut away. */
const damage = Arbitrary.all([int(0, 4), int(0, 1_000_000), int(0, 255)])

export const damages = Arbitrary.array(damage, { maxLength: 4 })

export const damaged = (bytes: Uint8Array, damages: ReadonlyArray<readonly [number, number, number]>): Uint8Array =>
  damages.reduce((bytes, [kind, place, value]) => {
    const at = place % (bytes.length + 1)
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
    switch (kind) {
      case 0:
        return Buffer.concat([head, Uint8Array.of(value), tail.subarray(1)])
      case 1:
        return Buffer.concat([head, Uint8Array.of(value), tail])
      case 2:
        return Buffer.concat([head, tail.subarray(1)])
      case 3:
        return Buffer.concat([head, bytes.subarray(at, at + value), tail])
      default:
        return Buffer.concat([head, tail.subarray(value)])
    }
  }, bytes)

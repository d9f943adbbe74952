/**
 * Materials that are shared: whoever needs the same of the same files has the same, so that a thousand clients with one
 * token look at its file once.
 */
import { Context, Effect, Equal, type FileSystem, Hash, Layer, RcMap, type Scope } from "effect"
import type { Material } from "./Material.ts"
import * as Problems from "./Problems.ts"

type Make<A> = Effect.Effect<Material<A>, never, FileSystem.FileSystem | Problems.Problems | Scope.Scope>

export interface Materials {
  readonly get: <A>(what: unknown, make: Make<A>) => Make<A>
}

/** Where nothing is shared, each is made for itself. */
const Materials = Context.Reference<Materials>("pyroduct/transport/Materials", {
  defaultValue: () => ({ get: (_, make) => make })
})

/**
 * The material that `make` makes, or has made of equal plain data before: `what` says which files it is of, and what is
 * made of them. Its problems are told by all who have it.
 */
export const shared = <A>(what: unknown, make: Make<A>): Make<A> =>
  Effect.flatMap(Materials, (materials) => materials.get(what, make))

/** What one is known by. */
class Wanted implements Equal.Equal {
  readonly what: unknown
  readonly make: Make<unknown>

  constructor(what: unknown, make: Make<unknown>) {
    this.what = what
    this.make = make
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Wanted && Equal.equals(this.what, that.what)
  }
  [Hash.symbol](): number {
    return Hash.hash(this.what)
  }
}

/** Each is for as long as anyone has it. */
export const layer: Layer.Layer<never, never, FileSystem.FileSystem> = Layer.effect(
  Materials,
  Effect.gen(function*() {
    const materials = yield* RcMap.make({
      lookup: Effect.fnUntraced(function*({ make }: Wanted) {
        const problems = yield* Problems.make
        return { problems, material: yield* Effect.provideService(make, Problems.Problems, problems) }
      })
    })
    return {
      get: Effect.fnUntraced(function*<A>(what: unknown, make: Make<A>) {
        const { material, problems } = yield* RcMap.get(materials, new Wanted(what, make))
        yield* Problems.tell(problems)
        return material as Material<A>
      })
    }
  })
)

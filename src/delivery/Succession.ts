/**
 * Which queue goes on with which endpoint when there are other endpoints than before.
 *
 * An endpoint is known by its name, else by its URL. Where that leaves a choice, as with several tenants at one URL, the
 * one that is most alike goes on, and of equally alike ones the first, so that an endpoint put before another takes
 * nothing that is not its own.
 */
import { Equal } from "effect"
import * as Authentication from "../transport/Authentication.ts"
import type { Settings } from "./Endpoint.ts"

/** The key of the queue that each endpoint goes on with, of those by their endpoints so far; `undefined` for a new one. */
export const match = <Key>(
  endpoints: ReadonlyArray<Settings>,
  known: ReadonlyMap<Key, Settings>
): ReadonlyArray<Key | undefined> => {
  const free = new Map(known)
  const keys = endpoints.map((): Key | undefined => undefined)
  for (const isAlike of likenesses) {
    endpoints.forEach((endpoint, index) => {
      if (keys[index] !== undefined) return
      for (const [key, before] of free) {
        if (!isAlike(endpoint, before)) continue
        keys[index] = key
        free.delete(key)
        return
      }
    })
  }
  return keys
}

type IsAlike = (one: Settings, other: Settings) => boolean

const hasSameName: IsAlike = (one, other) => one.name === other.name
const hasSameUrl: IsAlike = ({ url: one }, { url: other }) =>
  one.origin === other.origin && one.pathname === other.pathname

/** What tells a server whose profiles they are, besides secrets that may have been renewed. */
const identityOf = ({ transport, url }: Settings): unknown => {
  const { authentication, headers } = transport
  const credentials = Authentication.fromUrl(url) ?? authentication
  switch (credentials?._tag) {
    case "Basic":
      return [headers, credentials.username]
    case "OAuth2":
      return [headers, credentials.clientId]
    default:
      return [headers]
  }
}

/** From the greatest to the least. A name that was only given, or taken away, makes no other endpoint of a URL. */
const likenesses: ReadonlyArray<IsAlike> = [
  Equal.equals,
  (one, other) => hasSameName(one, other) && hasSameUrl(one, other) && Equal.equals(identityOf(one), identityOf(other)),
  (one, other) => hasSameName(one, other) && hasSameUrl(one, other),
  (one, other) => hasSameName(one, other) && one.name !== "",
  (one, other) => hasSameUrl(one, other) && (one.name === "" || other.name === "")
]

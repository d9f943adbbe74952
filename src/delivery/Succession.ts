/**
 * Which queue goes on with which endpoint when there are other endpoints than before.
 *
 * An endpoint is known by its name, else by its URL. Where several without a name have one URL, as tenants do, it is known
 * by its headers and its user as well, so that nobody's profiles go to another. Of those that are left the one that is most
 * alike goes on, and of equally alike ones the first, so that an endpoint put before another takes nothing that is not its
 * own.
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
  const all = [endpoints, [...known.values()]]
  const isAmbiguous = (endpoint: Settings): boolean =>
    all.some((some) => some.filter((other) => other.name === "" && hasSameUrl(endpoint, other)).length > 1)
  const keys = endpoints.map((): Key | undefined => undefined)
  for (const isAlike of likenesses) {
    endpoints.forEach((endpoint, index) => {
      if (keys[index] !== undefined) return
      for (const [key, before] of free) {
        if (!isAlike(endpoint, before, isAmbiguous(endpoint))) continue
        keys[index] = key
        free.delete(key)
        return
      }
    })
  }
  return keys
}

type IsAlike = (one: Settings, other: Settings, isAmbiguous: boolean) => boolean

const hasSameName = (one: Settings, other: Settings): boolean => one.name === other.name
const hasSameUrl = ({ url: one }: Settings, { url: other }: Settings): boolean =>
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

const hasSameIdentity = (one: Settings, other: Settings): boolean => Equal.equals(identityOf(one), identityOf(other))

/** From the greatest to the least. A name that was only given, or taken away, makes no other endpoint of a URL. */
const likenesses: ReadonlyArray<IsAlike> = [
  Equal.equals,
  (one, other) => hasSameName(one, other) && hasSameUrl(one, other) && hasSameIdentity(one, other),
  (one, other, isAmbiguous) => hasSameName(one, other) && hasSameUrl(one, other) && (one.name !== "" || !isAmbiguous),
  (one, other) => hasSameName(one, other) && one.name !== "",
  (one, other, isAmbiguous) =>
    hasSameUrl(one, other) && (one.name === "" || other.name === "") &&
    (!isAmbiguous || hasSameIdentity(one, other))
]

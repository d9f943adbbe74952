/**
 * Where a machine looks for the addresses of hosts: `/etc/nsswitch.conf` (nsswitch.conf(5)).
 */

/** Such as `files`, `dns`, `mdns4_minimal`; in containers there often is no such file, and then it is these two. */
export const hosts = (text: string): ReadonlyArray<string> => {
  const [, sources = "files dns"] = /^[ \t]*hosts:([^#\n]*)/m.exec(text) ?? []
  return sources.replace(/\[[^\]]*\]/g, " ").split(/\s+/).filter((source) => source !== "")
}

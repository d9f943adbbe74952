/**
 * Says it in a line when Node is too old: imported for its effect, before anything that would fail in another way. It asks
 * for what was added last of all that is needed, in Node 22.19 and 24.5, and uses nothing that an old Node has not.
 */
const hasBuiltins = typeof process.getBuiltinModule === "function"

if (!hasBuiltins || typeof process.getBuiltinModule("tls").setDefaultCACertificates !== "function") {
  process.stderr.write(
    `Error: pyroduct needs Node 22.19 or newer, or of Node 24 at least 24.5; this is ${process.versions.node}\n`
  )
  process.exit(1)
}

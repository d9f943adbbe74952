/**
 * Says it in a line when Node is too old: imported for its effect, before anything that would fail in another way. It asks
 * for what was added last of all that is needed, in Node 22.19 and 24.5, and uses nothing that an old Node has not.
 */
const hasBuiltins = typeof process.getBuiltinModule === "function"

if (!hasBuiltins || typeof process.getBuiltinModule("tls").setDefaultCACertificates !== "function") {
  process.stderr.write(
    `Error: pyroduct runs on Node 22 from 22.19 on, and on Node 24.5 and newer; this is ${process.versions.node}\n`
  )
  process.exit(1)
}

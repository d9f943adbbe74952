/**
 * Says it in a line when Node is too old: imported for its effect, before anything that would fail in another way.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`Error: pyroduct needs Node 22.19 or newer, this is ${process.versions.node}\n`)
  process.exit(1)
}

/**
 * SIGUSR1 does not open Node's inspector, where whoever reaches its port runs what he likes. Imported for its effect.
 */
process.on("SIGUSR1", () => {})

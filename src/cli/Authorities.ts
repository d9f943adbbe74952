/**
 * Whom TLS connections trust where a configuration does not say.
 */
import { Effect } from "effect"
import { getCACertificates, setDefaultCACertificates } from "node:tls"

/** The operating system's authorities besides Node's own, for a company's are to be found there. For the whole process. */
export const trustSystem: Effect.Effect<void> = Effect.sync(() =>
  setDefaultCACertificates([...new Set([...getCACertificates("default"), ...getCACertificates("system")])])
)

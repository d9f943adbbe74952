/**
 * Whom TLS connections trust where a configuration does not say.
 */
import { getCACertificates, setDefaultCACertificates } from "node:tls"

let isSystemTrusted = false

/**
 * The operating system's authorities besides Node's own, for a company's are to be found there. For the whole process. To
 * read them takes a tenth of a second and ten megabytes.
 */
export const trustSystem = (): void => {
  if (isSystemTrusted) return
  isSystemTrusted = true
  setDefaultCACertificates([...new Set([...getCACertificates("default"), ...getCACertificates("system")])])
}

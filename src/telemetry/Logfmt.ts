/**
 * Log lines in logfmt: `ts=... level=info msg="..." component_id=... key=value`.
 */
import type { Line } from "./LogLine.ts"

export const format = ({ annotations, date, level, message }: Line): string =>
  [["ts", date.toISOString()], ["level", level], ["msg", message], ...annotations]
    .map(([key, value]) => `${key}=${quoteIfNeeded(String(value))}`)
    .join(" ")

const quoteIfNeeded = (text: string): string => /^[^\s"=\\\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)

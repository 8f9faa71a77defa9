/** Who may speak and where the window may go, as pure tables (style B.1: 13, 14, 15, 17). Exact parses, never substrings. */
import { HOST, SCHEME } from './channels.ts'

const parse = (url: string): URL | null => {
  try {
    return new URL(url)
  } catch {
    return null
  }
}

/** True only for app://cockpit/…, without credentials or port. */
export function isOurUrl(url: string): boolean {
  const parsed = parse(url)
  return parsed !== null && parsed.protocol === `${SCHEME}:` && parsed.host === HOST && parsed.username === '' && parsed.password === ''
}

export interface FrameLike {
  readonly url: string
  readonly parent: unknown
}

/** A message is ours when it comes from the main frame of our page; a null frame (gone or navigating) is not. */
export const isOurFrame = (frame: FrameLike | null | undefined): boolean =>
  frame !== null && frame !== undefined && frame.parent === null && isOurUrl(frame.url)

/** Pages the system browser may be asked to open: https and these hosts only. */
const EXTERNAL_HOSTS: ReadonlySet<string> = new Set(['www.tradingview.com'])
export function isExternalAllowed(url: string): boolean {
  const parsed = parse(url)
  return (
    parsed !== null && parsed.protocol === 'https:' && EXTERNAL_HOSTS.has(parsed.host) && parsed.username === '' && parsed.password === ''
  )
}

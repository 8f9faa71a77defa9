/**
 * What a signed request says: its parameters, and the HMAC-SHA256 over its raw percent-encoded text, query + body with nothing
 * between them, the signature itself left out (exchange.md §3.1). Nothing is re-encoded: the text is verified as it was sent.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Params, VenueFailure } from '../exchange.ts'
import { VENUE_ERRORS } from './venue-errors.ts'

export interface RequestText {
  /** Raw text after `?`, without it. */
  readonly query: string
  /** Raw form body. */
  readonly body: string
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  return spaced.includes('%') ? decodeURIComponent(spaced) : spaced
}

/** Adds the pairs of one raw text; names already present win. Throws URIError on broken percent-encoding. */
function addPairs(into: Record<string, string>, text: string): void {
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const name = decode(at < 0 ? pair : pair.slice(0, at))
    if (!Object.hasOwn(into, name)) into[name] = at < 0 ? '' : decode(pair.slice(at + 1))
  }
}

/** Parameters of query and body, the query winning; undefined when the percent-encoding is broken. */
export function parseParams(text: RequestText): Params | undefined {
  const params = Object.create(null) as Record<string, string>
  try {
    if (text.query !== '') addPairs(params, text.query)
    if (text.body !== '') addPairs(params, text.body)
  } catch {
    return undefined
  }
  return params
}

/** One raw text without its `signature=` pair. */
function withoutSignature(text: string): string {
  if (!text.includes('signature=')) return text
  return text
    .split('&')
    .filter((pair) => !pair.startsWith('signature='))
    .join('&')
}

/** The text a client must have signed. */
export const signedPayload = (text: RequestText): string => withoutSignature(text.query) + withoutSignature(text.body)

export const sign = (secret: string, payload: string): string => createHmac('sha256', secret).update(payload).digest('hex')

/** True when `signature` is the hex HMAC of the request's raw text; case of the hex does not matter. */
export function signatureMatches(secret: string, text: RequestText, signature: string): boolean {
  if (!/^[0-9a-fA-F]{64}$/.test(signature)) return false
  const expected = createHmac('sha256', secret).update(signedPayload(text)).digest()
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
}

const DEFAULT_WINDOW = 5_000
const WINDOW_MAX = 60_000
const AHEAD = 1_000

/**
 * The recvWindow rule: accepted iff timestamp < server + 1000 and server − timestamp ≤ recvWindow. `scale` (≥ 1) stretches both
 * tolerances when simulated time runs faster than the wall: a request that takes 5 ms of real time takes 5 × speed ms of ours.
 */
export function checkTimestamp(params: Params, serverTime: number, scale: number): VenueFailure | undefined {
  const timestamp = Number(params['timestamp'])
  const window = params['recvWindow'] === undefined || params['recvWindow'] === '' ? DEFAULT_WINDOW : Number(params['recvWindow'])
  if (!Number.isFinite(window) || window < 0) return VENUE_ERRORS.illegalCharacters
  if (window > WINDOW_MAX) return VENUE_ERRORS.recvWindowRange
  if (timestamp >= serverTime + AHEAD * scale) return VENUE_ERRORS.aheadOfServer
  if (serverTime - timestamp > window * scale) return VENUE_ERRORS.outsideWindow
  return undefined
}

/** The same window, asked once more when an admitted request reaches the matching engine: it may have waited on the way there. */
export function checkEngineTime(params: Params, serverTime: number, scale: number): VenueFailure | undefined {
  return checkTimestamp(params, serverTime, scale) === VENUE_ERRORS.outsideWindow ? VENUE_ERRORS.lateAtEngine : undefined
}

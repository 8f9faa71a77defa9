/**
 * What an answer proves (INV-04), decided by HTTP status, Binance's code and its text, the same live and on loopback
 * (exchange.md §3.2). ccxt's own classes are not used: they differ by host, and merge "unknown, may have executed" with
 * "unavailable, not executed".
 *
 * Whatever is not listed as proof that nothing was executed is 'ambiguous'.
 */
import type { VenueError, VenueErrorCode } from '../contract/venue.ts'
import type { HttpFailure, HttpReply } from './http.ts'

/** Codes that decide alone, whatever the status. */
const BY_CODE: ReadonlyMap<number, VenueErrorCode> = new Map([
  [-1000, 'ambiguous'],
  [-1006, 'ambiguous'],
  [-1007, 'ambiguous'],
  [-1003, 'throttled'],
  [-1008, 'throttled'],
  [-1015, 'throttled'],
  [-1016, 'unavailable'],
  [-1002, 'auth'],
  [-1022, 'auth'],
  [-2014, 'auth'],
  [-2015, 'auth'],
  [-1021, 'clock'],
  [-5028, 'clock'],
  [-1125, 'notFound'],
  [-2011, 'notFound'],
  [-2013, 'notFound'],
])

/** Statuses that decide when the code does not. */
const BY_STATUS: ReadonlyMap<number, VenueErrorCode> = new Map([
  [401, 'auth'],
  [403, 'unavailable'],
  [408, 'ambiguous'],
  [418, 'banned'],
  [429, 'throttled'],
])

/** Texts of 503 that prove the request was not executed. */
const NOT_EXECUTED = [/^Service Unavailable\.?$/, /^Internal error; unable to process your request\. Please try again\.?$/]

export interface VenueRefusal {
  readonly status: number
  readonly code: number | undefined
  readonly text: string
}

/** The class of an answer that is not a success. */
export function classify(refusal: VenueRefusal): VenueErrorCode {
  const { status, code, text } = refusal
  if (status === 418) return 'banned'
  if (status >= 500) {
    if (code === -1008) return 'throttled'
    if (code === -1016 || NOT_EXECUTED.some((pattern) => pattern.test(text))) return 'unavailable'
    return 'ambiguous'
  }
  const decided = (code === undefined ? undefined : BY_CODE.get(code)) ?? BY_STATUS.get(status)
  if (decided !== undefined) return decided
  /* a redirect or an empty 2xx/1xx is nobody's proof */
  return status >= 400 ? 'rejected' : 'ambiguous'
}

const SENTENCES: Readonly<Record<VenueErrorCode, string>> = {
  rejected: 'the venue refused the request',
  notFound: 'the venue does not know it',
  throttled: 'the venue asks for fewer requests; nothing was executed',
  banned: 'the venue has banned this address for a while; nothing was executed',
  unavailable: 'the venue is unavailable; nothing was executed',
  auth: 'the venue does not accept the key or the signature',
  clock: 'the request arrived outside its time window; nothing was executed',
  notSent: 'the request was not sent',
  ambiguous: 'the outcome is unknown; it must be looked up before anything is repeated',
  malformed: 'the answer cannot be understood',
}

export function venueError(code: VenueErrorCode, reason: string, extra: Partial<Omit<VenueError, 'code' | 'message'>> = {}): VenueError {
  return { code, message: reason === '' ? SENTENCES[code] : `${SENTENCES[code]}: ${reason}`, ...extra }
}

/** A transport failure: not sent for certain, or ambiguous. */
export const transportError = (failure: HttpFailure): VenueError =>
  venueError(failure.notSent ? 'notSent' : 'ambiguous', failure.message, { detail: { reason: failure.reason } })

const BANNED_UNTIL = /banned until (\d{13})/

/** Venue time until which this address is banned, when the text says so. */
export function bannedUntil(text: string): number | undefined {
  const found = BANNED_UNTIL.exec(text)
  return found === null ? undefined : Number(found[1])
}

/** `Retry-After` in ms; the futures documentation does not promise the header, so it is never needed. */
export function retryAfterMs(reply: Pick<HttpReply, 'headers'>): number | undefined {
  const value = reply.headers['retry-after']
  if (typeof value !== 'string') return undefined
  const seconds = Number(value)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 86_400 * 3) * 1_000 : undefined
}

/** A refusal as an error of the contract. */
export function refusalError(refusal: VenueRefusal, retryAfter: number | undefined): VenueError {
  const reason = refusal.code === undefined ? `HTTP ${refusal.status}` : `${refusal.text} (${refusal.code}, HTTP ${refusal.status})`
  return venueError(classify(refusal), reason, {
    httpStatus: refusal.status,
    ...(refusal.code === undefined ? {} : { venueCode: refusal.code }),
    ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
  })
}

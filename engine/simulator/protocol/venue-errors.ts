/** The venue's own refusals that the protocol layer gives before a request reaches the exchange: status, code, text (exchange.md §3.1-3.3). */
import type { VenueFailure } from '../exchange.ts'

const failure = (status: number, code: number, msg: string): VenueFailure => ({ ok: false, status, code, msg })

export const VENUE_ERRORS = {
  keyFormat: failure(401, -2014, 'API-key format invalid.'),
  keyRefused: failure(401, -2015, 'Invalid API-key, IP, or permissions for action.'),
  signature: failure(400, -1022, 'Signature for this request is not valid.'),
  outsideWindow: failure(400, -1021, 'Timestamp for this request is outside of the recvWindow.'),
  aheadOfServer: failure(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."),
  /** The second check, when the request reaches the matching engine. */
  lateAtEngine: failure(400, -5028, 'Timestamp for this request is outside of the ME recvWindow.'),
  recvWindowRange: failure(400, -1131, "recvWindow must be less than '60000'."),
  illegalCharacters: failure(400, -1100, 'Illegal characters found in a parameter.'),
  tooLarge: failure(413, -1101, 'Too much data was sent for this endpoint.'),
  listenKeyGone: failure(400, -1125, 'This listenKey does not exist.'),
  /** 503 A: the request may have been executed. */
  unknown: failure(503, -1000, 'Unknown error, please check your request or try again later.'),
  /** 503 B: not executed. */
  unavailable: failure(503, -1016, 'Service Unavailable.'),
  /** 503 C: not executed; cancels and closing orders are exempt. */
  throttled: failure(
    503,
    -1008,
    'Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.',
  ),
  /** 503 D: not executed. */
  internal: failure(503, -1001, 'Internal error; unable to process your request. Please try again.'),
  /** 408: the request may have been executed. */
  timeout: failure(408, -1007, 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.'),
} as const

export const mandatory = (name: string): VenueFailure =>
  failure(400, -1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`)

export const noSuchPath = (method: string, path: string): VenueFailure => failure(404, -5000, `Path ${path}, Method ${method} is invalid`)

export const tooManyRequests = (perMinute: number): VenueFailure =>
  failure(
    429,
    -1003,
    `Too many requests; current limit is ${perMinute} requests per minute. Please use the websocket for live updates to avoid polling the API.`,
  )

export const banned = (until: number): VenueFailure =>
  failure(418, -1003, `Way too many requests; IP banned until ${until}. Please use the websocket for live updates to avoid bans.`)

export const tooManyOrders = (limit: number, interval: string): VenueFailure =>
  failure(429, -1015, `Too many new orders; current limit is ${limit} orders per ${interval}.`)

export const other = failure

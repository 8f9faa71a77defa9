/** Every row of exchange.md §3.2 and audit C2.3: the right class from status, code and text alone. */
import { describe, expect, it } from 'vitest'
import type { VenueErrorCode } from '../contract/venue.ts'
import { bannedUntil, classify, refusalError, retryAfterMs, transportError } from './venue-errors.ts'

const UNKNOWN = 'Unknown error, please check your request or try again later.'
const THROTTLED = 'Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.'
const INTERNAL = 'Internal error; unable to process your request. Please try again.'

const rows: readonly (readonly [status: number, code: number | undefined, text: string, expected: VenueErrorCode])[] = [
  [408, -1007, 'Timeout waiting for response from backend server.', 'ambiguous'],
  [408, undefined, '', 'ambiguous'],
  [418, -1003, 'Way too many requests; IP banned until 1795219800000.', 'banned'],
  [418, undefined, '', 'banned'],
  [429, -1003, 'Too many requests; current limit is 2400 requests per minute.', 'throttled'],
  [429, -1015, 'Too many new orders; current limit is 300 orders per TEN_SECONDS.', 'throttled'],
  [429, undefined, '', 'throttled'],
  [502, undefined, '<html><body>502 Bad Gateway</body></html>', 'ambiguous'],
  [504, undefined, '', 'ambiguous'],
  [500, undefined, '', 'ambiguous'],
  [503, -1000, UNKNOWN, 'ambiguous'],
  [503, undefined, UNKNOWN, 'ambiguous'],
  [503, -1016, 'Service Unavailable.', 'unavailable'],
  [503, undefined, 'Service Unavailable.', 'unavailable'],
  [503, -1008, THROTTLED, 'throttled'],
  [503, -1001, INTERNAL, 'unavailable'],
  [503, -1001, 'Internal error; something else happened after your order.', 'ambiguous'],
  [503, undefined, '<html>Service Unavailable.</html>', 'ambiguous'],
  [403, undefined, '<html>Forbidden</html>', 'unavailable'],
  [400, -1003, 'Too many requests queued.', 'throttled'],
  [400, -1006, 'An unexpected response was received from the message bus. Execution status unknown.', 'ambiguous'],
  [400, -1007, 'Timeout waiting for response from backend server.', 'ambiguous'],
  [400, -1000, 'An unknown error occurred while processing the request.', 'ambiguous'],
  [400, -1021, 'Timestamp for this request is outside of the recvWindow.', 'clock'],
  [400, -5028, 'Timestamp for this request is outside of the ME recvWindow.', 'clock'],
  [400, -1022, 'Signature for this request is not valid.', 'auth'],
  [401, -2014, 'API-key format invalid.', 'auth'],
  [401, -2015, 'Invalid API-key, IP, or permissions for action.', 'auth'],
  [401, undefined, '', 'auth'],
  [400, -2011, 'Unknown order sent.', 'notFound'],
  [400, -2013, 'Order does not exist.', 'notFound'],
  [400, -1125, 'This listenKey does not exist.', 'notFound'],
  [400, -2019, 'Margin is insufficient.', 'rejected'],
  [400, -2021, 'Order would immediately trigger.', 'rejected'],
  [400, -2022, 'ReduceOnly Order is rejected.', 'rejected'],
  [400, -2027, 'Exceeded the maximum allowable position at current leverage.', 'rejected'],
  [400, -1102, "Mandatory parameter 'symbol' was not sent.", 'rejected'],
  [400, -1111, 'Precision is over the maximum defined for this asset.', 'rejected'],
  [400, -1121, 'Invalid symbol.', 'rejected'],
  [400, -4003, 'Quantity less than or equal to zero.', 'rejected'],
  [400, -4014, 'Price not increased by tick size.', 'rejected'],
  [400, -4023, 'Qty not increased by step size.', 'rejected'],
  [400, -4116, 'ClientOrderId is duplicated.', 'rejected'],
  [400, -4120, 'Order type not supported for this endpoint.', 'rejected'],
  [400, -4164, "Order's notional must be no smaller than 50.", 'rejected'],
  [400, -5021, 'Due to the order could not be filled immediately, the FOK order has been rejected.', 'rejected'],
  [400, -5022, 'Due to the order could not be executed as maker, the Post Only order will be rejected.', 'rejected'],
  [413, -1101, 'Too much data was sent for this endpoint.', 'rejected'],
  [404, -5000, 'Path /fapi/v9/x, Method GET is invalid', 'rejected'],
  [302, undefined, '', 'ambiguous'],
]

describe('error classes', () => {
  it.each(rows)('HTTP %i, code %s, "%s" is %s', (status, code, text, expected) => {
    expect(classify({ status, code, text })).toBe(expected)
    expect(refusalError({ status, code, text }, undefined)).toMatchObject({ code: expected, httpStatus: status })
  })

  it('a failure before the connection stood was not sent; one after it is ambiguous', () => {
    expect(transportError({ ok: false, notSent: true, reason: 'refused', message: 'connect ECONNREFUSED' }).code).toBe('notSent')
    for (const reason of ['timeout', 'reset', 'too-large', 'closed'] as const) {
      expect(transportError({ ok: false, notSent: false, reason, message: '' }).code).toBe('ambiguous')
    }
  })

  it('reads bans and Retry-After where they are, and needs neither', () => {
    expect(bannedUntil('Way too many requests; IP banned until 1795219800123. Please use the websocket.')).toBe(1_795_219_800_123)
    expect(bannedUntil('Way too many requests')).toBeUndefined()
    expect(retryAfterMs({ headers: { 'retry-after': '7' } })).toBe(7_000)
    expect(retryAfterMs({ headers: { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' } })).toBeUndefined()
    expect(retryAfterMs({ headers: {} })).toBeUndefined()
  })
})

/**
 * Faults of one request: what the caller sees, and whether the request was executed behind it. The same for REST and for the
 * WebSocket API: what differs is how each says it, its `Wire`.
 */
import type { VenueFailure } from '../exchange.ts'
import type { RequestEffect } from './faults.ts'
import { serve, type Answer, type Call, type Gateway } from './gateway.ts'
import { tooManyRequests, VENUE_ERRORS } from './venue-errors.ts'

/** How a transport says what is not the gateway's own answer. */
export interface Wire {
  /** A refusal from before the exchange; `headers` go with it where the transport has any. */
  refuse(failure: VenueFailure, headers: Readonly<Record<string, number>>): void
  /** Text that is no JSON. */
  babble(status: number, text: string): void
  /** Half of the answer, then the connection is gone. */
  halve(answer: Answer): void
  /** The connection is gone. */
  cut(): void
}

/** Orders that only reduce risk are exempt from system-level throttling. */
function isExempt(call: Call): boolean {
  if (call.method === 'DELETE') return true
  const params = call.params ?? {}
  const { side, positionSide } = params
  const isTrue = (name: string): boolean => params[name]?.toLowerCase() === 'true'
  return (
    isTrue('reduceOnly') ||
    isTrue('closePosition') ||
    (positionSide === 'LONG' && side === 'SELL') ||
    (positionSide === 'SHORT' && side === 'BUY')
  )
}

const waiting = (seconds: number | undefined): Record<string, number> => (seconds === undefined ? {} : { 'Retry-After': seconds })

/** Serves a call under a fault. */
export function afflict(context: Gateway, call: Call, effect: RequestEffect, wire: Wire, finish: (answer: Answer) => void): void {
  const { limits, exchange } = context
  const fail = (outcome: VenueFailure): void => finish({ rule: undefined, account: undefined, weighed: true, outcome })
  const execute = (then: (answer: Answer) => void): void => serve(context, call, then)
  switch (effect.do) {
    case 'unknown':
      return effect.executed ? execute(() => fail(VENUE_ERRORS.unknown)) : fail(VENUE_ERRORS.unknown)
    case 'timeout':
      return effect.executed ? execute(() => fail(VENUE_ERRORS.timeout)) : fail(VENUE_ERRORS.timeout)
    case 'unavailable':
      return fail(VENUE_ERRORS.unavailable)
    case 'throttled':
      return isExempt(call) ? execute(finish) : fail(VENUE_ERRORS.throttled)
    case 'internal':
      return fail(VENUE_ERRORS.internal)
    case 'html':
      return wire.babble(502, '<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>')
    case 'refuse': {
      const { status, code, msg, retryAfterSeconds } = effect
      return wire.refuse({ ok: false, status, code, msg }, waiting(retryAfterSeconds))
    }
    case 'rateLimited': {
      const { weightPerMinute } = limits.settings
      return wire.refuse(tooManyRequests(weightPerMinute), {
        'X-MBX-USED-WEIGHT-1M': weightPerMinute + 1,
        ...waiting(effect.retryAfterSeconds),
      })
    }
    case 'ban':
      limits.ban(call.ip, exchange.now, effect.ms)
      return execute(finish)
    case 'hang':
      return effect.executed ? execute(() => {}) : undefined
    case 'reset':
      return effect.executed ? execute(() => wire.cut()) : wire.cut()
    case 'slow':
      return execute((answer) => void setTimeout(() => finish(answer), effect.ms))
    case 'late':
      return effect.ms === undefined ? fail(VENUE_ERRORS.lateAtEngine) : serve(context, call, finish, effect.ms)
    case 'truncated':
      return execute((answer) => wire.halve(answer))
    case 'garbage':
      return execute(() => wire.babble(200, '<!doctype html><p>maintenance</p>'))
  }
}

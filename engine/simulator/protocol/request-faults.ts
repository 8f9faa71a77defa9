/** Faults of one request: what the caller sees, and whether the request was executed behind it. */
import type { ServerResponse } from 'node:http'
import type { Outcome } from '../exchange.ts'
import type { RequestEffect } from './faults.ts'
import { serve, type Answer, type Call, type Gateway } from './gateway.ts'
import { jsonText } from './json-text.ts'
import { VENUE_ERRORS } from './venue-errors.ts'

/** Sends a whole answer; nothing when the caller is gone. */
export function send(
  response: ServerResponse,
  status: number,
  text: string,
  fields: Record<string, string | number>,
  type = 'application/json',
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), ...fields })
  response.end(text)
}

const cut = (response: ServerResponse): void => {
  const { socket } = response
  if (socket === null) response.destroy()
  else socket.resetAndDestroy()
}

/** Orders that only reduce risk are exempt from system-level throttling. */
function isExempt(call: Call): boolean {
  if (call.method === 'DELETE') return true
  const params = call.params ?? {}
  const { side, positionSide } = params
  return (
    params['reduceOnly'] === 'true' ||
    params['closePosition'] === 'true' ||
    (positionSide === 'LONG' && side === 'SELL') ||
    (positionSide === 'SHORT' && side === 'BUY')
  )
}

/** Serves a call under a fault. */
export function afflict(
  context: Gateway,
  call: Call,
  effect: RequestEffect,
  response: ServerResponse,
  finish: (answer: Answer) => void,
): void {
  const { limits, exchange } = context
  const bare = { rule: undefined, account: undefined, weighed: true }
  const fail = (outcome: Outcome): void => finish({ ...bare, outcome })
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
      return send(response, 502, '<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>', {}, 'text/html')
    case 'refuse': {
      const extra: Record<string, number> = effect.retryAfterSeconds === undefined ? {} : { 'Retry-After': effect.retryAfterSeconds }
      return send(response, effect.status, jsonText({ code: effect.code, msg: effect.msg }), extra)
    }
    case 'rateLimited': {
      const extra: Record<string, number> = effect.retryAfterSeconds === undefined ? {} : { 'Retry-After': effect.retryAfterSeconds }
      const { weightPerMinute } = limits.settings
      const msg = `Too many requests; current limit is ${weightPerMinute} requests per minute. Please use the websocket for live updates to avoid polling the API.`
      return send(response, 429, jsonText({ code: -1003, msg }), { 'X-MBX-USED-WEIGHT-1M': weightPerMinute + 1, ...extra })
    }
    case 'ban':
      limits.ban(call.ip, exchange.now, effect.ms)
      return execute(finish)
    case 'hang':
      return effect.executed ? execute(() => {}) : undefined
    case 'reset':
      return effect.executed ? execute(() => cut(response)) : cut(response)
    case 'slow':
      return execute((answer) => void setTimeout(() => finish(answer), effect.ms))
    case 'truncated':
      return execute(({ outcome }) => {
        const text = jsonText(outcome.ok ? outcome.body : { code: outcome.code, msg: outcome.msg })
        response.writeHead(outcome.ok ? 200 : outcome.status, {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
        })
        response.write(text.slice(0, Math.floor(text.length / 2)), () => cut(response))
      })
    case 'garbage':
      return execute(() => send(response, 200, '<!doctype html><p>maintenance</p>', {}, 'text/html'))
  }
}

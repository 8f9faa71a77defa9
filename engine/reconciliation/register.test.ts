/** Ageing, closing with proof, ignoring, the bound; the schedule; the kill plan. */
import { describe, expect, it } from 'vitest'
import type { Mismatch } from '../contract/mismatch.ts'
import type { SymbolFilters } from '../contract/venue.ts'
import { compareBooks } from './compare.ts'
import type { Finding, Scope } from './finding.ts'
import { closingOrders, isDone, planKill } from './kill-plan.ts'
import { books, local, localPosition, order, stop, text, venuePosition } from './planted.ts'
import { EMPTY_REGISTER, listed, openCritical, sees, settle, updateRegister, type Register } from './register.ts'
import { afterLook, depthOf, dueLook, nextDue, scheduleFrom } from './schedule.ts'

const ALL: Scope = {
  orders: true,
  positions: true,
  balances: true,
  orderSymbols: null,
  fillSymbols: new Set(['BTCUSDT']),
  filters: true,
  income: true,
}
const drift = (wallet: string): readonly Finding[] => compareBooks(books({ wallet })).findings
const only = (register: Register): Mismatch => {
  const [first, ...rest] = register.values()
  if (first === undefined || rest.length > 0) throw new Error(`${register.size} mismatches`)
  return first
}

describe('register', () => {
  it('the same difference keeps its row and its first time; a repaired one closes with the look as its proof', () => {
    const first = updateRegister(EMPTY_REGISTER, drift('990'), ALL, 10, '')
    const second = updateRegister(first.register, drift('980'), ALL, 20, '')
    expect(only(second.register)).toMatchObject({ firstSeenAt: 10, lastSeenAt: 20, atRisk: '20', state: 'open' })
    const third = updateRegister(second.register, drift('980'), ALL, 30, '')
    expect(third.changed).toEqual([])
    const fixed = updateRegister(third.register, [], ALL, 40, 'both books agree')
    expect(only(fixed.register)).toMatchObject({ state: 'fixed', proof: 'both books agree', firstSeenAt: 10, lastSeenAt: 40 })
    const again = updateRegister(fixed.register, drift('990'), ALL, 50, '')
    expect(only(again.register)).toMatchObject({ state: 'open', firstSeenAt: 50 })
    expect(only(again.register)).not.toHaveProperty('proof')
  })

  it('INV-05 a look that could not see closes nothing', () => {
    const { register } = updateRegister(EMPTY_REGISTER, drift('990'), ALL, 10, '')
    const blind: Scope = { ...ALL, balances: false }
    expect(only(updateRegister(register, [], blind, 20, '').register).state).toBe('open')
    expect(sees({ ...ALL, orderSymbols: new Set(['ETHUSDT']) }, { kind: 'foreign-order', symbol: 'BTCUSDT' })).toBe(false)
    expect(sees({ ...ALL, fillSymbols: new Set() }, { kind: 'missing-fill', symbol: 'BTCUSDT' })).toBe(false)
    expect(sees({ ...ALL, filters: false }, { kind: 'precision-drift', symbol: 'BTCUSDT' })).toBe(false)
    expect(sees({ ...ALL, orders: false }, { kind: 'missing-stop', symbol: 'BTCUSDT' })).toBe(false)
    expect(sees({ ...ALL, positions: false }, { kind: 'ghost-position', symbol: 'BTCUSDT' })).toBe(false)
  })

  it('ignored with a reason until it doubles', () => {
    const { register } = updateRegister(EMPTY_REGISTER, drift('990'), ALL, 10, '')
    const ignored = settle(register, only(register).id, 'ignored', 'my own transfer', 15).register
    expect(openCritical(ignored)).toEqual([])
    const grown = updateRegister(ignored, drift('981'), ALL, 20, '').register
    expect(only(grown)).toMatchObject({ state: 'ignored', ignoreReason: 'my own transfer' })
    expect(only(updateRegister(grown, drift('979'), ALL, 30, '').register)).toMatchObject({ state: 'open', atRisk: '21' })
  })

  it('INV-11 keeps 500: closed ones go first, critical open ones are listed first', () => {
    const many = Array.from({ length: 700 }, (_, i): Finding => ({ ...(drift('990')[0] as Finding), id: `old:${i}`, severity: 'info' }))
    const first = updateRegister(EMPTY_REGISTER, many, ALL, 10, '').register
    expect(first.size).toBe(500)
    const next = updateRegister(first, drift('990'), ALL, 20, 'gone').register
    expect([next.size, listed(next)[0]?.id, openCritical(next).length]).toEqual([500, 'balance-drift:USDT', 1])
  })
})

describe('schedule', () => {
  it('2 s, 10 s, 30 s, 15 min; the deepest that is due; a deeper look counts for the shallower', () => {
    let schedule = scheduleFrom(0)
    const seen: string[] = []
    for (let now = 0; now <= 900_000; now += 250) {
      const depth = dueLook(schedule, now)
      if (depth === null) continue
      schedule = afterLook(schedule, depth, true, now)
      if (now <= 32_000 || now >= 899_000) seen.push(`${now / 1_000} ${depth}`)
    }
    expect(seen).toEqual([
      '2 in-flight',
      '4 in-flight',
      '6 in-flight',
      '8 in-flight',
      '10 orders',
      '12 in-flight',
      '14 in-flight',
      '16 in-flight',
      '18 in-flight',
      '20 orders',
      '22 in-flight',
      '24 in-flight',
      '26 in-flight',
      '28 in-flight',
      '30 positions',
      '32 in-flight',
      '900 deep',
    ])
  })

  it('a failed look is tried again every 5 s and does not count', () => {
    const failed = afterLook(scheduleFrom(0), 'positions', false, 30_000)
    expect([dueLook(failed, 34_999), dueLook(failed, 35_000), nextDue(failed)]).toEqual([null, 'positions', 35_000])
    const twice = afterLook(failed, 'positions', false, 35_000)
    expect(dueLook(twice, 40_000)).toBe('positions')
    expect(dueLook(afterLook(twice, 'positions', true, 40_000), 45_000)).toBe('in-flight')
  })

  it('what a reason asks for', () => {
    expect((['start', 'deep', 'manual', 'kill', 'reconnect', 'ambiguous', 'timer'] as const).map(depthOf)).toEqual([
      'deep',
      'deep',
      'deep',
      'deep',
      'positions',
      'positions',
      'positions',
    ])
  })
})

describe('kill plan', () => {
  const filters: SymbolFilters = {
    symbol: 'BTCUSDT',
    baseAsset: 'BTC',
    quoteAsset: 'USDT',
    status: 'TRADING',
    tickSize: text('0.10'),
    minPrice: text('556.80'),
    maxPrice: text('4529764'),
    stepSize: text('0.001'),
    minQuantity: text('0.001'),
    maxQuantity: text('1000'),
    marketStepSize: text('0.001'),
    marketMinQuantity: text('0.001'),
    marketMaxQuantity: text('120'),
    minNotional: text('50'),
    multiplierUp: text('1.05'),
    multiplierDown: text('0.95'),
    pricePrecision: 2,
    quantityPrecision: 3,
    maxOrders: 200,
    triggerProtect: text('0.05'),
    liquidationFee: text('0.0125'),
    marketTakeBound: text('0.05'),
    orderTypes: ['LIMIT', 'MARKET'],
  }
  const account = books({
    book: { positions: [localPosition('1')], openOrders: [local(order())] },
    venue: {
      positions: [venuePosition('250.5')],
      openOrders: [
        order(),
        order({ clientId: 'exit', side: 'SELL', reduceOnly: true }),
        stop(),
        order({ clientId: 'hedge-in', positionSide: 'SHORT', side: 'SELL' }),
      ],
    },
  }).venue

  it('P7 reduceOnly takes entries; halt takes regular and conditional orders of every symbol; flatten the positions too', () => {
    const ids = (level: Parameters<typeof planKill>[0]) => planKill(level, account).cancels.map((o) => o.clientId)
    expect(ids('reduceOnly')).toEqual(['sessions-BTCUSDT-e1', 'hedge-in'])
    expect(ids('halt')).toEqual(account.openOrders.map((o) => o.clientId))
    expect([planKill('halt', account).positions.length, planKill('flatten', account).positions.length]).toEqual([0, 1])
    expect(isDone(planKill('flatten', { ...account, openOrders: [], positions: [] }))).toBe(true)
    expect(isDone(planKill('halt', { ...account, openOrders: [] }))).toBe(true)
  })

  it('closes in slices under the largest market order, reduce-only, never more than is held', () => {
    const closes = closingOrders(venuePosition('250.5'), filters, false)
    expect(closes.map((c) => [c.type, c.side, c.quantity, c.reduceOnly])).toEqual([
      ['MARKET', 'SELL', '120', true],
      ['MARKET', 'SELL', '120', true],
      ['MARKET', 'SELL', '10.5', true],
    ])
    expect(closingOrders(venuePosition('-0.5', { positionSide: 'SHORT' }), filters, false)).toEqual([
      { symbol: 'BTCUSDT', side: 'BUY', positionSide: 'SHORT', type: 'MARKET', quantity: '0.5' },
    ])
  })

  it('inside PERCENT_PRICE: limit IOC at the edge of the band when market orders are refused', () => {
    const [sell] = closingOrders(venuePosition('1'), filters, true)
    expect([sell?.type, sell?.timeInForce, Number(sell?.price) >= 61_000 * 0.95, Number(sell?.price) < 61_000]).toEqual([
      'LIMIT',
      'IOC',
      true,
      true,
    ])
    const [buy] = closingOrders(venuePosition('-1'), filters, true)
    expect([buy?.side, Number(buy?.price) <= 61_000 * 1.05, Number(buy?.price) > 61_000]).toEqual(['BUY', true, true])
  })

  it('without filters, or off their grid, the whole position at once: stopping waits for nothing', () => {
    expect(closingOrders(venuePosition('250.5'), undefined, true).map((c) => [c.type, c.quantity])).toEqual([['MARKET', '250.5']])
    expect(closingOrders(venuePosition('0.0005'), filters, false).map((c) => c.quantity)).toEqual(['0.0005'])
  })
})

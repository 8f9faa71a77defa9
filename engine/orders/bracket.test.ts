import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { OrderRequest, OrderType, SymbolFilters } from '../contract/venue.ts'
import { decimal } from '../money/decimal.ts'
import {
  exitRequest,
  planBracket,
  stopRequest,
  takeProfitRequest,
  trailingRequest,
  type BracketFacts,
  type ExitContext,
} from './bracket.ts'
import type { OrderRole } from './client-id.ts'
import { newOrder, type Order, type OrderState } from './order.ts'

const d = (value: number | string): DecimalText => String(value) as DecimalText
const order = (role: OrderRole, state: OrderState, more: Partial<Order> & { type?: OrderType; request?: OrderRequest } = {}): Order => ({
  ...newOrder(
    {
      clientId: `${role}-${state}-${more.type ?? ''}`,
      symbol: 'BTCUSDT',
      side: 'BUY',
      positionSide: 'BOTH',
      type: more.type ?? 'LIMIT',
      ...(more.type === 'STOP_MARKET' ? { triggerPrice: d(95), closePosition: true } : { quantity: d(1) }),
    },
    { book: role === 'stop' || role === 'takeProfit' ? 'algo' : 'regular', role, group: 'g', at: 0 },
  ),
  state,
  ...more,
})
const facts = (change: Partial<BracketFacts>): BracketFacts => ({
  now: 1_000,
  plan: { signalId: 's', side: 'BUY', stop: d(95), takeProfit: d(110), entryDeadline: 5_000, exitDeadline: 9_000 },
  position: decimal(d(1)),
  stopLevel: d(95),
  closeQuantity: d(1),
  orders: [],
  entriesAllowed: true,
  exitsAllowed: true,
  exitReason: '',
  stopNotBefore: 0,
  takeProfitNotBefore: 0,
  exitNotBefore: 0,
  letGoBy: 0,
  ...change,
})
const names = (change: Partial<BracketFacts>): string[] =>
  planBracket(facts(change)).map((action) =>
    action.type === 'done' ? 'done' : action.type === 'cancel' ? `cancel ${action.order.role}` : `place ${action.role}`,
  )
const flat = decimal(d(0))
const filled = order('entry', 'Filled', { executed: d(1), booked: d(1) })
const stop = order('stop', 'Open', { type: 'STOP_MARKET' })
const target = order('takeProfit', 'Open', { type: 'TAKE_PROFIT_MARKET' })

describe('what the facts call for', () => {
  const cases: readonly [string, Partial<BracketFacts>, string[]][] = [
    ['a filled entry gets a stop and a take-profit', { orders: [filled] }, ['place stop', 'place takeProfit']],
    ['so does a partly filled one', { orders: [order('entry', 'PartiallyFilled')] }, ['place stop', 'place takeProfit']],
    ['a protected position is left alone', { orders: [filled, stop, target] }, []],
    [
      'P8: a stop that somebody cancelled is placed again',
      { orders: [filled, order('stop', 'Canceled', { type: 'STOP_MARKET' }), target] },
      ['place stop'],
    ],
    ['P2: an unproved stop counts as live', { orders: [filled, order('stop', 'Unresolved', { type: 'STOP_MARKET' }), target] }, []],
    ['a stop on its way counts as live', { orders: [filled, order('stop', 'SubmitInFlight', { type: 'STOP_MARKET' }), target] }, []],
    ['P2: one stop is enough', { orders: [filled, stop, { ...stop, clientId: 'second' }, target] }, ['cancel stop']],
    ['not before its back-off', { orders: [filled, target], stopNotBefore: 2_000 }, []],
    ['P1: flat lets the rest go', { position: flat, orders: [filled, stop, target] }, ['cancel stop', 'cancel takeProfit']],
    ['flat and nothing left: done', { position: flat, orders: [filled, order('stop', 'Expired')] }, ['done']],
    ['flat while an entry works: wait', { position: flat, orders: [order('entry', 'Open')] }, []],
    ['flat while a fill is owed: wait', { position: flat, orders: [order('entry', 'Filled', { executed: d(1), booked: d(0) })] }, []],
    [
      'a closing fill is owed: the position is smaller than it seems',
      { orders: [filled, order('stop', 'Filled', { executed: d(1), booked: d(0) }), target] },
      [],
    ],
    ['an entry that is not filled in time goes', { now: 5_000, position: flat, orders: [order('entry', 'Open')] }, ['cancel entry']],
    [
      'an entry goes when entries are blocked',
      { entriesAllowed: false, position: flat, orders: [order('entry', 'Open')] },
      ['cancel entry'],
    ],
    ['an entry in flight is not cancelled yet', { entriesAllowed: false, position: flat, orders: [order('entry', 'SubmitInFlight')] }, []],
    ['held long enough: out at market, the stop stays', { now: 9_000, orders: [filled, stop, target] }, ['place exit']],
    [
      'an exit on its way is enough',
      { exitReason: 'x', orders: [filled, stop, target, order('exit', 'Unresolved', { type: 'MARKET' })] },
      [],
    ],
    ['no stop could be placed: out at market', { exitReason: 'no stop', stopNotBefore: 9_999, orders: [filled] }, ['place exit']],
    ['halted: the kill switch owns every order', { exitsAllowed: false, orders: [filled] }, []],
  ]
  for (const [name, change, expected] of cases) it(name, () => expect(names(change)).toEqual(expected))

  describe('a stop that is to stand tighter', () => {
    const better = (state: OrderState, more: Partial<Order> = {}): Order => {
      const made = order('stop', state, { clientId: 'better', quantity: d(1) })
      return { ...made, request: { ...made.request, type: 'STOP_MARKET', triggerPrice: d(97), reduceOnly: true }, ...more }
    }
    const trailed: Partial<BracketFacts> = { stopLevel: d(97) }
    const moves: readonly [string, Partial<BracketFacts>, string[]][] = [
      ['the new one is placed, the old one stays', { ...trailed, orders: [filled, stop, target] }, ['place stop']],
      ['while the new one is on its way both stay', { ...trailed, orders: [filled, stop, better('SubmitInFlight'), target] }, []],
      ['while it is unproved both stay', { ...trailed, orders: [filled, stop, better('Unresolved'), target] }, []],
      ['when it rests the old one goes', { ...trailed, orders: [filled, stop, better('Open'), target] }, ['cancel stop']],
      [
        'refused: not again before its back-off',
        { ...trailed, stopNotBefore: 2_000, orders: [filled, stop, better('Rejected'), target] },
        [],
      ],
      [
        'the position leaves at market: the stop stays where it is',
        { ...trailed, exitReason: 'x', orders: [filled, stop, target] },
        ['place exit'],
      ],
      [
        'overtaken twice: the weaker goes before a third comes',
        { stopLevel: d(99), orders: [filled, stop, better('Open'), target] },
        ['cancel stop', 'place stop'],
      ],
      ['one that fired is at work', { ...trailed, orders: [filled, order('stop', 'Triggered', { type: 'STOP_MARKET' }), target] }, []],
      [
        'P8: it covers a part only, so the whole is covered first',
        { ...trailed, closeQuantity: d(2), orders: [filled, better('Open'), target] },
        ['place stop'],
      ],
      [
        'more than is held would be refused in a hedged account',
        {
          ...trailed,
          orders: [filled, better('Open', { quantity: d(2), request: { ...better('Open').request, reduceOnly: false } }), target],
        },
        ['place stop'],
      ],
    ]
    for (const [name, change, expected] of moves) it(name, () => expect(names(change)).toEqual(expected))

    it('comes in the form the venue still takes: one closePosition stop per direction', () => {
      expect(planBracket(facts({ ...trailed, orders: [filled, stop, target] }))).toMatchObject([{ form: 'quantity' }])
      const old = better('Open', { request: { ...better('Open').request, triggerPrice: d(96) } })
      expect(planBracket(facts({ ...trailed, orders: [filled, old, target] }))).toMatchObject([{ form: null }])
    })
  })

  it('flat: what the venue lets go by itself has a moment to go, what it does not goes at once, and nothing stays', () => {
    const left = { position: flat, orders: [filled, stop], now: 1_000, letGoBy: 2_000 }
    expect(names(left)).toEqual([])
    expect(names({ ...left, now: 1_999 })).toEqual([])
    expect(names({ ...left, now: 2_000 })).toEqual(['cancel stop'])
    expect(names({ ...left, letGoBy: 0 })).toEqual(['cancel stop'])
    expect(names({ ...left, orders: [filled, target] })).toEqual(['cancel takeProfit'])
    expect(names({ ...left, orders: [filled, stop, target] })).toEqual(['cancel takeProfit'])
    expect(names({ ...left, orders: [filled, order('stop', 'Triggered', { type: 'STOP_MARKET' })] })).toEqual(['cancel stop'])
    expect(names({ ...left, orders: [filled, order('stop', 'Expired', { type: 'STOP_MARKET' })] })).toEqual(['done'])
  })

  it('a trailing stop rests beside the hard one, once the entry is over', () => {
    const plan = { ...facts({}).plan, trailPct: d('0.5') }
    expect(planBracket(facts({ plan, orders: [filled, stop, target] }))).toMatchObject([{ type: 'place', role: 'stop', kind: 'trailing' }])
    expect(names({ plan, orders: [filled, stop, target, order('stop', 'Open', { type: 'TRAILING_STOP_MARKET' })] })).toEqual([])
    expect(names({ plan, orders: [order('entry', 'PartiallyFilled'), stop, target] })).toEqual([])
  })
})

const FILTERS: SymbolFilters = {
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  status: 'TRADING',
  tickSize: d('0.1'),
  minPrice: d('0.1'),
  maxPrice: d(1_000_000),
  stepSize: d('0.001'),
  minQuantity: d('0.001'),
  maxQuantity: d(1_000),
  marketStepSize: d('0.001'),
  marketMinQuantity: d('0.001'),
  marketMaxQuantity: d(120),
  minNotional: d(5),
  multiplierUp: d('1.05'),
  multiplierDown: d('0.95'),
  pricePrecision: 2,
  quantityPrecision: 3,
  maxOrders: 200,
  triggerProtect: d('0.05'),
  liquidationFee: d('0.0125'),
  marketTakeBound: d('0.05'),
  orderTypes: [],
}
const context: ExitContext = {
  clientId: 'c',
  symbol: 'BTCUSDT',
  positionSide: 'BOTH',
  side: 'BUY',
  filters: FILTERS,
  quantity: decimal(d('1.23456')),
  form: 'closePosition',
}

describe('requests', () => {
  it('closePosition carries neither quantity nor reduceOnly', () => {
    expect(stopRequest(context, d('95.04'))).toEqual({
      clientId: 'c',
      symbol: 'BTCUSDT',
      side: 'SELL',
      positionSide: 'BOTH',
      type: 'STOP_MARKET',
      triggerPrice: '95.1',
      workingType: 'MARK_PRICE',
      closePosition: true,
    })
  })
  it('the quantity form rounds toward zero and only reduces', () => {
    expect(takeProfitRequest({ ...context, form: 'quantity' }, d('110.06'))).toMatchObject({
      quantity: '1.234',
      reduceOnly: true,
      triggerPrice: '110',
    })
  })
  it('a hedged account says it by the position side', () => {
    const request = exitRequest({ ...context, positionSide: 'LONG' })
    expect(request).toMatchObject({ positionSide: 'LONG', quantity: '1.234' })
    expect('reduceOnly' in request).toBe(false)
  })
  it('a position larger than one market lot leaves in slices', () => {
    expect(exitRequest({ ...context, quantity: decimal(d(500)) }).quantity).toBe('120')
  })
  it('trails by a percentage', () => {
    expect(trailingRequest(context, d('0.5'))).toMatchObject({
      type: 'TRAILING_STOP_MARKET',
      callbackRate: '0.5',
      quantity: '1.234',
      reduceOnly: true,
    })
  })
})

import { describe, expect, it } from 'vitest'
import { barsOf, bench, KEY, limit, market, text, type Doc } from '../exchange.fixture.ts'
import type { Params } from '../exchange.ts'

const algo = (type: string, side: 'BUY' | 'SELL', triggerPrice: string, more: Params = {}): Params => ({
  algoType: 'CONDITIONAL',
  symbol: 'BTCUSDT',
  side,
  type,
  triggerPrice,
  quantity: '0.010',
  ...more,
})

/** Flat at 50,000, then down to `low` and up to `high`, a minute each, then flat again. */
const swing = (low: number, high: number) =>
  barsOf([50_000, 50_000, [50_000, 50_000, low, low], low, [low, high, low, high], high, high, high])

const states = (b: ReturnType<typeof bench>): unknown[] =>
  b.user.filter((event) => event.type === 'ALGO_UPDATE').map((event) => (event.data['o'] as Doc)['X'])

const long = (bars = swing(49_500, 50_500)) => {
  const b = bench({ bars })
  b.minutes(1)
  b.body('POST /fapi/v1/order', market('BUY', '0.100'))
  return b
}

describe('refusals', () => {
  const cases: readonly (readonly [string, number, Params])[] = [
    ['no algoType', -1102, { ...algo('STOP_MARKET', 'SELL', '49000'), algoType: '' }],
    ['bad type', -1116, algo('LIMIT', 'SELL', '49000')],
    ['no trigger price', -1102, algo('STOP_MARKET', 'SELL', '')],
    ['trigger price off the tick', -4014, algo('STOP_MARKET', 'SELL', '49000.05')],
    ['trigger price zero', -4006, algo('STOP_MARKET', 'SELL', '0')],
    ['sell stop above the price', -2021, algo('STOP_MARKET', 'SELL', '50100')],
    ['buy stop below the price', -2021, algo('STOP_MARKET', 'BUY', '49900')],
    ['sell take-profit below the price', -2021, algo('TAKE_PROFIT_MARKET', 'SELL', '49900')],
    ['buy take-profit above the price', -2021, algo('TAKE_PROFIT_MARKET', 'BUY', '50100')],
    ['closePosition with a quantity', -4137, algo('STOP_MARKET', 'SELL', '49000', { closePosition: 'true' })],
    [
      'closePosition with reduceOnly',
      -1106,
      algo('STOP_MARKET', 'SELL', '49000', { closePosition: 'true', reduceOnly: 'true', quantity: '' }),
    ],
    ['closePosition on a limit stop', -4136, algo('STOP', 'SELL', '49000', { closePosition: 'true', price: '48900', quantity: '' })],
    ['limit stop without a price', -1102, algo('STOP', 'SELL', '49000')],
    ['trailing without a rate', -1102, algo('TRAILING_STOP_MARKET', 'SELL', '')],
    ['trailing rate too small', -2007, algo('TRAILING_STOP_MARKET', 'SELL', '', { callbackRate: '0.05' })],
    [
      'trailing activation on the wrong side',
      -4135,
      algo('TRAILING_STOP_MARKET', 'SELL', '', { callbackRate: '1', activatePrice: '49900' }),
    ],
    ['client id twice', -4116, algo('STOP_MARKET', 'SELL', '49000', { clientAlgoId: 'taken' })],
  ]
  it.each(cases)('%s → %i', (_, code, params) => {
    const b = bench({ bars: barsOf([50_000, 50_000, 50_000]) })
    b.minutes(1)
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '48000', { clientAlgoId: 'taken' }))
    expect(b.code('POST /fapi/v1/algoOrder', params)).toBe(code)
  })

  it('-4045 beyond 200 conditional orders of the account', () => {
    const b = bench({ bars: barsOf([50_000, 50_000, 50_000]) })
    b.minutes(1)
    for (let i = 0; i < 200; i++) b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49000'))
    expect(b.code('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49000'))).toBe(-4045)
    b.body('DELETE /fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' })
    expect(b.body('GET /fapi/v1/openAlgoOrders', {})).toEqual([])
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49000'))
  })
})

describe('triggers', () => {
  it('a stop triggers once, its order carries its client id, and it ends FINISHED', () => {
    const b = long()
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49800', { quantity: '', closePosition: 'true', clientAlgoId: 'stop-1' }))
    b.minutes(4)
    expect(states(b)).toEqual(['NEW', 'TRIGGERING', 'TRIGGERED', 'FINISHED'])
    const order = b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'stop-1' })
    expect(order).toMatchObject({ status: 'FILLED', type: 'MARKET', origType: 'STOP_MARKET', executedQty: '0.100' })
    const after = b.body('GET /fapi/v1/algoOrder', { clientAlgoId: 'stop-1' })
    expect(after).toMatchObject({ algoStatus: 'FINISHED', actualOrderId: String(order['orderId']), actualQty: '0.100' })
    expect(b.exchange.account(KEY).positions).toEqual([])
    // The tape fell through the stop: the fill is at what the market was by then, not at the trigger.
    expect(Number(order['avgPrice'])).toBeLessThanOrEqual(49_800)
  })

  it('take-profits trigger on the other side', () => {
    const b = long()
    b.body('POST /fapi/v1/algoOrder', algo('TAKE_PROFIT_MARKET', 'SELL', '50300', { reduceOnly: 'true', clientAlgoId: 'tp' }))
    b.minutes(3)
    expect(states(b)).toEqual(['NEW'])
    b.minutes(2)
    expect(states(b)).toEqual(['NEW', 'TRIGGERING', 'TRIGGERED', 'FINISHED'])
    expect(b.exchange.account(KEY).positions[0]?.quantity).toBe('0.09')
  })

  it('a limit stop rests at its price after the trigger', () => {
    const b = long()
    b.body('POST /fapi/v1/algoOrder', algo('STOP', 'SELL', '49800', { price: '49900', timeInForce: 'GTC', clientAlgoId: 'sl' }))
    b.minutes(2)
    expect(b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'sl' })).toMatchObject({
      type: 'LIMIT',
      status: 'NEW',
      price: '49900.00',
    })
    expect(b.body('GET /fapi/v1/algoOrder', { clientAlgoId: 'sl' })['algoStatus']).toBe('TRIGGERED')
    b.minutes(3)
    expect(b.body('GET /fapi/v1/algoOrder', { clientAlgoId: 'sl' })['algoStatus']).toBe('FINISHED')
  })

  it('mark-price triggers wait for the mark, which lags the last price', () => {
    const b = long(barsOf([50_000, 50_000, [50_000, 50_000, 49_000, 50_000], 50_000, 50_000]))
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49050', { workingType: 'CONTRACT_PRICE', clientAlgoId: 'last' }))
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49050', { workingType: 'MARK_PRICE', clientAlgoId: 'mark' }))
    b.minutes(2)
    expect(b.body('GET /fapi/v1/algoOrder', { clientAlgoId: 'last' })['algoStatus']).toBe('FINISHED')
    expect(b.body('GET /fapi/v1/algoOrder', { clientAlgoId: 'mark' })['algoStatus']).toBe('NEW')
  })

  it('a trailing stop follows the extreme and triggers on the retrace', () => {
    const b = long(barsOf([50_000, 50_000, 50_500, 51_000, 50_800, [50_800, 50_800, 50_400, 50_400], 50_400, 50_400]))
    const trailing = { ...algo('TRAILING_STOP_MARKET', 'SELL', ''), callbackRate: '1', activatePrice: '50400', clientAlgoId: 'tr' }
    b.body('POST /fapi/v1/algoOrder', trailing)
    b.minutes(4)
    expect(b.body('GET /fapi/v1/algoOrder', { clientAlgoId: 'tr' })['algoStatus']).toBe('NEW')
    b.minutes(1)
    const order = b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'tr' })
    expect(order['status']).toBe('FILLED')
    expect(Number(order['avgPrice'])).toBeLessThanOrEqual(51_000 * 0.99)
    const told = b.user.filter((event) => event.type === 'ORDER_TRADE_UPDATE').map((event) => event.data['o'])
    expect(told.at(-1)).toMatchObject({ c: 'tr', ot: 'TRAILING_STOP_MARKET', AP: '50400.00', cr: '1.0' })
    expect(told[0]).not.toHaveProperty('AP')
  })

  it('a trigger without margin ends REJECTED with the reason', () => {
    const b = bench({ bars: swing(49_500, 50_500), accounts: [{ key: KEY, secret: 's', balance: text('100') }] })
    b.minutes(1)
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49800', { quantity: '1', clientAlgoId: 'poor' }))
    b.minutes(3)
    expect(states(b)).toEqual(['NEW', 'TRIGGERING', 'REJECTED'])
    expect(b.body('GET /fapi/v1/algoOrder', { clientAlgoId: 'poor' })).toMatchObject({
      algoStatus: 'REJECTED',
      failReason: 'Margin is insufficient.',
    })
  })

  it('one closePosition order of a kind rests per direction; a quantity, and the other kind, may rest beside it', () => {
    const b = long()
    const whole = { quantity: '', closePosition: 'true' }
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49000', whole))
    expect(b.code('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49100', whole))).toBe(-4130)
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49100', { quantity: '0.010', reduceOnly: 'true' }))
    b.body('POST /fapi/v1/algoOrder', algo('TAKE_PROFIT_MARKET', 'SELL', '52000', whole))
  })

  it('closePosition orders expire with their position', () => {
    const b = long()
    b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49000', { quantity: '', closePosition: 'true' }))
    b.body('POST /fapi/v1/order', market('SELL', '0.100'))
    b.exchange.advanceTo(b.exchange.now + 40)
    expect(states(b)).toEqual(['NEW', 'EXPIRED'])
  })

  it('cancel answers in its own shape; a second cancel is -2011; the regular endpoint does not know it', () => {
    const b = long()
    const placed = b.body('POST /fapi/v1/algoOrder', algo('STOP_MARKET', 'SELL', '49000', { clientAlgoId: 'x' }))
    const algoId = String(placed['algoId'])
    expect(b.code('DELETE /fapi/v1/order', { symbol: 'BTCUSDT', orderId: algoId })).toBe(-2011)
    b.body('DELETE /fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' })
    expect(b.body('GET /fapi/v1/openAlgoOrders', { symbol: 'BTCUSDT' })).toHaveLength(1)
    expect(b.body('DELETE /fapi/v1/algoOrder', { algoId })).toEqual({
      algoId: placed['algoId'],
      clientAlgoId: 'x',
      code: '200',
      msg: 'success',
    })
    expect(b.code('DELETE /fapi/v1/algoOrder', { algoId })).toBe(-2011)
    expect(b.body('GET /fapi/v1/allAlgoOrders', { symbol: 'BTCUSDT' })).toMatchObject([{ algoStatus: 'CANCELED' }])
    expect(b.body('POST /fapi/v1/order', limit('BUY', '49000', '0.010'))['status']).toBe('NEW')
  })
})

/** Known messages of the venue, and the property that neither order nor repetition changes what they say. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDecimalText } from '../../contract/decimal-text.ts'
import type { UserEvent } from '../../contract/venue.ts'
import { parseLossless } from '../lossless-json.ts'
import { decodeUserFrame } from './user-events.ts'
import { plainDecimal } from './values.ts'

const folder = new URL('../../contract/fixtures/venue-messages/user_data_json/', import.meta.url)
const load = (name: string): string => readFileSync(new URL(`${name}.json`, folder), 'utf8')

const decodeText = (text: string) => {
  const parsed = parseLossless(text)
  return parsed.ok ? decodeUserFrame(parsed.value) : parsed
}
const event = (text: string): UserEvent => {
  const decoded = decodeText(text)
  if (!decoded.ok) throw new Error(decoded.error.message)
  if (decoded.value.kind !== 'event') throw new Error(decoded.value.kind)
  return decoded.value.event
}

const known: Readonly<Record<string, object>> = {
  order_update_new: {
    kind: 'order',
    execution: 'NEW',
    expiryReason: 0,
    eventTime: 1568879465651,
    order: {
      book: 'regular',
      orderId: '8886774',
      clientId: 'TEST',
      type: 'TRAILING_STOP_MARKET',
      status: 'NEW',
      positionSide: 'LONG',
      triggerPrice: '7103.04',
    },
  },
  order_update_trade_partial: {
    kind: 'order',
    execution: 'TRADE',
    order: { status: 'PARTIALLY_FILLED', quantity: '0.002', executed: '0.001', averagePrice: '7100.50' },
    fill: {
      tradeId: '12345678',
      orderId: '8886774',
      clientId: 'TEST',
      price: '7100.50',
      quantity: '0.001',
      commission: '0.01000000',
      commissionAsset: 'USDT',
      maker: true,
      realizedPnl: '12.34',
    },
  },
  order_update_calculated: {
    kind: 'order',
    execution: 'CALCULATED',
    order: { clientId: 'autoclose-1234567890', status: 'FILLED' },
    fill: { quantity: '0.014', price: '9910.12', realizedPnl: '-5.67' },
  },
  order_update_adl: { kind: 'order', order: { clientId: 'adl_autoclose_12345', status: 'NEW' }, fill: { quantity: '0.005' } },
  order_update_insurance: { kind: 'order', order: { status: 'NEW' }, fill: { commission: '0.45000000' } },
  /* no commission in the message: none was charged */
  order_update_delivery: { kind: 'order', execution: 'TRADE', fill: { commission: '0', commissionAsset: '' } },
  order_update_settlement: { kind: 'order', execution: 'TRADE', fill: { realizedPnl: '-10.00' } },
  account_update: {
    kind: 'account',
    reason: 'ORDER',
    balances: [{ asset: 'USDT', wallet: '122624.12345678', crossWallet: '100.12345678', change: '50.12345678' }],
    positions: [
      { symbol: 'BTCUSDT', positionSide: 'BOTH', quantity: '0' },
      {
        symbol: 'BTCUSDT',
        positionSide: 'LONG',
        quantity: '20',
        entryPrice: '6563.6',
        marginType: 'isolated',
        isolatedWallet: '13200.70726908',
      },
      { symbol: 'BTCUSDT', positionSide: 'SHORT', quantity: '-10' },
    ],
  },
  account_update_bnfcr: { kind: 'account', balances: [{ asset: 'BNFCR' }], positions: [] },
  algo_update_new: {
    kind: 'algo',
    order: { book: 'algo', orderId: '2148719', clientId: 'Q5xaq5EGKgXXa0fD7fs0Ip', status: 'NEW', triggerPrice: '750' },
  },
  algo_update_canceled: { kind: 'algo', order: { status: 'CANCELED' }, rejectReason: 'Reduce Only reject' },
}

describe('documented messages', () => {
  for (const [name, expected] of Object.entries(known)) {
    it(name, () => expect(event(load(name))).toMatchObject(expected))
  }
  it('a liquidation that is still to be filled has no fill', () => {
    expect(event(load('order_update_calculated_pending'))).not.toHaveProperty('fill')
  })
  it('TRADE_LITE says nothing that ORDER_TRADE_UPDATE does not', () => {
    expect(decodeText(load('trade_lite'))).toEqual({ ok: true, value: { kind: 'ignored', type: 'TRADE_LITE' } })
  })
})

const orderUpdate = (o: object = {}, top: object = {}): string =>
  JSON.stringify({
    e: 'ORDER_TRADE_UPDATE',
    E: 10,
    T: 9,
    o: {
      s: 'BTCUSDT',
      c: 'c1',
      S: 'BUY',
      o: 'LIMIT',
      f: 'GTC',
      q: '1',
      p: '100',
      ap: '100',
      sp: '0',
      x: 'TRADE',
      X: 'PARTIALLY_FILLED',
      i: 1,
      l: '0.1',
      z: '0.1',
      L: '100',
      n: '0.01',
      N: 'USDT',
      T: 9,
      t: 5,
      m: false,
      R: false,
      ps: 'BOTH',
      cp: false,
      rp: '0',
      er: '0',
      ...o,
    },
    ...top,
  })

describe('other events', () => {
  it('ids beyond 2^53 keep every digit, also as the last field of an object', () => {
    const text = orderUpdate().replace('"i":1', '"i":9007199254740993').replace('"t":5', '"t":12345678901234567891')
    expect(event(text)).toMatchObject({
      order: { orderId: '9007199254740993' },
      fill: { orderId: '9007199254740993', tradeId: '12345678901234567891' },
    })
  })

  it('MARGIN_CALL, ACCOUNT_CONFIG_UPDATE, listenKeyExpired, unknown types', () => {
    expect(event('{"e":"MARGIN_CALL","E":5,"cw":"3.1","p":[{"s":"ETHUSDT","ps":"LONG","pa":"1.3"}]}')).toEqual({
      kind: 'marginCall',
      symbols: ['ETHUSDT'],
      eventTime: 5,
    })
    expect(event('{"e":"ACCOUNT_CONFIG_UPDATE","E":5,"T":4,"ac":{"s":"BTCUSDT","l":25}}')).toEqual({
      kind: 'config',
      symbol: 'BTCUSDT',
      leverage: 25,
      eventTime: 5,
    })
    expect(event('{"e":"ACCOUNT_CONFIG_UPDATE","E":5,"T":4,"ai":{"j":true}}')).toEqual({ kind: 'config', eventTime: 5 })
    expect(decodeText('{"e":"listenKeyExpired","E":5,"listenKey":"x"}')).toEqual({ ok: true, value: { kind: 'listenKeyExpired' } })
    expect(decodeText('{"e":"SOMETHING_NEW","E":5}')).toEqual({ ok: true, value: { kind: 'ignored', type: 'SOMETHING_NEW' } })
  })

  it('a triggered conditional names its order; funding names its symbol', () => {
    const algo = event(
      '{"e":"ALGO_UPDATE","T":1,"E":2,"o":{"caid":"a","aid":7,"at":"CONDITIONAL","o":"STOP_MARKET","s":"BTCUSDT","S":"SELL","ps":"BOTH","f":"GTC","q":"0.01","X":"TRIGGERED","ai":"283194212001","tp":"1","cp":false,"R":true}}',
    )
    expect(algo).toMatchObject({ kind: 'algo', triggeredOrderId: '283194212001', order: { status: 'TRIGGERED', reduceOnly: true } })
    const funding = event(
      '{"e":"ACCOUNT_UPDATE","T":1,"E":2,"a":{"m":"FUNDING_FEE","S":"BTCUSDT","B":[{"a":"USDT","wb":"1","cw":"1","bc":"-0.5"}]}}',
    )
    expect(funding).toMatchObject({ reason: 'FUNDING_FEE', fundingSymbol: 'BTCUSDT', positions: [], balances: [{ change: '-0.5' }] })
  })

  it('every field that the ledger needs is needed', () => {
    const needed = ['s', 'S', 'o', 'q', 'x', 'X', 'i', 'T', 't']
    for (const field of needed) {
      for (const value of [undefined, null, {}, [], 'x y', -1]) {
        const decoded = decodeText(orderUpdate({ [field]: value }))
        if (field === 's' && value === 'x y') continue
        expect(decoded.ok, `${field} = ${JSON.stringify(value)}`).toBe(false)
      }
    }
    for (const field of ['p', 'l', 'L', 'z', 'n', 'rp']) {
      for (const value of ['x', 'NaN', 'Infinity', {}, true]) expect(decodeText(orderUpdate({ [field]: value })).ok).toBe(false)
    }
  })
})

describe('order and repetition', () => {
  const amount = fc.integer({ min: 1, max: 10_000 }).map((n) => (n / 1_000).toFixed(3))
  const frames = fc.array(
    fc.oneof(
      fc.record({ t: fc.integer({ min: 1, max: 50 }), l: amount, i: fc.integer({ min: 1, max: 5 }) }).map((o) => orderUpdate(o)),
      fc
        .tuple(amount, fc.integer({ min: 1, max: 1_000 }))
        .map(([wb, E]) =>
          JSON.stringify({ e: 'ACCOUNT_UPDATE', E, T: E, a: { m: 'ORDER', B: [{ a: 'USDT', wb, cw: wb, bc: '0' }], P: [] } }),
        ),
      fc.integer({ min: 1, max: 9 }).map((aid) =>
        JSON.stringify({
          e: 'ALGO_UPDATE',
          E: 1,
          T: 1,
          o: { caid: `c${aid}`, aid, o: 'STOP', s: 'BTCUSDT', S: 'BUY', ps: 'BOTH', f: 'GTC', q: '1', X: 'NEW', tp: '5' },
        }),
      ),
    ),
    { minLength: 1, maxLength: 40 },
  )
  it('any shuffle with repeats decodes to the same set of events, decimals only', () => {
    fc.assert(
      fc.property(frames, fc.infiniteStream(fc.nat()), (texts, random) => {
        const normal = (all: readonly string[]): readonly string[] => [...new Set(all.map((text) => JSON.stringify(event(text))))].sort()
        const mixed = [...texts, ...texts.filter(() => random.next().value % 2 === 0)]
          .map((text) => ({ text, key: random.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ text }) => text)
        expect(normal(mixed)).toEqual(normal(texts))
        for (const text of texts) {
          const one = event(text)
          if (one.kind === 'order')
            for (const value of [one.order.quantity, one.order.price, one.fill?.quantity]) expect(isDecimalText(value)).toBe(true)
        }
      }),
    )
  })
})

describe('plain decimals', () => {
  it.each([
    ['0E-8', '0.00000000'],
    ['1e-7', '0.0000001'],
    ['1.5E3', '1500'],
    ['-2.50e-1', '-0.250'],
    ['+1.50', '1.50'],
    ['007.10', '7.10'],
    ['-0', '-0'],
    ['-0.00', '-0.00'],
    ['12.340', '12.340'],
  ])('%s is %s', (text, plain) => expect(plainDecimal(text)).toBe(plain))
  it.each(['', '-', '.', '1.2.3', 'abc', '1e', '1e9999', '0x10', ' 1', '1 ', '--1', 'NaN', 'Infinity'])('%j is none', (text) =>
    expect(plainDecimal(text)).toBeUndefined(),
  )
  it('equals the number it stands for', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 }), (value) => {
        fc.pre(value === 0 || Math.abs(value) > 1e-40)
        expect(Number(plainDecimal(String(value)))).toBe(value === 0 ? 0 : value)
      }),
    )
  })
})

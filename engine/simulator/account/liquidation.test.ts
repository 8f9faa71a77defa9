import { describe, expect, it } from 'vitest'
import { dec } from '../decimal.ts'
import { barsOf, bench, KEY, market, spec, START, text, type Doc } from '../exchange.fixture.ts'
import { liquidationFormula } from './margin.ts'
import { present } from '../present.ts'

const crash = (to: number) => barsOf([50_000, 50_000, [50_000, 50_000, to, to], to, to, to])

describe('liquidation price', () => {
  // The venue's own worked example: two cross positions of one account.
  const WALLET = dec('1535443.01')
  const ETH = { qty: dec('3683.979'), entry: dec('1456.84'), rate: dec('0.10'), cum: dec('135365') }
  const BTC = { qty: dec('109.488'), entry: dec('32481.980'), rate: dec('0.025'), cum: dec('16300') }

  it('is 1153.26 for the ETHUSDT leg', () => {
    const balance = WALLET.minus('71200.81144').plus('-56354.57')
    expect(liquidationFormula(balance, [ETH]).toFixed(2)).toBe('1153.26')
  })

  it('is 26316.89 for the BTCUSDT leg', () => {
    const balance = WALLET.minus('356512.508').plus('-448192.89')
    expect(liquidationFormula(balance, [BTC]).toFixed(2)).toBe('26316.89')
  })

  it('is zero when no positive price liquidates, and above entry for a short', () => {
    expect(liquidationFormula(dec(100_000), [{ qty: dec(1), entry: dec(50_000), rate: dec('0.004'), cum: dec(0) }]).isZero()).toBe(true)
    const short = liquidationFormula(dec(5_000), [{ qty: dec(-1), entry: dec(50_000), rate: dec('0.004'), cum: dec(0) }])
    expect(short.toFixed(2)).toBe(dec(55_000).div('1.004').toFixed(2))
  })
})

const leveraged = (balance: string, quantity: string, bars: ReturnType<typeof crash>, isolated = false) => {
  const b = bench({ bars, accounts: [{ key: KEY, secret: 's', balance: text(balance) }] })
  b.minutes(1)
  b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '50' })
  if (isolated) b.body('POST /fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' })
  b.body('POST /fapi/v1/order', market('BUY', quantity))
  return b
}

describe('liquidation', () => {
  it('cross: cancels orders, closes at market with the liquidation fee, never leaves a negative wallet', () => {
    const b = leveraged('2000', '1', crash(47_000))
    b.body('POST /fapi/v1/order', { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.100', price: '52000' })
    const risk = present(b.rows('GET /fapi/v3/positionRisk', {})[0])
    const price = Number(risk['liquidationPrice'])
    expect(price).toBeGreaterThan(48_000)
    expect(price).toBeLessThan(49_000)
    b.exchange.subscribe('btcusdt@forceOrder')
    b.minutes(3)
    const account = b.exchange.account(KEY)
    expect(account).toMatchObject({ positions: [], openOrders: 0 })
    expect(Number(account.wallet)).toBeGreaterThanOrEqual(0)
    const events = b.user.filter((event) => event.type === 'ORDER_TRADE_UPDATE').map((event) => event.data['o'] as Doc)
    const forced = events.filter((o) => String(o['c']).startsWith('autoclose-'))
    expect(forced.some((o) => o['x'] === 'CALCULATED' && o['o'] === 'LIQUIDATION')).toBe(true)
    expect(events.some((o) => o['X'] === 'EXPIRED' && o['er'] === 5)).toBe(true)
    const fills = forced.filter((o) => o['x'] === 'CALCULATED')
    for (const o of fills) {
      const fee = dec(String(o['L'])).times(String(o['l'])).times('0.0125')
      expect(String(o['n'])).toBe(fee.toFixed(8))
    }
    expect(b.user.some((event) => event.type === 'MARGIN_CALL')).toBe(true)
    expect(b.market.filter((event) => event.stream === 'btcusdt@forceOrder')).toHaveLength(1)
  })

  it('comes at the maintenance margin, not when the money is gone', () => {
    // Margin balance about 100 USDT at 48,125; maintenance 0.4 % of 48,125 is 192.50.
    const b = leveraged('2000', '1', crash(48_125))
    b.minutes(4)
    expect(b.exchange.account(KEY).positions).toEqual([])
    expect(b.user.some((event) => (event.data['a'] as Doc | undefined)?.['m'] === 'INSURANCE_CLEAR')).toBe(true)
  })

  it('does not liquidate while the margin balance is above maintenance', () => {
    const b = leveraged('2000', '1', crash(48_700))
    b.minutes(4)
    expect(b.exchange.account(KEY).positions).toHaveLength(1)
  })

  it('isolated: loses at most the position’s own wallet, the rest of the account is untouched', () => {
    const b = leveraged('10000', '1', crash(45_000), true)
    const stake = Number(present(b.rows('GET /fapi/v3/positionRisk', {})[0])['isolatedWallet'])
    const before = Number(b.exchange.account(KEY).wallet)
    expect(stake).toBeCloseTo(1_000, -2)
    b.minutes(3)
    const after = b.exchange.account(KEY)
    expect(after.positions).toEqual([])
    expect(before - Number(after.wallet)).toBeCloseTo(stake, 6)
    const cleared = b.rows('GET /fapi/v1/income', { incomeType: 'INSURANCE_CLEAR' })
    expect(cleared).toHaveLength(1)
  })

  it('a wallet that cannot pay is brought to zero by the insurance fund', () => {
    const b = leveraged('1500', '1', crash(44_000))
    b.minutes(3)
    expect(b.exchange.account(KEY).wallet).toBe('0')
    expect(b.user.some((event) => (event.data['a'] as Doc | undefined)?.['m'] === 'INSURANCE_CLEAR')).toBe(true)
  })
})

describe('funding', () => {
  it('pays −positionAmt × mark × rate at 08:00 UTC, once, and not when flat', () => {
    const hours = Array.from({ length: 6 * 60 }, () => 50_000)
    const b = bench({ bars: barsOf(hours), symbols: [spec('BTCUSDT')] })
    b.minutes(1)
    b.body('POST /fapi/v1/order', market('SELL', '0.200'))
    const eight = START - (START % 86_400_000) + 8 * 3_600_000
    b.exchange.advanceTo(eight - 1)
    expect(b.exchange.account(KEY).funding).toBe('0')
    b.exchange.advanceTo(eight + 100)
    const [record] = b.rows('GET /fapi/v1/fundingRate', { symbol: 'BTCUSDT' })
    const expected = dec('0.2')
      .times(String(present(record)['markPrice']))
      .times(String(present(record)['fundingRate']))
    expect(present(record)['fundingRate']).toBe('0.00010000')
    expect(b.exchange.account(KEY).funding).toBe(expected.toFixed())
    const event = b.user.find((one) => (one.data['a'] as Doc | undefined)?.['m'] === 'FUNDING_FEE')
    expect(event?.data['a']).toMatchObject({ S: 'BTCUSDT', P: [], B: [{ bc: expected.toFixed(8) }] })
  })
})

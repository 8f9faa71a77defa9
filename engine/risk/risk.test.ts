import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import { parseSettings } from '../contract/settings.ts'
import { decimal, Decimal } from '../money/decimal.ts'
import { blockOf, judgeEntry, standingBlocks, tripOf, type Candidate, type Standing } from './risk.ts'
import { sizeOf } from './size.ts'

const parsed = parseSettings({})
if (!parsed.ok) throw new Error(parsed.error.message)
const { rails } = parsed.value
const amount = (value: number | string): Decimal => decimal(String(value) as DecimalText)

const calm: Standing = {
  now: 1_000_000,
  rails,
  tradingState: 'active',
  tradingReason: '',
  released: true,
  journalFault: '',
  accountFault: '',
  userStreamHealthy: true,
  unresolved: 0,
  balanceMismatch: '',
  withoutStop: [],
  consecutiveRejects: 0,
  ordersLastMinute: 0,
  openPositions: 0,
  equity: amount(10_000),
  peakEquity: amount(10_000),
  dayStartEquity: amount(10_000),
}
const modest: Candidate = {
  symbol: 'BTCUSDT',
  allowed: true,
  entryInFlight: false,
  positionOpen: false,
  coolDownUntil: 0,
  dataAgeMs: 100,
  price: amount(50_000),
  mark: amount(50_010),
  quantity: amount('0.05'),
  positionNotional: amount(0),
  grossNotional: amount(0),
  maxLeverage: 3,
}

describe('each rail refuses by its own name, and passes at its limit', () => {
  const cases: readonly [rule: string, standing: Partial<Standing>, candidate: Partial<Candidate>][] = [
    ['trading-state', { tradingState: 'reduceOnly', tradingReason: 'test' }, {}],
    ['trading-state', { tradingState: 'halted' }, {}],
    ['released', { released: false }, {}],
    ['journal', { journalFault: 'the disk is full' }, {}],
    ['account', { accountFault: 'the account is in hedge mode' }, {}],
    ['user-stream', { userStreamHealthy: false }, {}],
    ['unresolved-order', { unresolved: 1 }, {}],
    ['balance-mismatch', { balanceMismatch: 'wallet: ledger 1, venue 2' }, {}],
    ['missing-stop', { withoutStop: ['ETHUSDT'] }, {}],
    ['consecutive-rejects', { consecutiveRejects: 5 }, {}],
    ['daily-loss', { equity: amount(9_500), peakEquity: amount(10_000) }, {}],
    ['drawdown-day', { rails: { ...rails, maxDailyLoss: '100000' as DecimalText }, equity: amount(9_200) }, {}],
    ['drawdown-peak', { dayStartEquity: amount(8_500), equity: amount(8_500) }, {}],
    ['symbol-allowed', {}, { allowed: false }],
    ['entry-in-flight', {}, { entryInFlight: true }],
    ['position-open', {}, { positionOpen: true }],
    ['stale-data', {}, { dataAgeMs: 5_001 }],
    ['cool-down', {}, { coolDownUntil: 1_000_001 }],
    ['orders-per-minute', { ordersLastMinute: 60 }, {}],
    ['max-open-positions', { openPositions: 3 }, {}],
    ['price-band', {}, { price: amount(51_511) }],
    ['price-band', {}, { mark: amount(0) }],
    ['max-order', {}, { quantity: amount('0.1001') }],
    ['max-position', {}, { positionNotional: amount(7_501) }],
    ['leverage', {}, { grossNotional: amount(27_501) }],
  ]
  for (const [rule, standing, candidate] of cases) {
    it(`${rule}: ${JSON.stringify({ ...standing, ...candidate }).slice(0, 60)}`, () => {
      const verdict = judgeEntry({ ...calm, ...standing }, { ...modest, ...candidate })
      expect(verdict.allowed).toBe(false)
      expect(verdict.rule).toBe(rule)
      expect(verdict.text).not.toBe('')
    })
  }

  it('a modest entry in calm waters passes every rail, and says which', () => {
    const verdict = judgeEntry(calm, modest)
    expect(verdict).toMatchObject({ allowed: true, rule: 'all' })
    expect(verdict.passed.length).toBe(23)
  })

  it('limits themselves pass: exactly the maximum order, position, leverage and age', () => {
    expect(judgeEntry(calm, { ...modest, quantity: amount('0.1') }).allowed).toBe(true)
    expect(judgeEntry(calm, { ...modest, positionNotional: amount(7_500) }).allowed).toBe(true)
    expect(judgeEntry(calm, { ...modest, grossNotional: amount(27_500) }).allowed).toBe(true)
    expect(judgeEntry(calm, { ...modest, dataAgeMs: 5_000 }).allowed).toBe(true)
    expect(judgeEntry({ ...calm, equity: amount('9500.01') }, modest).allowed).toBe(true)
  })
})

it('a rail that is changed, an equity or a reference that moves is judged anew, asked in any order', () => {
  const rule = (change: Partial<Standing>): string | undefined => blockOf({ ...calm, ...change })?.rule
  const equity = amount(9_300)
  const strict = { ...rails, maxDailyLoss: '100' as DecimalText }
  const loose = { ...rails, maxDailyLoss: '100000' as DecimalText }
  const narrow = { ...loose, maxDrawdownFromDayStartPct: 1 }
  const shallow = { ...loose, maxDrawdownFromPeakPct: 1 }
  for (let round = 0; round < 2; round++) {
    expect(rule({ equity, rails: strict })).toBe('daily-loss')
    expect(rule({ equity, rails: loose, dayStartEquity: amount(9_350) })).toBeUndefined()
    expect(rule({ equity, rails: strict, dayStartEquity: amount(9_350) })).toBeUndefined()
    expect(rule({ equity, rails: narrow })).toBe('drawdown-day')
    expect(rule({ equity, rails: { ...narrow, maxDrawdownFromDayStartPct: 50 } })).toBeUndefined()
    expect(rule({ equity, rails: shallow })).toBe('drawdown-peak')
    expect(rule({ equity, rails: shallow, peakEquity: equity, dayStartEquity: equity })).toBeUndefined()
    expect(rule({ equity: amount(9_990), rails: shallow })).toBeUndefined()
  }
})

describe('trips', () => {
  it('below the peak closes everything; refusals and unexplained money stop entries only', () => {
    expect(tripOf(calm)).toBeNull()
    expect(tripOf({ ...calm, equity: amount(8_500), dayStartEquity: amount(8_500) })).toMatchObject({
      level: 'flatten',
      rule: 'drawdown-peak',
    })
    expect(tripOf({ ...calm, consecutiveRejects: 9 })).toMatchObject({ level: 'reduceOnly', rule: 'consecutive-rejects' })
    expect(tripOf({ ...calm, balanceMismatch: 'x' })).toMatchObject({ level: 'reduceOnly', rule: 'balance-mismatch' })
  })

  it('the loss is measured from the peak, not from the start', () => {
    // From 10,000 up to 20,000 and back to 16,900: still far above the start, and 15.5 % below the peak.
    expect(tripOf({ ...calm, equity: amount(16_900), peakEquity: amount(20_000), dayStartEquity: amount(16_900) })).toMatchObject({
      rule: 'drawdown-peak',
    })
  })

  it('a day limit blocks without tripping', () => {
    const lost = { ...calm, equity: amount(9_400) }
    expect(tripOf(lost)).toBeNull()
    expect(standingBlocks(lost)).toEqual(['lost 600.00 USDT today, limit 500'])
  })
})

describe('size', () => {
  const input = {
    equity: amount(10_000),
    price: amount(50_000),
    stop: amount(49_000),
    riskPct: 0.5,
    rails,
    maxLeverage: 3,
    positionNotional: amount(0),
    grossNotional: amount(0),
  }

  it('risks the set fraction of equity between entry and stop', () => {
    expect(sizeOf(input).toFixed()).toBe('0.05')
  })

  it('never passes a rail, whatever goes in', () => {
    const positive = fc.double({ min: 0.000001, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(
        positive,
        positive,
        positive,
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        positive,
        (equity, price, stop, riskPct, held) => {
          const position = amount(new Decimal(held).toFixed())
          const size = sizeOf({
            ...input,
            equity: amount(new Decimal(equity).toFixed()),
            price: amount(new Decimal(price).toFixed()),
            stop: amount(new Decimal(stop).toFixed()),
            riskPct,
            positionNotional: position,
            grossNotional: position,
          })
          expect(size.isFinite() && size.gte(0)).toBe(true)
          const notional = size.times(new Decimal(price))
          expect(notional.lte(new Decimal(rails.maxOrderNotional).plus('1e-30'))).toBe(true)
          if (size.gt(0)) expect(notional.plus(position).lte(new Decimal(rails.maxPositionNotional).plus('1e-30'))).toBe(true)
        },
      ),
    )
  })

  it('no room, no distance, no equity: nothing', () => {
    expect(sizeOf({ ...input, stop: input.price }).isZero()).toBe(true)
    expect(sizeOf({ ...input, equity: amount(0) }).isZero()).toBe(true)
    expect(sizeOf({ ...input, grossNotional: amount(30_000) }).isZero()).toBe(true)
  })
})

import { describe, expect, it } from 'vitest'
import { KNOWN_SYMBOLS, symbolSpec } from './symbols.ts'
import { Instrument } from './instrument.ts'
import { present } from './present.ts'

describe('leverage tiers', () => {
  it('computes the cumulative amounts the venue published for BTC (2024-10)', () => {
    const cums = symbolSpec('BTCUSDT')?.tiers.map((tier) => tier.cum)
    const published = '0 50 950 11450 131450 481450 2981450 14481450 26481450 41481450 121481450 421481450'
    expect(cums).toEqual(published.split(' '))
  })

  it('computes the cumulative amounts the venue published for SOL (2024-10)', () => {
    const cums = symbolSpec('SOLUSDT')?.tiers.map((tier) => tier.cum)
    expect(cums).toEqual('0 30 380 8380 28380 228380 2228380 4228380 16728380 66728380'.split(' '))
  })
})

describe('contract data', () => {
  it('knows the venue’s USDT contracts by the hundred, the captured ones first, and nothing it was not told of', () => {
    expect(KNOWN_SYMBOLS.length).toBeGreaterThan(400)
    expect(KNOWN_SYMBOLS.slice(0, 3)).toEqual(['BTCUSDT', 'ETHUSDT', 'SOLUSDT'])
    expect(new Set(KNOWN_SYMBOLS).size).toBe(KNOWN_SYMBOLS.length)
    expect(symbolSpec('NOSUCHUSDT')).toBeUndefined()
  })

  it('fits the integer units of every symbol, with prices on the tick grid', () => {
    for (const symbol of KNOWN_SYMBOLS) {
      const spec = present(symbolSpec(symbol))
      const instrument = new Instrument(spec)
      const reference = instrument.tickOf(Number(spec.referencePrice))
      expect(reference % instrument.tick, symbol).toBe(0)
      expect(reference, symbol).toBeGreaterThan(instrument.minPrice)
      expect(reference, symbol).toBeLessThan(instrument.maxPrice)
      expect(Number.isSafeInteger(instrument.maxPrice), symbol).toBe(true)
      expect(Number(instrument.priceText(reference)), symbol).toBeCloseTo(Number(spec.referencePrice), spec.pricePrecision)
    }
  })

  it('carries the BTCUSDT filters of the 2026-09 capture', () => {
    expect(symbolSpec('BTCUSDT')).toMatchObject({
      minPrice: '556.80',
      maxPrice: '4529764',
      tickSize: '0.10',
      minQty: '0.001',
      maxQty: '1000',
      stepSize: '0.001',
      marketMaxQty: '120',
      minNotional: '50',
      multiplierUp: '1.0500',
      multiplierDown: '0.9500',
      liquidationFee: '0.0125',
      pricePrecision: 2,
      quantityPrecision: 3,
    })
  })
})

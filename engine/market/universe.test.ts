import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import { askedUniverse, universeChanges } from './universe.ts'

const volume = (symbol: string, millions: number) => ({ symbol, quoteVolume: `${millions}000000` as DecimalText })
const rules = (limit: number, keep: readonly string[] = []) => ({ limit, minQuoteVolume: 1_000_000, keep })

describe('what the settings ask for', () => {
  it.each([
    [['BTCUSDT', 'ETHUSDT'], ['BTCUSDT', 'ETHUSDT'], null],
    [['auto:10'], [], 10],
    [['SOLUSDT', 'auto:3'], ['SOLUSDT'], 3],
    [['auto:3', 'auto:5'], [], 5],
  ])('%j', (symbols, named, limit) => {
    expect(askedUniverse(symbols)).toEqual({ named, limit })
  })
})

describe('who came in and who fell out', () => {
  const now = [
    volume('BTCUSDT', 900),
    volume('ETHUSDT', 500),
    volume('DOGEUSDT', 400),
    volume('SOLUSDT', 300),
    volume('BTCUSDT_260327', 999),
  ]
  it('nobody, while the most traded are those chosen, in whatever order', () => {
    expect(universeChanges(['ETHUSDT', 'BTCUSDT'], now, rules(2))).toEqual({ entered: [], left: [] })
  })
  it('one for one; delivery contracts and quiet listings never come in', () => {
    expect(universeChanges(['BTCUSDT', 'ETHUSDT', 'SOLUSDT'], now, rules(3))).toEqual({ entered: ['DOGEUSDT'], left: ['SOLUSDT'] })
    expect(universeChanges(['BTCUSDT'], [volume('BTCUSDT', 2), volume('XUSDT', 0)], rules(5))).toEqual({ entered: [], left: [] })
  })
  it('a named symbol never falls out', () => {
    expect(universeChanges(['SOLUSDT', 'BTCUSDT'], now, rules(2, ['SOLUSDT']))).toEqual({ entered: [], left: [] })
  })
})

/** Synthetic fills against the real ledger: quantity exact, average entry within 0.01 %, ids that a replay recognises. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import { decimal, Decimal, toText } from '../money/decimal.ts'
import { createLedger } from '../money/ledger.ts'
import { syntheticFills, type PositionFacts } from './synthetic-fills.ts'

const text = (value: string): DecimalText => value as DecimalText
const facts = (quantity: string, entry: string): PositionFacts => ({ quantity: text(quantity), averageEntry: text(entry) })
const made = (have: PositionFacts, want: PositionFacts, mark: string | null = '61000') =>
  syntheticFills('BTCUSDT', 'BOTH', have, want, mark === null ? null : text(mark), 5)
const brief = (...args: Parameters<typeof made>) => made(...args).map((f) => `${f.side} ${f.quantity} @ ${f.price}`)

it.each([
  ['flat to long', facts('0', '0'), facts('0.5', '60000'), ['BUY 0.5 @ 60000']],
  ['flat to short', facts('0', '0'), facts('-0.5', '60000'), ['SELL 0.5 @ 60000']],
  ['long to flat closes at the mark', facts('0.5', '60000'), facts('0', '0'), ['SELL 0.5 @ 61000']],
  ['short to flat closes at the mark', facts('-0.5', '60000'), facts('0', '0'), ['BUY 0.5 @ 61000']],
  ['long increase at the price that makes the average', facts('1', '60000'), facts('2', '61000'), ['BUY 1 @ 62000']],
  ['short increase', facts('-1', '60000'), facts('-3', '61000'), ['SELL 2 @ 61500']],
  ['long decrease', facts('1', '60000'), facts('0.4', '60000'), ['SELL 0.6 @ 61000']],
  [
    'decrease with another average: closed at our own, opened at theirs',
    facts('1', '60000'),
    facts('0.4', '50000'),
    ['SELL 1 @ 60000', 'BUY 0.4 @ 50000'],
  ],
  ['long to short flip', facts('75', '60000'), facts('-65', '61000'), ['SELL 140 @ 61000']],
  ['short to long flip', facts('-1', '60000'), facts('1', '59000'), ['BUY 2 @ 59000']],
  ['only the average differs', facts('1', '60000'), facts('1', '61000'), ['SELL 1 @ 60000', 'BUY 1 @ 61000']],
  ['average within tolerance: nothing', facts('1', '60000'), facts('1', '60005'), []],
  ['a price that would have to be negative', facts('1', '60000'), facts('2', '20000'), ['SELL 1 @ 60000', 'BUY 2 @ 20000']],
  ['nothing on both sides', facts('0', '0'), facts('0', '0'), []],
] as const)('%s', (_, have, want, fills) => expect(brief(have, want)).toEqual(fills))

it('without a mark our own average is the price', () => {
  expect(brief(facts('0.5', '60000'), facts('0', '0'), null)).toEqual(['SELL 0.5 @ 60000'])
})

const amount = (max: number, places: number) =>
  fc.integer({ min: -max, max }).map((v) => toText(new Decimal(v).div(new Decimal(10).pow(places))))
const position = fc.tuple(amount(1_000_000, 3), fc.integer({ min: 1, max: 10_000_000 })).map(([quantity, entry]) => ({
  quantity,
  averageEntry: quantity === '0' ? text('0') : toText(new Decimal(entry).div(100)),
}))

it('property: applied to the ledger they give the venue’s quantity, its average within 0.01 %, and count once', () => {
  fc.assert(
    fc.property(position, position, (have, want) => {
      const ledger = createLedger({ wallet: text('0'), positions: [{ symbol: 'BTCUSDT', positionSide: 'BOTH', ...have }] })
      const fills = syntheticFills('BTCUSDT', 'BOTH', have, want, text('61000'), 5)
      for (const fill of fills) expect(ledger.applyFill(fill).kind).toBe('booked')
      const after = ledger.position('BTCUSDT', 'BOTH')
      expect(toText(after.quantity)).toBe(want.quantity)
      const target = decimal(want.averageEntry)
      expect(after.averageEntry.minus(target).abs().lte(target.mul('0.0001'))).toBe(true)
      for (const again of syntheticFills('BTCUSDT', 'BOTH', have, want, text('61000'), 99))
        expect(ledger.applyFill(again).kind).toBe('duplicate')
      expect(new Set(fills.map((f) => f.tradeId)).size).toBe(fills.length)
    }),
    { numRuns: 1_000 },
  )
})

it('ids vary with every part of the difference', () => {
  const id = (symbol: string, have: PositionFacts, want: PositionFacts) => syntheticFills(symbol, 'BOTH', have, want, null, 1)[0]?.tradeId
  const ids = [
    id('BTCUSDT', facts('1', '60000'), facts('2', '60000')),
    id('ETHUSDT', facts('1', '60000'), facts('2', '60000')),
    id('BTCUSDT', facts('1', '60000'), facts('3', '60000')),
    id('BTCUSDT', facts('1', '60001'), facts('2', '60000')),
    id('BTCUSDT', facts('1', '60000'), facts('2', '60002')),
    syntheticFills('BTCUSDT', 'LONG', facts('1', '60000'), facts('2', '60000'), null, 1)[0]?.tradeId,
  ]
  expect(new Set(ids).size).toBe(6)
})

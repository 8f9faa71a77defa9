import { describe, expect, it } from 'vitest'
import { decimal } from '../money/decimal.ts'
import { changeKeys, compareIncome, type BookedFigures, type IncomeContext } from './income.ts'
import { books, funding, history, NOW, text } from './planted.ts'

const compare = (part: Partial<IncomeContext>) => compareIncome(books({ context: { income: history(part) } }))
const booked = (commission: string, realized = '0'): BookedFigures => ({
  commission: decimal(text(commission)),
  realized: decimal(text(realized)),
})
const commission = (amount: string, tradeId = '7') => funding(amount, { type: 'COMMISSION', tradeId, id: `c${tradeId}${amount}` })

describe('the income history against the journal', () => {
  it('finds nothing where everything is booked, and nothing where it was not read', () => {
    const records = [funding('-0.25'), commission('-0.5')]
    expect(compare({ records, trade: () => booked('0.5') })).toMatchObject({ findings: [] })
    expect(compareIncome(books()).findings).toEqual([])
  })

  it('types, prices and explains a funding that is not booked: the wallet is not reported beside it', () => {
    const { findings, unbookedCash } = compare({ records: [funding('-0.25')], booked: () => 0 })
    expect(findings).toMatchObject([
      { kind: 'missing-income', severity: 'warn', symbol: 'BTCUSDT', venue: '-0.25', atRisk: '0.25', actions: ['repair', 'ignore'] },
    ])
    expect(unbookedCash.toFixed()).toBe('-0.25')
  })

  it('leaves other assets and zero amounts alone', () => {
    const records = [funding('-0.25', { asset: 'BNB' }), funding('0')]
    expect(compare({ records, booked: () => 0 }).findings).toEqual([])
  })

  it('sums commission and profit over the trades that both know; a trade that is not booked is a missing fill, not a drift', () => {
    const records = [commission('-0.5'), commission('-0.1', '8')]
    expect(compare({ records, trade: (_, id) => (id === '7' ? booked('0.5') : null) }).findings).toEqual([])
    expect(compare({ records, trade: () => booked('0.1') }).findings).toMatchObject([
      { kind: 'income-drift', symbol: 'USDT', local: '-0.2', venue: '-0.6', atRisk: '0.4', evidence: { type: 'COMMISSION' } },
    ])
  })

  it('sees two errors that cancel out', () => {
    const records = [commission('-0.5'), commission('-0.1', '8')]
    expect(compare({ records, trade: (_, id) => booked(id === '7' ? '0.1' : '0.5') }).findings).toHaveLength(1)
  })

  it('takes both sides of a trade with oneself together', () => {
    const records = [commission('-0.5'), { ...commission('-0.2'), id: 'other side' }]
    expect(compare({ records, trade: () => booked('0.7') }).findings).toEqual([])
  })

  it('does not take the eighth digit of the venue for a drift', () => {
    const profit = funding('1.23456789', { type: 'REALIZED_PNL', tradeId: '7' })
    expect(compare({ records: [profit], trade: () => booked('0', '1.2345678912') }).findings).toEqual([])
  })

  it('finds a booked movement that the history does not show', () => {
    const change = { reason: 'FUNDING_FEE', symbol: 'BTCUSDT', amount: text('-0.25'), time: NOW - 60_000 }
    expect(compare({ changes: [change], records: [funding('-0.25')] }).findings).toEqual([])
    expect(compare({ changes: [change] }).findings).toMatchObject([{ kind: 'income-drift', local: '-0.25', venue: 'none' }])
  })

  it('counts movements that share kind, second and amount: one of two booked leaves one missing', () => {
    const records = [funding('-0.25', { id: '1' }), funding('-0.25', { id: '2', symbol: 'ETHUSDT' })]
    expect(compare({ records, booked: () => 2 }).findings).toEqual([])
    const { findings, unbookedCash } = compare({ records, booked: () => 1 })
    expect(findings).toMatchObject([{ kind: 'missing-income', symbol: 'ETHUSDT', evidence: { count: 2 } }])
    expect(unbookedCash.toFixed()).toBe('-0.25')
    const change = { reason: 'FUNDING_FEE', symbol: 'BTCUSDT', amount: text('-0.25'), time: NOW - 60_000 }
    expect(compare({ records, changes: [change, change] }).findings).toEqual([])
    expect(compare({ records: records.slice(1), changes: [change, change] }).findings).toMatchObject([{ kind: 'income-drift' }])
  })

  it('knows a movement again under the other name and a second later', () => {
    const stream = changeKeys('DEPOSIT', 10_999, text('5'))[0]
    expect(changeKeys('TRANSFER', 11_000, text('5.0'))).toContain(stream)
    expect(changeKeys('TRANSFER', 12_000, text('5'))).not.toContain(stream)
    expect(changeKeys('FUNDING_FEE', 10_999, text('5'))).not.toContain(stream)
  })

  it('shows at most 20 at once', () => {
    const records = Array.from({ length: 50 }, (_, i) => funding('-0.25', { id: String(i) }))
    expect(compare({ records, booked: () => 0 }).findings).toHaveLength(20)
  })
})

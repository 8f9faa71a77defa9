/** Movements of the wallet that are no trades: told by the stream and by the income history in words of their own, they count once. */
import { expect, it } from 'vitest'
import { toText } from '../money/decimal.ts'
import { Bench, d } from './fixtures/leverage-bench.ts'

const AT = 60_001_500
const stream = (reason: string, change: string, wallet: string, at: number) => ({
  type: 'user' as const,
  at,
  event: {
    kind: 'account' as const,
    reason,
    balances: [{ asset: 'USDT', wallet: d(wallet), crossWallet: d(wallet), change: d(change) }],
    positions: [],
    eventTime: at,
    transactionTime: at,
  },
})
const history = (type: string, amount: string, time: number, at: number) => ({
  type: 'income' as const,
  at,
  result: {
    ok: true as const,
    value: [{ symbol: '', type, amount: d(amount), asset: 'USDT', time, id: '1', tradeId: '' }],
  },
})
const wallet = (bench: Bench): string => toText(bench.brain.ledger?.wallet() ?? expect.fail('no ledger'))

it.each([
  ['DEPOSIT', 'TRANSFER', '250', '10250'],
  ['WITHDRAW', 'TRANSFER', '-250', '9750'],
  ['FUNDING_FEE', 'FUNDING_FEE', '-1.5', '9998.5'],
])('%s of the stream and %s of the history are one movement', (said, recorded, amount, after) => {
  const bench = new Bench()
  bench.give(stream(said, amount, after, AT))
  bench.give(history(recorded, amount, AT - 400, AT + 1_000))
  expect(wallet(bench)).toBe(after)
  bench.give(stream(said, amount, after, AT))
  expect(wallet(bench)).toBe(after)
})

it('a transfer and a funding of the same amount in the same second are two', () => {
  const bench = new Bench()
  bench.give(stream('DEPOSIT', '5', '10005', AT))
  bench.give(stream('FUNDING_FEE', '5', '10010', AT))
  expect(wallet(bench)).toBe('10010')
})

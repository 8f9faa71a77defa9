/** Movements of the wallet that are no trades: told by the stream and by the income history in words of their own, they count once. */
import { expect, it } from 'vitest'
import { toText } from '../money/decimal.ts'
import { Bench, d } from './fixtures/leverage-bench.ts'
import { recallMovement } from './movements.ts'

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

const funding = (wallet: string, symbol: string, at = AT) => {
  const told = stream('FUNDING_FEE', '-1.5', wallet, at)
  return { ...told, event: { ...told.event, fundingSymbol: symbol } }
}
const fundings = (ids: readonly string[], time: number, at: number) => {
  const one = history('FUNDING_FEE', '-1.5', time, at)
  return { ...one, result: { ok: true as const, value: ids.flatMap((id) => one.result.value.map((record) => ({ ...record, id }))) } }
}

it('two fundings of one amount in one second are two, a message that comes again is none, and the history adds nothing', () => {
  const bench = new Bench()
  bench.give(funding('9998.5', 'BTCUSDT'))
  bench.give(funding('9997', 'ETHUSDT'))
  bench.give(funding('9998.5', 'BTCUSDT'))
  bench.give(funding('9997', 'ETHUSDT'))
  expect(wallet(bench)).toBe('9997')
  bench.give(fundings(['1', '2'], AT, AT + 1_000))
  bench.give(fundings(['1', '2'], AT, AT + 2_000))
  expect(wallet(bench)).toBe('9997')
})

it('of two fundings the stream lost one: the history makes it good, once', () => {
  const bench = new Bench()
  bench.give(funding('9998.5', 'BTCUSDT'))
  bench.give(fundings(['1', '2'], AT, AT + 1_000))
  bench.give(fundings(['1', '2'], AT, AT + 2_000))
  expect(wallet(bench)).toBe('9997')
  bench.give(funding('9997', 'ETHUSDT'))
  expect(wallet(bench)).toBe('9997')
})

it('stream and history a second apart are one movement, in either order', () => {
  for (const [first, second] of [
    [funding('9998.5', 'BTCUSDT', 60_000_999), fundings(['1'], 60_001_000, AT)],
    [fundings(['1'], 60_001_000, AT), funding('9998.5', 'BTCUSDT', 60_000_999)],
  ] as const) {
    const bench = new Bench()
    bench.give(first)
    bench.give(second)
    expect(wallet(bench)).toBe('9998.5')
  }
})

it('an audit that counts two books the second, and once only', () => {
  const bench = new Bench()
  bench.give(funding('9998.5', 'BTCUSDT'))
  const [record] = fundings(['2'], AT, AT).result.value
  if (record === undefined) throw new Error('no record')
  const repair = (count: number) => ({
    type: 'repair' as const,
    at: AT + 1_000,
    repair: { kind: 'book-income' as const, mismatchId: 'm', record, count },
  })
  bench.give(repair(1))
  expect(wallet(bench)).toBe('9998.5')
  bench.give(repair(2))
  bench.give(repair(2))
  expect(wallet(bench)).toBe('9997')
})

it('a restart that reads the history again books nothing twice', () => {
  const before = new Bench()
  before.give(funding('9998.5', 'BTCUSDT'))
  before.give(funding('9997', 'ETHUSDT'))
  const ids = [...before.brain.movements.keys()].flatMap((name) => [name, `${name} #2`])
  const after = new Bench()
  for (const id of ids) {
    after.brain.ledger?.applyChange({ kind: 'funding', id, amount: d('-1.5') })
    recallMovement(after.brain, id)
  }
  after.give(fundings(['1', '2'], AT, AT + 1_000))
  after.give(funding('9997', 'ETHUSDT'))
  expect(wallet(after)).toBe('9997')
  after.give(fundings(['1', '2', '3'], AT, AT + 2_000))
  expect(wallet(after)).toBe('9995.5')
})

/** The deep audit of the income history: the real reconciler over the real simulator, a position held over a funding. */
import { afterEach, expect, it } from 'vitest'
import type { OrderRequest } from '../contract/venue.ts'
import { must, startHarness, text, type Harness } from './fixtures/reconciler-harness.ts'

let harness: Harness
afterEach(async () => {
  await harness.close()
})

const BEFORE_FUNDING = Date.parse('2024-01-01T07:59:54Z')
const entry: OrderRequest = {
  clientId: 'testtest-BTCUSDT-e1',
  symbol: 'BTCUSDT',
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'MARKET',
  quantity: text('0.5'),
}

/** Holds 0.5 BTC over a funding; what the private stream tells is journaled as the brain does it. */
async function overFunding(dropped: boolean): Promise<void> {
  harness = await startHarness({ simulator: { startTime: BEFORE_FUNDING, speed: 2 } })
  const { venue, journal, simulator } = harness
  let funded = false
  venue.userStream?.onEvent((event) => {
    if (event.kind !== 'account' || event.reason !== 'FUNDING_FEE') return
    const amount = event.balances.find((balance) => balance.asset === 'USDT')?.change ?? text('0')
    const wallet = event.balances[0]?.wallet ?? text('0')
    must(journal.append('wallet-change', { reason: event.reason, symbol: 'BTCUSDT', amount, wallet, id: 'x' }, event.transactionTime))
    funded = true
  })
  expect(await venue.userStream?.start()).toMatchObject({ ok: true })
  must(await venue.private.place(entry))
  harness.journalFills(must(await venue.private.fills('BTCUSDT', {})))
  if (dropped) must(simulator.fault({ on: 'time', effect: { do: 'market', fault: { kind: 'user', how: 'drop', count: 1 } } }))
  await expect.poll(() => Number(simulator.account().funding), { timeout: 20_000, interval: 50 }).not.toBe(0)
  if (!dropped) await expect.poll(() => funded, { timeout: 10_000, interval: 20 }).toBe(true)
  harness.book = { ...(await harness.honestBook()) }
}
const audit = async () => {
  const report = must(await harness.reconciler.call('reconcile', { reason: 'deep' }, 30_000))
  expect(report.error).toBeUndefined()
  return report.mismatches.filter((m) => m.kind === 'missing-income' || m.kind === 'income-drift')
}

it('a funding that was booked is found booked', async () => {
  await overFunding(false)
  expect(await audit()).toEqual([])
})

it('a funding whose event the venue never sent is found, typed, booked by repair, and closed with proof', async () => {
  await overFunding(true)
  const amount = harness.simulator.account().funding
  harness.onRepair = (repair) => {
    if (repair.kind !== 'book-income') return
    const { type, symbol, time } = repair.record
    must(harness.journal.append('wallet-change', { reason: type, symbol, amount: repair.record.amount, wallet: text('0'), id: 'x' }, time))
  }
  expect(await audit()).toMatchObject([{ kind: 'missing-income', symbol: 'BTCUSDT', venue: amount, state: 'fixed' }])
  expect(harness.repairs).toMatchObject([{ kind: 'book-income', record: { type: 'FUNDING_FEE', amount } }])
})

it('a wrong commission in the ledger is found although the wallet was set right', async () => {
  harness = await startHarness()
  must(await harness.venue.private.place(entry))
  const fills = must(await harness.venue.private.fills('BTCUSDT', {}))
  harness.journalFills(fills.map((fill) => ({ ...fill, commission: text('0.01') })))
  harness.book = await harness.honestBook()
  expect(await audit()).toMatchObject([{ kind: 'income-drift', symbol: 'USDT', evidence: { type: 'COMMISSION' }, state: 'open' }])
})

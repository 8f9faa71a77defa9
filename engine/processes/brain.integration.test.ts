/**
 * The brain over the real embedded exchange: real sockets, real SQLite, faults on the wire, death at any moment. What must hold:
 * ledger = venue to the last digit, no order twice, no fill lost, journal intact.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { accountView } from '../brain/views.ts'
import type { SimulatorOptions } from '../simulator/server.ts'
import { chooseTape } from '../simulator/protocol/tape-choice.ts'
import { checkJournal, compare, settle } from './fixtures/brain-checks.ts'
import { brainOnSimulator, type Harness, type HarnessOptions } from './fixtures/brain-on-simulator.ts'

const open: Harness[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
async function harness(options: HarnessOptions): Promise<Harness> {
  const made = await brainOnSimulator(options)
  open.push(made)
  return made
}

const MINUTE = 60_000
const RECORDED = fileURLToPath(new URL('../../../shared/data/market/BTCUSDT-spot-1m-2021-02-19_2021-02-25.csv', import.meta.url))
const recorded = (minutes: number): Partial<SimulatorOptions> => {
  const tape = chooseTape({ kind: 'klines', file: RECORDED }, ['BTCUSDT'])
  if (!tape.ok) throw new Error(tape.error.message)
  return { ...tape.value, horizonMs: minutes * MINUTE }
}
/** Rails wide enough that a long run of the placeholder keeps trading. */
const WIDE = { maxDailyLoss: '5000', maxDrawdownFromPeakPct: 90, maxDrawdownFromDayStartPct: 90 }

describe('on a tape', () => {
  it('trades recorded bitcoin minutes; ledger equals the venue to the last digit', async ({ skip }) => {
    if (!existsSync(RECORDED)) return skip('recorded minutes are not beside this checkout')
    const h = await harness({ simulator: recorded(720), settings: { rails: WIDE } })
    await h.play()
    const { fills } = compare(h)
    expect(fills).toBeGreaterThan(8)
    checkFinite(h)
  })

  it('same seed and tape twice: the same orders and fills', async () => {
    const run = async (): Promise<{ orders: string; fills: string; log: string }> => {
      const h = await harness({
        simulator: { horizonMs: 600 * MINUTE, seed: 7 },
        settings: { symbols: ['BTCUSDT', 'ETHUSDT'], rails: WIDE },
      })
      await h.play()
      const rows = (kind: 'intent' | 'fill'): string => {
        h.runtime().publish(true)
        const read = h.journal().rows({ kinds: [kind] })
        return read.ok ? JSON.stringify(read.value.map((row) => [row.time, row.payload])) : ''
      }
      await h.runtime().barrier({ step: 0, time: h.runtime().state.now, ringHead: 0, userFrames: 0 })
      const { journal } = h
      journal().append('note', { text: 'flush' }, 0)
      const result = {
        orders: rows('intent'),
        fills: hash(JSON.stringify(h.emitted.filter((e) => e.topic === 'fill'))),
        log: h.simulator.exchange.eventLog().sha256,
      }
      expect(h.emitted.filter((e) => e.topic === 'fill').length).toBeGreaterThan(5)
      return result
    }
    const first = await run()
    expect(await run()).toEqual(first)
  })
})

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
function checkFinite(h: Harness): void {
  const view = accountView(h.runtime().state)
  for (const value of [view.wallet, view.equity, view.dayPnl, view.peakEquity]) expect(Number.isFinite(Number(value))).toBe(true)
}

describe('INV-04: ambiguous outcomes', () => {
  for (const [name, effect] of [
    ['503 unknown, executed', { do: 'unknown', executed: true }],
    ['503 unknown, not executed', { do: 'unknown', executed: false }],
    ['timeout, executed', { do: 'timeout', executed: true }],
    ['reset after execution', { do: 'reset', executed: true }],
    ['reset before execution', { do: 'reset', executed: false }],
    ['answer cut in half', { do: 'truncated' }],
    ['answer that is no JSON', { do: 'garbage' }],
    ['hang, executed', { do: 'hang', executed: true }],
  ] as const) {
    it(`${name}: one order, resolved by its client id`, async () => {
      const h = await harness({ simulator: { horizonMs: 900 * MINUTE, seed: 7 }, settings: { rails: WIDE } })
      const armed = h.simulator.fault({ on: 'request', path: 'POST /fapi/v1/order', nth: 1, times: 1, effect })
      expect(armed.ok).toBe(true)
      await h.play(() => h.runtime().state.counters.signals >= 3)
      await settle(h)
      const rows = h.journal().rows({ kinds: ['request-ambiguous'] })
      expect(rows.ok && rows.value.length).toBeGreaterThanOrEqual(1)
      expect(h.journal().unresolved()).toMatchObject({ ok: true, value: [] })
      compare(h)
      checkJournal(h)
    })
  }

  it('every stop and take-profit answer lost: still exactly one of each, and the position is never bare', async () => {
    const h = await harness({ simulator: { horizonMs: 900 * MINUTE, seed: 7 }, settings: { rails: WIDE } })
    h.simulator.fault({ on: 'request', path: 'POST /fapi/v1/algoOrder', nth: 1, times: 1_000, effect: { do: 'unknown', executed: true } })
    let most = 0
    await h.play(() => {
      const { state } = h.runtime()
      const open = [...state.orders.values()].filter(
        (order) => order.role === 'stop' && ['Open', 'Unresolved', 'SubmitInFlight'].includes(order.state),
      )
      most = Math.max(most, open.length)
      return state.counters.signals >= 4
    })
    expect(most).toBe(1)
    await settle(h)
    compare(h)
    checkJournal(h)
  })
})

describe('recovery', () => {
  it('a brain that died between intent and answer finds its order by client id, and sends nothing twice', async () => {
    const h = await harness({ simulator: { horizonMs: 1_500 * MINUTE, seed: 7 }, settings: { rails: WIDE } })
    const armed = h.simulator.fault({
      on: 'request',
      path: 'POST /fapi/v1/order',
      nth: 1,
      times: 1,
      effect: { do: 'unknown', executed: true },
    })
    expect(armed.ok).toBe(true)
    // The look-up fails as well, so the intent is still open when the brain dies.
    h.simulator.fault({ on: 'request', path: 'GET /fapi/v1/order', nth: 1, times: 50, effect: { do: 'unavailable' } })
    await h.play(() => h.runtime().state.counters.orders >= 1 && h.runtime().state.orders.values().next().value?.state === 'Unresolved')
    expect(h.journal().unresolved()).toMatchObject({ ok: true, value: [{ payload: { role: 'entry' } }] })
    h.simulator.clearFaults()
    await h.restart()
    const recovered = [...h.runtime().state.orders.values()].find((order) => order.role === 'entry')
    expect(recovered?.state).not.toBe('Unresolved')
    expect(recovered?.orderId).not.toBe('')
    await settle(h)
    compare(h)
    checkJournal(h)
  })
})

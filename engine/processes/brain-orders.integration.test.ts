/**
 * Amendments, batches, trailing stops and the hedged account over the running brain on the real embedded exchange: real sockets, real
 * SQLite, faults on the wire. What must hold at the end of each: ledger = venue to the last digit, no order twice, no intent open.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import { riskView } from '../brain/views.ts'
import { decimal, toText } from '../money/decimal.ts'
import { isTerminal, type Order } from '../orders/order.ts'
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
const WIDE = { maxDailyLoss: '5000', maxDrawdownFromPeakPct: 90, maxDrawdownFromDayStartPct: 90, coolDownSeconds: 0 }
const ordersOf = (h: Harness): Order[] => [...h.runtime().state.orders.values()]
const resting = (h: Harness): Order | undefined => ordersOf(h).find((order) => order.role === 'entry' && order.state === 'Open')
const placed = (h: Harness): readonly Order[] => ordersOf(h).filter((order) => order.role === 'entry')

async function end(h: Harness): Promise<void> {
  await settle(h)
  expect(h.journal().unresolved()).toMatchObject({ ok: true, value: [] })
  compare(h)
  checkJournal(h)
}

const textOf = (value: number): DecimalText => toText(decimal(String(value) as DecimalText))

/** Further from the market, on the tick, and still before the plan's stop. */
function awayFrom(h: Harness, order: Order): DecimalText {
  const stop = Number(h.runtime().state.bySymbol.get(order.symbol)?.trade?.plan.stop)
  return textOf(Math.round((Number(order.price) * 0.3 + stop * 0.7) * 10) / 10)
}

describe('amendments', () => {
  const path = 'PUT /fapi/v1/order'
  const faults: readonly (readonly [name: string, effect: object | null, taken: boolean])[] = [
    ['answered', null, true],
    ['503 unknown, executed', { do: 'unknown', executed: true }, true],
    ['503 unknown, not executed', { do: 'unknown', executed: false }, false],
    ['timeout, executed', { do: 'timeout', executed: true }, true],
    ['reset after execution', { do: 'reset', executed: true }, true],
    ['reset before execution', { do: 'reset', executed: false }, false],
    ['answer cut in half', { do: 'truncated' }, true],
    ['refused', { do: 'refuse', status: 400, code: -5026, msg: 'Exceed maximum modify order limit.' }, false],
    ['unavailable', { do: 'unavailable' }, false],
  ]
  for (const [name, effect, taken] of faults) {
    it(`${name}: the book ends with the venue’s terms, asked for once`, async () => {
      const h = await harness({ simulator: { horizonMs: 1_500 * MINUTE, seed: 7 }, settings: { rails: WIDE } })
      await h.play(() => resting(h) !== undefined)
      const order = resting(h)
      if (order === undefined) throw new Error('an entry rests')
      if (effect !== null) expect(h.simulator.fault({ on: 'request', path, nth: 1, times: 1, effect }).ok).toBe(true)
      const wish = { price: awayFrom(h, order), quantity: textOf(Number(order.quantity) - 0.001) }
      const { state } = h.runtime()
      const answer = h.runtime().event({ type: 'amend', at: state.now, clientId: order.clientId, ...wish })
      expect(answer).toMatchObject({ applied: true })
      await h.play(() => state.orders.get(order.clientId)?.amendment === null)
      const now = state.orders.get(order.clientId)
      const { private: account } = h.venue()
      const truth = account === undefined ? null : await account.order(order.symbol, order.clientId, 'regular')
      if (now === undefined || truth === null || !truth.ok) throw new Error('both sides know the order')
      expect([Number(now.price), Number(now.quantity)]).toEqual([Number(truth.value.price), Number(truth.value.quantity)])
      expect(Number(now.price)).toBe(taken ? Number(wish.price) : Number(order.price))
      const rows = h.journal().rows({ kinds: ['intent', 'request-ambiguous'] })
      if (!rows.ok) throw new Error(rows.error.message)
      expect(rows.value.filter((row) => row.payload.action === 'amend' && row.kind === 'intent').length).toBe(1)
      await end(h)
    })
  }

  it('a brain that died with an amendment on the wire finds its terms by client id', async () => {
    const h = await harness({ simulator: { horizonMs: 1_500 * MINUTE, seed: 7 }, settings: { rails: WIDE } })
    await h.play(() => resting(h) !== undefined)
    const order = resting(h)
    if (order === undefined) throw new Error('an entry rests')
    h.simulator.fault({ on: 'request', path, nth: 1, times: 1, effect: { do: 'unknown', executed: true } })
    h.simulator.fault({ on: 'request', path: 'GET /fapi/v1/order', nth: 1, times: 50, effect: { do: 'unavailable' } })
    const price = awayFrom(h, order)
    h.runtime().event({ type: 'amend', at: h.runtime().state.now, clientId: order.clientId, price })
    await h.play(() => h.runtime().state.orders.get(order.clientId)?.state === 'AmendUnresolved')
    h.simulator.clearFaults()
    await h.restart()
    // A brain that is not released yet lets its entries go; what matters is that the terms are the venue's and nothing is open.
    expect(h.runtime().state.orders.get(order.clientId)).toMatchObject({ amendment: null, quantity: order.quantity })
    expect(Number(h.runtime().state.orders.get(order.clientId)?.price)).toBe(Number(price))
    await end(h)
  })

  it('what the rails forbid is not asked for', async () => {
    const h = await harness({ simulator: { horizonMs: 1_500 * MINUTE, seed: 7 }, settings: { rails: WIDE } })
    await h.play(() => resting(h) !== undefined)
    const order = resting(h)
    if (order === undefined) throw new Error('an entry rests')
    const { state } = h.runtime()
    const ask = (wish: object) => h.runtime().event({ type: 'amend', at: state.now, clientId: order.clientId, ...wish })
    expect(ask({ quantity: textOf(Number(order.quantity) * 50) })).toMatchObject({
      applied: false,
      reason: expect.stringContaining('max-order'),
    })
    expect(ask({ price: textOf(Number(order.price) * 2) })).toMatchObject({ applied: false })
    expect(ask({})).toMatchObject({ applied: false, reason: expect.stringContaining('already') })
    expect(ask({ clientId: 'nobody' })).toMatchObject({ applied: false, reason: 'no such order' })
    expect(state.orders.get(order.clientId)).toMatchObject({ state: 'Open', price: order.price })
  })
})

describe('batches', () => {
  const symbols = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT']
  const settings = { symbols, strategy: { rsiPeriod: 2 }, rails: { ...WIDE, maxOpenPositions: 10, maxOrdersPerMinute: 1_000 } }
  for (const [name, effect] of [
    ['lost as a whole, executed', { do: 'unknown', executed: true }],
    ['lost as a whole, not executed', { do: 'unknown', executed: false }],
    ['cut in half', { do: 'truncated' }],
    ['answered', null],
  ] as const) {
    it(`entries of several symbols on one bar leave together; ${name}: each order has its own fate`, async () => {
      const h = await harness({ simulator: { horizonMs: 400 * MINUTE, seed: 3 }, settings })
      if (effect !== null) {
        const armed = h.simulator.fault({ on: 'request', path: 'POST /fapi/v1/batchOrders', nth: 1, times: 1, effect })
        expect(armed.ok).toBe(true)
      }
      const together = (): number => {
        const times = new Map<number, number>()
        for (const order of placed(h)) times.set(order.createdAt, (times.get(order.createdAt) ?? 0) + 1)
        return Math.max(0, ...times.values())
      }
      await h.play(() => together() >= 2 && placed(h).every((order) => order.state !== 'SubmitInFlight'))
      expect(together()).toBeGreaterThanOrEqual(2)
      const lost = h.journal().rows({ kinds: ['request-ambiguous'] })
      if (effect !== null) expect(lost.ok && new Set(lost.value.map((row) => row.payload.clientId)).size).toBeGreaterThanOrEqual(2)
      await end(h)
    })
  }
})

describe('trailing', () => {
  it('the stop follows by rule, orphan-proof, over a death, and the books stay exact', async () => {
    const h = await harness({ simulator: { horizonMs: 3_000 * MINUTE, seed: 7 }, settings: { rails: WIDE, strategy: { trailAtr: 0.5 } } })
    const replaced = (): number => {
      const rows = h.journal().rows({ kinds: ['intent'] })
      return rows.ok ? rows.value.filter((row) => row.payload.reason === 'the stop is replaced').length : 0
    }
    const levels = new Map<string, number>()
    let most = 0
    const look = (): boolean => {
      const { state } = h.runtime()
      for (const { trade } of state.symbols) {
        if (trade === null) continue
        const live = ordersOf(h).filter((order) => order.group === trade.group && order.role === 'stop' && !isTerminal(order.state))
        most = Math.max(most, live.length)
        const entry = state.orders.get(trade.group)
        if (entry?.state === 'Filled' && state.ledger?.position(trade.group.split('-')[1] ?? '', 'BOTH').quantity.isZero() === false) {
          expect(live.length, 'never bare').toBeGreaterThan(0)
        }
        const before = levels.get(trade.group)
        const level = Number(trade.stopLevel)
        if (before !== undefined) expect((level - before) * (trade.plan.side === 'BUY' ? 1 : -1), 'never loosens').toBeGreaterThanOrEqual(0)
        levels.set(trade.group, level)
      }
      return replaced() >= 1
    }
    await h.play(look)
    expect(replaced()).toBeGreaterThanOrEqual(1)
    const trade = h.runtime().state.symbols[0]?.trade
    const level = trade?.stopLevel
    await h.restart()
    if (trade !== null && trade !== undefined)
      expect(h.runtime().state.symbols[0]?.trade).toMatchObject({ group: trade.group, stopLevel: level })
    await h.play(() => (look(), replaced() >= 4))
    // Two only while the better one takes the other's place.
    expect(most).toBeLessThanOrEqual(2)
    expect(h.runtime().state.counters.rejects).toBe(0)
    await end(h)
  })
})

describe('a hedged account', () => {
  it('is traded by sides: every order says its side, the ledger agrees, nothing is left', async () => {
    const h = await harness({
      simulator: { horizonMs: 1_500 * MINUTE, seed: 7, hedge: true },
      settings: { positionMode: 'hedge', rails: WIDE, strategy: { trailAtr: 0.5 } },
    })
    await h.play()
    const { state } = h.runtime()
    expect(state.ledger?.fillCount ?? 0).toBeGreaterThan(8)
    const sides = new Set(ordersOf(h).map((order) => order.request.positionSide))
    expect([...sides].sort()).toEqual(['LONG', 'SHORT'])
    expect(state.counters.rejects).toBe(0)
    await end(h)
  })

  it('the settings and the venue disagree: the engine says so and enters nothing', async () => {
    for (const [positionMode, hedge] of [
      ['one-way', true],
      ['hedge', false],
    ] as const) {
      const h = await harness({ simulator: { horizonMs: 300 * MINUTE, seed: 7, hedge }, settings: { positionMode, rails: WIDE } })
      await h.play()
      const { state } = h.runtime()
      expect(state.counters.signals).toBeGreaterThan(0)
      expect(state.counters.orders).toBe(0)
      expect(riskView(state).blocks.join()).toContain(
        `the account is in ${hedge ? 'hedge' : 'one-way'} mode, the settings say ${positionMode}`,
      )
    }
  })

  it('a mode that is changed under a running engine stops entries with the first refusal', async () => {
    const h = await harness({ simulator: { horizonMs: 900 * MINUTE, seed: 7 }, settings: { rails: WIDE } })
    const effect = { do: 'refuse', status: 400, code: -4061, msg: "Order's position side does not match user's setting." }
    h.simulator.fault({ on: 'request', path: 'POST /fapi/v1/order', nth: 1, times: 1, effect })
    await h.play(() => h.runtime().state.counters.signals >= 3)
    expect(h.runtime().state.counters.orders).toBe(1)
    expect(riskView(h.runtime().state).blocks.join()).toContain('position mode was changed')
  })
})

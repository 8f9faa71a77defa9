/**
 * Earned leverage on the real brain and the real embedded exchange: the record comes back from the journal, the venue confirms before
 * the entry leaves, a refusal or a lost answer lets nothing leave on a guess, and what is lost is lowered at the venue.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { JournalKind, JournalRow } from '../contract/journal-kinds.ts'
import type { ShadowFact } from '../contract/learning.ts'
import { checkJournal, compare, settle } from './fixtures/brain-checks.ts'
import { brainOnSimulator, type Harness } from './fixtures/brain-on-simulator.ts'

const open: Harness[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const MINUTE = 60_000
const WIDE = {
  maxDailyLoss: '5000',
  maxDrawdownFromPeakPct: 90,
  maxDrawdownFromDayStartPct: 90,
  maxOrderNotional: '1000000',
  maxPositionNotional: '1000000',
}

/** Outcomes of an earlier life: a student that leaves losers alone, or (`good` false) one whose trades lose like any other. */
function earlierLife(n: number, good: boolean, from = 0): ShadowFact[] {
  return Array.from({ length: n }, (_, k): ShadowFact[] => {
    const i = from + k
    const taken = i % 3 !== 2
    const r = good ? (taken ? 1.8 + (i % 5) / 10 : -1) : -1
    const about = { signalId: `earlier:${i}`, time: i + 1, taken }
    return [
      { ...about, event: 'watched', side: 'BUY', price: 100, stop: 99, takeProfit: 102, maxHoldMs: 60_000, features: {}, chance: 0.6 },
      { ...about, event: 'outcome', barrier: r > 0 ? 'takeProfit' : 'stop', r, t: 0, steps: 0, weights: {} },
    ]
  }).flat()
}

async function withRecord(facts: readonly ShadowFact[]): Promise<Harness> {
  const h = await brainOnSimulator({
    simulator: { horizonMs: 6_000 * MINUTE, seed: 7 },
    settings: { seed: 7, strategy: { name: 'student', riskPerTradePct: 5 }, rails: WIDE },
  })
  open.push(h)
  remember(h, facts)
  await h.restart()
  return h
}

function remember(h: Harness, facts: readonly ShadowFact[]): void {
  for (const fact of facts) {
    const written = h.journal().append('shadow', fact, h.runtime().state.now, { symbol: 'BTCUSDT', ref: fact.signalId })
    if (!written.ok) throw new Error(written.error.message)
  }
}

const rows = <K extends JournalKind>(h: Harness, kind: K): readonly JournalRow<K>[] => {
  h.runtime().publish(true)
  const read = h.journal().rows({ kinds: [kind] })
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}
const venueLeverage = (h: Harness): unknown => {
  const answer = h.simulator.exchange.request('GET /fapi/v1/symbolConfig', h.simulator.key, { symbol: 'BTCUSDT' })
  if (!answer.ok || !Array.isArray(answer.body)) throw new Error('no symbolConfig')
  const [first]: unknown[] = answer.body
  return typeof first === 'object' && first !== null && 'leverage' in first ? first.leverage : null
}
const entries = (h: Harness) => rows(h, 'intent').filter((row) => row.payload.role === 'entry' && row.payload.action === 'place')

describe('a student with a record', () => {
  it('raises the leverage at the venue, and only then its entry leaves; the position is shown with it', async () => {
    const h = await withRecord(earlierLife(130, true))
    const earned = h.runtime().state.symbols[0]?.strategy.earnedSteps?.() ?? 0
    expect(earned).toBeGreaterThanOrEqual(2)
    expect(venueLeverage(h)).toBe(3)
    await h.play(() => entries(h).length > 0)
    await settle(h)
    expect(venueLeverage(h)).toBe(3 + earned)
    const changes = rows(h, 'leverage').filter((row) => row.payload.to === 3 + earned)
    expect(changes.map((row) => row.payload.step)).toEqual(['asked', 'confirmed'])
    const first = entries(h)[0]
    expect(changes.at(-1)?.seq).toBeLessThan(first?.seq ?? 0)
    const view = h.emitted.findLast((one) => one.topic === 'learning')
    expect(view?.data).toMatchObject({
      strategy: 'student',
      rows: [{ symbol: 'BTCUSDT', base: 3, allowed: 3 + earned, most: 10, venue: 3 + earned }],
    })
    compare(h)
    checkJournal(h)
  })

  it('a venue that refuses it: no entry leaves on that signal', async () => {
    const h = await withRecord(earlierLife(130, true))
    h.simulator.fault({
      on: 'request',
      path: 'POST /fapi/v1/leverage',
      nth: 1,
      times: 1,
      effect: { do: 'refuse', status: 400, code: -4028, msg: 'Leverage is not valid' },
    })
    await h.play(() => rows(h, 'leverage').some((row) => row.payload.step === 'refused'))
    await settle(h)
    expect(entries(h)).toEqual([])
    expect(rows(h, 'decision').at(-1)?.payload).toMatchObject({ allowed: false, rule: 'leverage' })
    expect(venueLeverage(h)).toBe(3)
    compare(h)
  })

  it('an answer that is lost: nothing leaves on a guess; it is asked again before the next entry', async () => {
    const h = await withRecord(earlierLife(130, true))
    h.simulator.fault({
      on: 'request',
      path: 'POST /fapi/v1/leverage',
      nth: 1,
      times: 1,
      effect: { do: 'unknown', executed: true },
    })
    await h.play(() => entries(h).length > 0)
    await settle(h)
    const steps = rows(h, 'leverage').map((row) => row.payload.step)
    expect(steps.slice(-4)).toEqual(['asked', 'refused', 'asked', 'confirmed'])
    expect(rows(h, 'decision').map((row) => row.payload.rule)).toEqual(['leverage', 'all'])
    compare(h)
    checkJournal(h)
  })

  it('loses it under an open position: lowered at the venue at once, and for the hours after it never above what is earned', async () => {
    const h = await withRecord(earlierLife(130, true))
    const symbol = h.runtime().state.symbols[0]
    const positions = (): number => h.simulator.exchange.account(h.simulator.key).positions.length
    await h.play(() => positions() > 0)
    expect(Number(venueLeverage(h))).toBeGreaterThan(3)
    // What 200 lost trades would teach it, all at once.
    for (const fact of earlierLife(200, false, 130)) symbol?.strategy.recall?.(fact)
    expect(symbol?.strategy.earnedSteps?.()).toBe(0)
    const lostAt = h.runtime().state.now
    await h.play(() => venueLeverage(h) === 3)
    expect(positions()).toBe(1)
    // The clock sees it at the tape's next step, without waiting for a bar to close.
    expect(h.runtime().state.now - lostAt).toBeLessThanOrEqual(10_000)
    const tooHigh: unknown[] = []
    await h.play(() => {
      if (Number(venueLeverage(h)) > 3 + (symbol?.strategy.earnedSteps?.() ?? 0)) tooHigh.push(venueLeverage(h))
      return h.runtime().state.now > lostAt + 1_000 * MINUTE
    })
    await settle(h)
    expect(tooHigh).toEqual([])
    compare(h)
    checkJournal(h)
  })

  it('loses it over a restart: lowered at the venue before anything else is entered', async () => {
    const h = await withRecord(earlierLife(130, true))
    await h.play(() => entries(h).length > 0)
    await settle(h)
    expect(Number(venueLeverage(h))).toBeGreaterThan(3)
    remember(h, earlierLife(200, false, 130))
    await h.restart()
    expect(h.runtime().state.symbols[0]?.strategy.earnedSteps?.()).toBe(0)
    await settle(h)
    const before = entries(h).length
    expect(venueLeverage(h)).toBe(3)
    expect(entries(h)).toHaveLength(before)
    compare(h)
    checkJournal(h)
  })
})

it('the record survives kill -9: the same figures from the journal as from memory', async () => {
  const h = await brainOnSimulator({
    simulator: { horizonMs: 6_000 * MINUTE, seed: 7 },
    settings: { seed: 7, strategy: { name: 'teacher' }, rails: WIDE },
  })
  open.push(h)
  const shadow = () => h.runtime().state.symbols[0]?.strategy.shadow?.()
  await h.play(() => (shadow()?.learned ?? 0) >= 6)
  h.runtime().publish(true)
  await h.runtime().barrier({ step: 0, time: h.runtime().state.now, ringHead: 0, userFrames: 0 })
  const before = shadow()
  expect(before?.learned).toBeGreaterThanOrEqual(6)
  await h.restart()
  expect(shadow()).toEqual(before)
  expect(rows(h, 'shadow').filter((row) => row.payload.event === 'outcome')).toHaveLength(before?.learned ?? 0)
})

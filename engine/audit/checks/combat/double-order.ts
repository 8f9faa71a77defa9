/** C3.1: two signals for a symbol within 10 ms give one entry, in one process and across a restart of the brain (INV-07). */
import type { Command } from '../../../brain/events.ts'
import type { BrainState } from '../../../brain/state.ts'
import type { JournalEntry, JournalRow } from '../../../contract/journal-kinds.ts'
import { TickKind, TICK_WORDS, writeTick } from '../../../contract/tick.ts'
import type { AccountSnapshot } from '../../../contract/venue.ts'
import { parseSettings } from '../../../contract/settings.ts'
import type { StrategyFactory } from '../../../strategy/strategy.ts'
import { defineCheck, verdict } from '../../check.ts'
import { listing, text } from '../../material.ts'
import type { Seams } from '../../seams.ts'

const START = 1_700_000_040_000
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const

/** Wants to enter on every bar: nothing but the brain stands between it and a second order. */
const eager: StrategyFactory = (symbol) => ({
  name: 'eager',
  warmUpBars: 0,
  onBar: (bar, live) =>
    live
      ? {
          id: `eager:${symbol}:${bar.openTime}`,
          strategy: 'eager',
          symbol,
          side: 'BUY',
          time: bar.openTime + 60_000,
          price: bar.close,
          entry: { type: 'LIMIT', price: bar.close, timeoutMs: 90_000 },
          stop: bar.close * 0.99,
          takeProfit: bar.close * 1.02,
          invalidation: bar.close * 0.99,
          maxHoldMs: 3_600_000,
          leverageClass: 'teacher',
          why: 'always',
          features: {},
        }
      : undefined,
  reset: () => {},
})

const account: AccountSnapshot = {
  takenAt: START,
  balances: [
    {
      asset: 'USDT',
      wallet: text('10000'),
      crossWallet: text('10000'),
      available: text('10000'),
      unrealizedPnl: text('0'),
      updatedAt: START,
    },
  ],
  positions: [],
  openOrders: [],
}

function brainOf(seams: Seams, session: string, counter: number): BrainState {
  const settings = parseSettings({})
  if (!settings.ok) throw new Error(settings.error.message)
  return seams.createBrain({
    session,
    symbols: SYMBOLS,
    filters: SYMBOLS.map((symbol) => listing(symbol).filters),
    tiers: new Map(),
    rails: settings.value.rails,
    strategySettings: settings.value.strategy,
    createStrategy: eager,
    leverage: 3,
    hedge: false,
    rate: 1,
    tradingState: 'active',
    proofMs: 6_000,
    counter,
  })
}

/** Brings a brain to the point where it may trade. */
function ready(seams: Seams, brain: BrainState, at: number): Command[] {
  const out: Command[] = []
  seams.reduce(brain, { type: 'snapshot', at, reason: 'start', result: { ok: true, value: { ...account, takenAt: at } } }, out)
  for (const symbol of SYMBOLS) seams.reduce(brain, { type: 'fills', at, symbol, result: { ok: true, value: [] } }, out)
  seams.reduce(brain, { type: 'income', at, result: { ok: true, value: [] } }, out)
  seams.reduce(brain, { type: 'stream', at, healthy: true }, out)
  seams.reduce(brain, { type: 'release', at }, out)
  return out
}

/** Closed bars of both symbols, `count` each, delivered in one burst at `at`. */
function burst(seams: Seams, brain: BrainState, first: number, count: number, at: number): Command[] {
  const out: Command[] = []
  for (let k = 0; k < count; k++) {
    SYMBOLS.forEach((symbol, id) => {
      const price = Number(listing(symbol).referencePrice)
      const view = new Float64Array(TICK_WORDS * 3)
      const micros = (first + k * 60_000) * 1_000
      writeTick(view, 0, id, TickKind.mark, at * 1_000, price, price, 0.0001, START + 28_800_000, 0)
      writeTick(view, 1, id, TickKind.bookTop, at * 1_000, price - 0.1, 5, price, 5, 1)
      writeTick(view, 2, id, TickKind.barClosed, micros, price, price * 1.0001, price * 0.9999, price, 3)
      // Two signals of one symbol 10 ms apart at most.
      seams.reduceTicks(brain, view, 0, 3, at + Math.min(10, k * 2), out)
    })
  }
  return out
}

const entriesOf = (commands: readonly Command[], symbol: string): string[] =>
  commands.flatMap((c) =>
    c.type === 'place' && c.order.symbol === symbol && c.order.reduceOnly !== true && c.order.closePosition !== true
      ? [c.order.clientId]
      : [],
  )

const rowsOf = (entries: readonly JournalEntry[]): JournalRow[] =>
  entries.map((e, i) => ({
    seq: i + 1,
    time: e.time,
    kind: e.kind,
    symbol: e.symbol ?? '',
    ref: e.ref ?? '',
    process: 'brain',
    session: 'aaaaaaaa',
    build: 'audit',
    payload: e.payload,
    hash: '',
  }))

export const doubleOrder = defineCheck({
  id: 'C3.1',
  suite: 'combat',
  dimension: 'state',
  title: 'Double order',
  risk: 'CRITICAL',
  invariant: 'INV-07',
  run: ({ seams }) => {
    const problems: string[] = []
    const first = brainOf(seams, 'aaaaaaaa', 0)
    const commands = [...ready(seams, first, START), ...burst(seams, first, START, 6, START + 360_000)]
    for (const symbol of SYMBOLS) {
      const entries = entriesOf(commands, symbol)
      if (entries.length !== 1) problems.push(`${symbol}: 6 signals within 10 ms gave ${entries.length} entries`)
    }
    const intents = commands.flatMap((c) => (c.type === 'journal' && c.entry.kind === 'intent' ? [c.entry] : []))
    const before = commands.findIndex((c) => c.type === 'place')
    const journaled = commands.findIndex((c) => c.type === 'journal' && c.entry.kind === 'intent')
    if (journaled < 0 || journaled > before) problems.push('an order leaves before its intent is journaled')

    // The brain dies with the answer outstanding. The next one knows the journal only, and hears nothing from the venue yet.
    const second = brainOf(seams, 'aaaaaaaa', intents.length)
    const known = commands.flatMap((c) => (c.type === 'journal' ? [c.entry] : []))
    seams.rebuild(second, rowsOf(known))
    const after = [...ready(seams, second, START + 361_000), ...burst(seams, second, START + 360_000, 6, START + 362_000)]
    for (const symbol of SYMBOLS) {
      const again = entriesOf(after, symbol)
      if (again.length !== 0) problems.push(`${symbol}: after a restart with the outcome unknown ${again.length} more entries left`)
    }
    if (!after.some((c) => c.type === 'lookup')) problems.push('after a restart the unresolved order is not looked up by its client id')
    return Promise.resolve(
      verdict(
        problems,
        `${SYMBOLS.length * 12} signals, ${SYMBOLS.length} entries; restart with an open outcome adds none and looks it up`,
        'one entry per symbol, in one process and across a restart',
        { signals: SYMBOLS.length * 12 },
      ),
    )
  },
  sabotages: [
    {
      name: 'the brain forgets the trade and the order under way',
      seams: (real) => ({
        ...real,
        reduceTicks: (state, ...rest) => {
          for (const symbol of state.symbols) symbol.trade = null
          state.orders.clear()
          return real.reduceTicks(state, ...rest)
        },
      }),
    },
    {
      name: 'a restart forgets what was in flight',
      seams: (real) => ({
        ...real,
        rebuild: (state, rows) =>
          real.rebuild(
            state,
            [...rows].filter((r) => r.kind !== 'intent'),
          ),
      }),
    },
  ],
})

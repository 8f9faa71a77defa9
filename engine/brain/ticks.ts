/**
 * Market data into the brain: one call per drained batch, no object per tick. Closed bars reach the strategy in order and
 * without a hole; a hole that history does not fill starts the strategy over, nothing is computed across it.
 */
import { TICK_WORDS, TickKind } from '../contract/tick.ts'
import { unreachable } from '../contract/result.ts'
import type { Bar } from '../strategy/strategy.ts'
import { considerSignal } from './entries.ts'
import type { Command } from './events.ts'
import { takeFacts } from './learning.ts'
import { MAX_PENDING_BARS, type BrainState, type SymbolState } from './state.ts'
import { finishStep } from './step.ts'

const BAR_MS = 60_000
const KIND_SHIFT = 65_536

/**
 * Applies `count` ticks of a ring view (contract/tick.ts) starting at slot `from`. `at` = venue ms now.
 * Returns true when a closed bar was among them (a decision was made).
 */
export function reduceTicks(state: BrainState, view: Float64Array, from: number, count: number, at: number, out: Command[]): boolean {
  if (at > state.now) state.now = at
  let decided = false
  for (let i = from; i < from + count; i++) {
    const base = i * TICK_WORDS
    const word1 = view[base + 1] ?? 0
    const symbol = state.symbols[word1 % KIND_SHIFT]
    state.counters.ticks++
    if (symbol === undefined) continue
    const kind = Math.floor(word1 / KIND_SHIFT) as TickKind
    const time = (view[base + 2] ?? 0) / 1_000
    const a = view[base + 3] ?? 0
    switch (kind) {
      case TickKind.trade:
        symbol.last = a
        if (time > symbol.dataAt) symbol.dataAt = time
        break
      case TickKind.bookTop:
        symbol.bid = a
        symbol.ask = view[base + 5] ?? 0
        if (time > symbol.dataAt) symbol.dataAt = time
        break
      case TickKind.mark:
        symbol.mark = a
        if (time > symbol.dataAt) symbol.dataAt = time
        break
      case TickKind.bar:
        symbol.last = view[base + 6] ?? 0
        break
      case TickKind.barClosed:
      case TickKind.barHistory: {
        const bar: Bar = {
          openTime: Math.trunc(time),
          open: a,
          high: view[base + 4] ?? 0,
          low: view[base + 5] ?? 0,
          close: view[base + 6] ?? 0,
          volume: view[base + 7] ?? 0,
        }
        takeBar(state, symbol, bar, kind === TickKind.barClosed, out)
        // After each bar, not each batch: how the ring cuts its batches must not show in what is decided.
        finishStep(state, out)
        decided = true
        break
      }
      case TickKind.gap:
        takeGap(state, symbol, Math.trunc(a), out)
        break
      case TickKind.reset:
        symbol.incomplete = true
        break
      default:
        unreachable(kind)
    }
  }
  return decided
}

function takeBar(state: BrainState, symbol: SymbolState, bar: Bar, live: boolean, out: Command[]): void {
  // History from before a series that is too young to signal: after a restart the strategy warms up on it from its beginning.
  if (!live && bar.openTime < symbol.firstBar && symbol.bars < symbol.strategy.warmUpBars) startOver(symbol, 0)
  if (bar.openTime <= symbol.lastBar) return
  if (symbol.lastBar === 0 || bar.openTime === symbol.lastBar + BAR_MS) {
    feed(state, symbol, bar, live, out)
    drainPending(state, symbol, out)
    return
  }
  // Younger than what is due: wait for history to fill the hole, within bounds.
  const { pendingBars } = symbol
  const at = pendingBars.findIndex((one) => one.bar.openTime >= bar.openTime)
  if (at === -1) pendingBars.push({ bar, live })
  else if (pendingBars[at]?.bar.openTime !== bar.openTime) pendingBars.splice(at, 0, { bar, live })
  if (pendingBars.length >= MAX_PENDING_BARS) skipHole(state, symbol, out)
}

function drainPending(state: BrainState, symbol: SymbolState, out: Command[]): void {
  for (;;) {
    const next = symbol.pendingBars[0]
    if (next === undefined || next.bar.openTime > symbol.lastBar + BAR_MS) return
    symbol.pendingBars.shift()
    if (next.bar.openTime > symbol.lastBar) feed(state, symbol, next.bar, next.live, out)
  }
}

/** The feed says these bars will not come. */
function takeGap(state: BrainState, symbol: SymbolState, lastMissing: number, out: Command[]): void {
  if (lastMissing <= symbol.lastBar) return
  startOver(symbol, lastMissing)
  drainPending(state, symbol, out)
}

/** The series begins anew after `lastBar` (0 = anywhere): nothing is computed across a hole. */
function startOver(symbol: SymbolState, lastBar: number): void {
  symbol.strategy.reset()
  symbol.lastBar = lastBar
  symbol.firstBar = 0
  symbol.bars = 0
}

function skipHole(state: BrainState, symbol: SymbolState, out: Command[]): void {
  const first = symbol.pendingBars[0]
  if (first === undefined) return
  out.push({
    type: 'log',
    level: 'warn',
    text: `${symbol.symbol}: ${(first.bar.openTime - symbol.lastBar) / BAR_MS - 1} bars missing and not filled; indicators start over`,
  })
  startOver(symbol, first.bar.openTime - BAR_MS)
  drainPending(state, symbol, out)
}

function feed(state: BrainState, symbol: SymbolState, bar: Bar, live: boolean, out: Command[]): void {
  symbol.firstBar = symbol.bars++ === 0 ? bar.openTime : symbol.firstBar
  symbol.lastBar = bar.openTime
  symbol.incomplete = false
  symbol.last = bar.close
  symbol.close = bar.close
  if (symbol.trade?.plan.trail !== undefined) state.dirty.add(symbol)
  const closeTime = bar.openTime + BAR_MS
  if (closeTime > symbol.dataAt) symbol.dataAt = closeTime
  const fresh = live && closeTime > (state.config.startedAt ?? 0)
  if (fresh) state.counters.candles++
  const signal = symbol.strategy.onBar(bar, fresh)
  if (symbol.strategy.facts !== undefined) takeFacts(state, symbol, out)
  if (signal !== undefined && fresh) considerSignal(state, symbol, signal, out)
}

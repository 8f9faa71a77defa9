/**
 * Liquidity pools and their sweeps as they become known: a swing joins the oldest pool that was not swept before it and lies
 * within `tolerance`, else it opens one. Equal to the batch form for the same absolute tolerance.
 */
import type { BarWindow } from './bar-window.ts'
import { LevelQueue } from './level-queue.ts'
import type { Emit, Sign, SwingEvent } from './structure-event.ts'

interface Pool {
  readonly sign: Sign
  readonly bar: number
  readonly level: number
  sum: number
  members: number
  end: number
  /** 0 while unswept. */
  sweptAt: number
}

export class LiquidityStream {
  dropped = 0
  private readonly window: BarWindow
  private readonly tolerance: () => number
  private readonly limit: number
  private readonly pools: Record<'1' | '-1', Pool[]> = { '1': [], '-1': [] }
  private readonly waiting: Record<'1' | '-1', LevelQueue<Pool>>

  /** @param tolerance in price units, asked when a swing arrives (a multiple of ATR in live use) */
  constructor(window: BarWindow, tolerance: () => number, limit: number) {
    this.window = window
    this.tolerance = tolerance
    this.limit = limit
    this.waiting = { '1': new LevelQueue(1, limit), '-1': new LevelQueue(-1, limit) }
  }

  push(emit: Emit): void {
    const now = this.window.length - 1
    const low = this.window.low(now)
    const high = this.window.high(now)
    const { '1': above, '-1': below } = this.waiting
    if (above.reached(high, false)) above.take(high, false, (pool) => this.swept(pool, now, emit))
    if (below.reached(low, false)) below.take(low, false, (pool) => this.swept(pool, now, emit))
  }

  swing(final: SwingEvent, emit: Emit): void {
    const key = final.sign === 1 ? '1' : '-1'
    const pools = this.pools[key]
    const range = this.tolerance()
    const knownAt = this.window.length - 1
    // Swings of one kind arrive in bar order: a pool swept at or before this one can take no more.
    if (pools.some((p) => p.sweptAt !== 0 && p.sweptAt <= final.bar)) {
      this.pools[key] = pools.filter((p) => p.sweptAt === 0 || p.sweptAt > final.bar)
    }
    const home = this.pools[key].find((p) => Math.abs(final.level - p.level) <= range)
    if (home !== undefined) {
      home.sum += final.level
      home.members++
      home.end = final.bar
      emit({
        kind: 'liquidity',
        sign: final.sign,
        bar: home.bar,
        level: home.sum / home.members,
        members: home.members,
        end: final.bar,
        knownAt,
      })
      return
    }
    const pool: Pool = { sign: final.sign, bar: final.bar, level: final.level, sum: final.level, members: 1, end: final.bar, sweptAt: 0 }
    this.pools[key].push(pool)
    if (this.pools[key].length > this.limit) {
      this.pools[key].shift()
      this.dropped++
    }
    const edge = final.level + final.sign * range
    for (let i = Math.max(final.bar + 1, this.window.first); i < this.window.length; i++) {
      if (final.sign === 1 ? this.window.high(i) >= edge : this.window.low(i) <= edge) return this.swept(pool, i, emit)
    }
    this.waiting[key].add(edge, pool)
  }

  private swept(pool: Pool, i: number, emit: Emit): void {
    pool.sweptAt = i
    emit({
      kind: 'sweep',
      sign: pool.sign,
      bar: pool.bar,
      level: pool.sum / pool.members,
      members: pool.members,
      at: i,
      knownAt: this.window.length - 1,
    })
  }
}

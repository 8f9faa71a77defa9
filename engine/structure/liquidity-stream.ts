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
    for (let pool = above.take(high, false); pool !== undefined; pool = above.take(high, false)) this.swept(pool, now, emit)
    for (let pool = below.take(low, false); pool !== undefined; pool = below.take(low, false)) this.swept(pool, now, emit)
  }

  swing(final: SwingEvent, emit: Emit): void {
    const key = final.sign === 1 ? '1' : '-1'
    const pools = this.pools[key]
    const range = this.tolerance()
    const knownAt = this.window.length - 1
    // Swings of one kind arrive in bar order: a pool swept at or before this one can take no more.
    let kept = 0
    let home: Pool | undefined
    for (const pool of pools) {
      if (pool.sweptAt !== 0 && pool.sweptAt <= final.bar) continue
      pools[kept++] = pool
      if (home === undefined && Math.abs(final.level - pool.level) <= range) home = pool
    }
    pools.length = kept
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
    pools.push(pool)
    if (pools.length > this.limit) {
      pools.shift()
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

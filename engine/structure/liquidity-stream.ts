/**
 * Liquidity pools and their sweeps as they become known: a swing joins the oldest pool that was not swept before it and lies
 * within `tolerance`, else it opens one. Equal to the batch form for the same absolute tolerance.
 */
import type { BarWindow } from './bar-window.ts'
import { LevelQueue } from './level-queue.ts'
import { BoundedList } from './bounded-list.ts'
import type { Sign, StructureListener, SwingEvent } from './structure-event.ts'

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
  private readonly window: BarWindow
  private readonly pools: Record<'1' | '-1', BoundedList<Pool>>
  private readonly waiting: Record<'1' | '-1', LevelQueue<Pool>>

  constructor(window: BarWindow, limit: number) {
    this.window = window
    this.pools = { '1': new BoundedList(limit), '-1': new BoundedList(limit) }
    this.waiting = { '1': new LevelQueue(1, limit), '-1': new LevelQueue(-1, limit) }
  }

  get dropped(): number {
    return this.pools['1'].dropped + this.pools['-1'].dropped
  }

  push(listener: StructureListener): void {
    const now = this.window.length - 1
    const low = this.window.low(now)
    const high = this.window.high(now)
    const { '1': above, '-1': below } = this.waiting
    for (let pool = above.take(high, false); pool !== undefined; pool = above.take(high, false)) this.swept(pool, now, listener)
    for (let pool = below.take(low, false); pool !== undefined; pool = below.take(low, false)) this.swept(pool, now, listener)
  }

  /** @param range how far from a pool's level a swing still joins it, in price (a multiple of ATR in live use) */
  swing(final: SwingEvent, range: number, listener: StructureListener): void {
    const key = final.sign === 1 ? '1' : '-1'
    const pools = this.pools[key]
    const knownAt = this.window.length - 1
    // Swings of one kind arrive in bar order: a pool swept at or before this one can take no more.
    let kept = 0
    let home: Pool | undefined
    for (let i = 0; i < pools.length; i++) {
      const pool = pools.at(i)
      if (pool.sweptAt !== 0 && pool.sweptAt <= final.bar) continue
      pools.set(kept++, pool)
      if (home === undefined && Math.abs(final.level - pool.level) <= range) home = pool
    }
    pools.truncate(kept)
    if (home !== undefined) {
      home.sum += final.level
      home.members++
      home.end = final.bar
      listener.onStructure({
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
    const edge = final.level + final.sign * range
    for (let i = Math.max(final.bar + 1, this.window.first); i < this.window.length; i++) {
      if (final.sign === 1 ? this.window.high(i) >= edge : this.window.low(i) <= edge) return this.swept(pool, i, listener)
    }
    this.waiting[key].add(edge, pool)
  }

  private swept(pool: Pool, i: number, listener: StructureListener): void {
    pool.sweptAt = i
    listener.onStructure({
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

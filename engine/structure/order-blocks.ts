/** Order blocks: the last opposite extreme before a close through a swing (design/smc.md §1, two passes over all bars). */
import { at, EMPTY, emptyColumn, type Bars } from './bars.ts'
import { LevelQueue } from './level-queue.ts'
import type { Swings } from './swings.ts'

export interface OrderBlocks {
  readonly block: Float64Array
  readonly top: Float64Array
  readonly bottom: Float64Array
  readonly volume: Float64Array
  /** 0 while unbroken. */
  readonly mitigatedIndex: Float64Array
  /** Balance of the two sides' volume, 0…100. */
  readonly percentage: Float64Array
}

/** Share of the weaker of the two volumes in the stronger one, per cent; 100 when both are 0. */
export function volumeBalance(a: number, b: number): number {
  const larger = Math.max(a, b)
  return larger === 0 ? 100 : (100 * Math.min(a, b)) / larger
}

/**
 * The block's bar for a break at `i` of the swing at `swing`: lowest low (bullish) or highest high (bearish) strictly between,
 * the last one on ties; without a bar between, bar i − 1, whose edges the reference swaps when bullish and only then.
 */
export function blockBar(bars: Bars, swing: number, i: number, sign: 1 | -1): { bar: number; top: number; bottom: number } {
  if (i - swing <= 1) {
    const [high, low] = [at(bars.high, i - 1), at(bars.low, i - 1)]
    return sign === 1 ? { bar: i - 1, top: low, bottom: high } : { bar: i - 1, top: high, bottom: low }
  }
  let bar = swing + 1
  for (let k = bar; k < i; k++) {
    const better = sign === 1 ? at(bars.low, k) <= at(bars.low, bar) : at(bars.high, k) >= at(bars.high, bar)
    if (better) bar = k
  }
  return { bar, top: at(bars.high, bar), bottom: at(bars.low, bar) }
}

/** @param closeMitigation a block breaks when the body, not the wick, leaves it */
export function orderBlocks(bars: Bars, swing: Swings, closeMitigation = false): OrderBlocks {
  const n = bars.length
  const out: OrderBlocks = {
    block: emptyColumn(n),
    top: emptyColumn(n),
    bottom: emptyColumn(n),
    volume: emptyColumn(n),
    mitigatedIndex: emptyColumn(n),
    percentage: emptyColumn(n),
  }
  const broken = new Uint8Array(n)
  for (const sign of [1, -1] as const) {
    // A trend leaves thousands of blocks behind that price never comes back to: only those it reaches are looked at.
    const whole = new LevelQueue<number>(sign === 1 ? -1 : 1, Infinity)
    const breached = new LevelQueue<number>(sign, Infinity)
    let swingBar = -1
    let used = true
    for (let i = 0; i < n; i++) {
      if (i > 0 && at(swing.highLow, i - 1) === sign) {
        swingBar = i - 1
        used = false
      }
      age(whole, breached, i, sign)
      if (used || swingBar < 0) continue
      const beyond = sign === 1 ? at(bars.close, i) > at(bars.high, swingBar) : at(bars.close, i) < at(bars.low, swingBar)
      if (!beyond) continue
      used = true
      const { bar, top, bottom } = blockBar(bars, swingBar, i, sign)
      const recent = at(bars.volume, i) + (i > 0 ? at(bars.volume, i - 1) : 0)
      const before = i > 1 ? at(bars.volume, i - 2) : 0
      out.block[bar] = sign
      out.top[bar] = top
      out.bottom[bar] = bottom
      out.volume[bar] = recent + before
      // A bearish block on the bar of a bullish one that was broken starts as broken, with that bar: the reference shares the state.
      if (Number.isNaN(at(out.mitigatedIndex, bar))) out.mitigatedIndex[bar] = 0
      out.percentage[bar] = volumeBalance(recent, before)
      if (broken[bar] === 1) breached.add(sign === 1 ? top : bottom, bar)
      else whole.add(sign === 1 ? bottom : top, bar)
    }
  }
  return out

  /** Bar `i` wipes broken blocks and breaks whole ones, never both the same. */
  function age(whole: LevelQueue<number>, breached: LevelQueue<number>, i: number, sign: 1 | -1): void {
    const [high, low] = [at(bars.high, i), at(bars.low, i)]
    const back = sign === 1 ? high : low
    for (let x = breached.take(back, true); x !== undefined; x = breached.take(back, true))
      out.block[x] = out.top[x] = out.bottom[x] = out.volume[x] = out.mitigatedIndex[x] = out.percentage[x] = EMPTY
    const [open, close] = [at(bars.open, i), at(bars.close, i)]
    const body = sign === 1 ? Math.min(open, close) : Math.max(open, close)
    const reach = closeMitigation ? body : sign === 1 ? low : high
    for (let x = whole.take(reach, true); x !== undefined; x = whole.take(reach, true)) {
      broken[x] = 1
      out.mitigatedIndex[x] = sign === 1 ? i - 1 : i
      breached.add(sign === 1 ? at(out.top, x) : at(out.bottom, x), x)
    }
  }
}

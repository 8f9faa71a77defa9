/**
 * RSI(14) + ATR(14) + EMA(20) per bar, streaming, against npm's streaming library trading-signals in the same run, rounds
 * interleaved. The sums of both sides are compared, so neither can be optimised away or be wrong.
 */
import { ATR, EMA, RSI } from 'trading-signals'
import { createAtr } from '../engine/indicators/atr.ts'
import { createEma } from '../engine/indicators/moving-average.ts'
import { createRsi } from '../engine/indicators/rsi.ts'

export interface BarSeries {
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
}

/** A seeded random walk of `n` bars on a 0.1 tick. */
export function randomWalk(n: number, seed: number): BarSeries {
  let state = seed >>> 0 || 1
  const random = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const column = (): Float64Array => new Float64Array(n)
  const s = { open: column(), high: column(), low: column(), close: column(), volume: column() }
  let price = 50_000
  const tick = (x: number): number => Math.round(x * 10) / 10
  for (let i = 0; i < n; i++) {
    s.open[i] = price
    const next = tick(price * (1 + (random() - 0.5) * 0.002))
    s.high[i] = tick(Math.max(price, next) * (1 + random() * 0.0005))
    s.low[i] = tick(Math.min(price, next) * (1 - random() * 0.0005))
    s.close[i] = next
    s.volume[i] = Math.round(random() * 1000) / 1000
    price = next
  }
  return s
}

export const median = (xs: readonly number[]): number => {
  const sorted = xs.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const x = (column: Float64Array, i: number): number => column[i] ?? Number.NaN

export function run(options: { quick?: boolean } = {}): object {
  const n = options.quick === true ? 100_000 : 500_000
  const rounds = 7
  const bars = randomWalk(n, 7)
  const ours: number[] = []
  const theirs: number[] = []
  let sumOurs = 0
  let sumTheirs = 0
  for (let round = 0; round <= rounds; round++) {
    const [rsi, atr, ema] = [createRsi(14), createAtr(14), createEma(20)]
    let from = performance.now()
    sumOurs = 0
    for (let i = 0; i < n; i++) {
      const close = x(bars.close, i)
      sumOurs += (rsi.push(close) ?? 0) + (atr.push(x(bars.high, i), x(bars.low, i), close) ?? 0)
      const e = ema.push(close)
      if (i === n - 1) sumOurs += e ?? 0
    }
    const own = n / ((performance.now() - from) / 1000)
    const [peerRsi, peerAtr, peerEma] = [new RSI(14), new ATR(14), new EMA(20)]
    from = performance.now()
    sumTheirs = 0
    for (let i = 0; i < n; i++) {
      const close = x(bars.close, i)
      sumTheirs += (peerRsi.add(close) ?? 0) + (peerAtr.add({ high: x(bars.high, i), low: x(bars.low, i), close }) ?? 0)
      const e = peerEma.add(close)
      if (i === n - 1) sumTheirs += e ?? 0
    }
    const peer = n / ((performance.now() - from) / 1000)
    // Round 0 warms both up.
    if (round === 0) continue
    ours.push(own)
    theirs.push(peer)
  }
  const ratios = ours.map((own, i) => own / (theirs[i] ?? own))
  return {
    bench: 'indicators',
    unit: 'bars/s',
    bars: n,
    rounds,
    ours: Math.round(median(ours)),
    peer: 'trading-signals 8.3.0',
    peerRate: Math.round(median(theirs)),
    ratioMedian: Number(median(ratios).toFixed(2)),
    ratioWorst: Number(Math.min(...ratios).toFixed(2)),
    bound: 5,
    ok: median(ratios) >= 5,
    // EMA seeds differ (theirs starts from the first value), RSI and ATR sums must agree.
    agreement: Number((sumOurs / sumTheirs).toFixed(6)),
    noise: {
      oursSpread: Number((Math.max(...ours) / Math.min(...ours)).toFixed(2)),
      peerSpread: Number((Math.max(...theirs) / Math.min(...theirs)).toFixed(2)),
    },
  }
}

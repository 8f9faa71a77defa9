/**
 * Turns one-minute bars into a path of price steps. Invariants: the first step prints the open, the last the close, high and low
 * are both touched, nothing leaves [low, high], and the steps' quantities add up to the bar's volume exactly.
 */
import type { Rng } from '../random.ts'
import { present } from '../present.ts'

export const MINUTE = 60_000

/** A bar in integer units. */
export interface UnitBar {
  readonly openTime: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export interface Step {
  readonly time: number
  readonly price: number
  readonly qty: number
  /** Who was the aggressor, where a recording says it; otherwise the price's direction tells. */
  readonly takerBuys?: boolean
}

/** Source of bars in time order; null when the tape has ended. */
export interface BarSource {
  readonly startTime: number
  readonly endTime: number | null
  next(): UnitBar | null
}

function anchors(bar: UnitBar, steps: number, rng: Rng): readonly (readonly [number, number])[] {
  const first = rng.int(1, Math.max(1, Math.floor((steps - 2) / 2)))
  const second = rng.int(first + 1, steps - 2)
  // The extreme nearer to the open comes first: the path most bars really take.
  const highFirst = bar.high - bar.open <= bar.open - bar.low
  return [
    [0, bar.open],
    [first, highFirst ? bar.high : bar.low],
    [second, highFirst ? bar.low : bar.high],
    [steps - 1, bar.close],
  ]
}

/** A random walk between the anchors that is zero at each: noise without the false mean reversion of independent draws. */
function bridges(points: readonly (readonly [number, number])[], rng: Rng): readonly number[] {
  const noise: number[] = [0]
  for (let segment = 1; segment < points.length; segment++) {
    const from = present(points[segment - 1])[0]
    const length = present(points[segment])[0] - from
    const walk: number[] = []
    let at = 0
    for (let i = 0; i < length; i++) {
      at += (rng.next() - 0.5) * (0.6 / Math.sqrt(length))
      walk.push(at)
    }
    for (let i = 0; i < length; i++) noise.push(present(walk[i]) - (at * (i + 1)) / length)
  }
  return noise
}

/** The steps of one bar; `steps` ≥ 4, `tick` and `lot` are the units prices and quantities are multiples of. */
export function pathOf(bar: UnitBar, steps: number, tick: number, lot: number, rng: Rng): readonly Step[] {
  const points = anchors(bar, steps, rng)
  const slot = MINUTE / steps
  const range = bar.high - bar.low
  const weights: number[] = []
  let weightSum = 0
  for (let i = 0; i < steps; i++) {
    const weight = 0.2 + rng.next()
    weights.push(weight)
    weightSum += weight
  }
  const bridge = bridges(points, rng)
  const path: Step[] = []
  let segment = 0
  let left = Math.round(bar.volume / lot)
  for (let i = 0; i < steps; i++) {
    while (i > present(points[segment + 1])[0]) segment++
    const [fromAt, from] = present(points[segment])
    const [toAt, to] = present(points[segment + 1])
    let price: number
    if (i === fromAt) price = from
    else if (i === toAt) price = to
    else {
      const line = from + ((to - from) * (i - fromAt)) / (toAt - fromAt)
      const noisy = line + present(bridge[i]) * range
      price = Math.min(bar.high, Math.max(bar.low, Math.round(noisy / tick) * tick))
    }
    const lots = i === steps - 1 ? left : Math.min(left, Math.floor((Math.round(bar.volume / lot) * present(weights[i])) / weightSum))
    left -= lots
    const jitter = i === 0 ? 0 : Math.floor(rng.next() * slot * 0.8)
    path.push({ time: bar.openTime + Math.floor(i * slot) + jitter, price, qty: lots * lot })
  }
  return path
}

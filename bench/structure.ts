/** Streaming market structure, bars a second, beside a loop that only reads the same bars (the limit of any streaming code). */
import { StructureStream, STRUCTURE_DEFAULTS } from '../engine/structure/stream.ts'
import { median, randomWalk } from './indicators.ts'

export function run(options: { quick?: boolean } = {}): object {
  const n = options.quick === true ? 100_000 : 500_000
  const rounds = 5
  const bars = randomWalk(n, 11)
  const x = (column: Float64Array, i: number): number => column[i] ?? Number.NaN
  const rates: number[] = []
  const limits: number[] = []
  let events = 0
  let dropped = 0
  let check = 0
  for (let round = 0; round <= rounds; round++) {
    events = 0
    const stream = new StructureStream(STRUCTURE_DEFAULTS, { onStructure: () => void events++ })
    let from = performance.now()
    for (let i = 0; i < n; i++)
      stream.push({
        openTime: i * 60_000,
        open: x(bars.open, i),
        high: x(bars.high, i),
        low: x(bars.low, i),
        close: x(bars.close, i),
        volume: x(bars.volume, i),
      })
    const rate = n / ((performance.now() - from) / 1000)
    dropped = stream.dropped
    from = performance.now()
    for (let i = 0; i < n; i++) check += x(bars.open, i) + x(bars.high, i) + x(bars.low, i) + x(bars.close, i) + x(bars.volume, i)
    const limit = n / ((performance.now() - from) / 1000)
    if (round === 0) continue
    rates.push(rate)
    limits.push(limit)
  }
  return {
    bench: 'structure',
    unit: 'bars/s',
    bars: n,
    rounds,
    streaming: Math.round(median(rates)),
    worst: Math.round(Math.min(...rates)),
    bound: 300_000,
    ok: median(rates) >= 300_000,
    readOnlyLoop: Math.round(median(limits)),
    shareOfLimit: Number((median(rates) / median(limits)).toFixed(4)),
    events,
    dropped,
    check: Number.isFinite(check),
  }
}

import { expect, it } from 'vitest'
import { fill, sampleState } from '../fixture/sample-state.ts'
import { chartMarks } from './chart-marks.ts'

const NOW = Date.UTC(2021, 1, 19, 12, 0, 30)
const bars = [0, 1, 2]
  .map((i) => ({ time: NOW / 1000 - 30 - i * 60, open: 1, high: 1, low: 1, close: 1, volume: 1, present: i !== 1 }))
  .reverse()

it('puts a fill on its bar, none on a hole, none of another symbol', () => {
  const here = { ...fill(1, NOW), time: NOW }
  const hole = { ...fill(2, NOW), time: NOW - 60_000 }
  const early = { ...fill(3, NOW), time: NOW - 600_000 }
  const other = { ...fill(4, NOW), time: NOW, symbol: 'ETHUSDT' }
  const signal = { ...sampleState(NOW).signals[0], time: NOW - 120_000 }
  const marks = chartMarks(bars, [here, hole, early, other], [signal as never], 'BTCUSDT', 1)
  expect(marks.map((m) => [m.kind, m.time - NOW / 1000 + 30])).toEqual([
    ['signal', -120],
    ['sell', 0],
  ])
})

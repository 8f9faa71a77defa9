import { expect, it } from 'vitest'
import { fill, sampleState } from '../fixture/sample-state.ts'
import { chartMarks, gapMarks } from './chart-marks.ts'

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
  const marks = chartMarks(bars, [here, hole, early, other], [signal as never], 'BTCUSDT', 60)
  expect(marks.map((m) => [m.kind, m.time - NOW / 1000 + 30])).toEqual([
    ['signal', -120],
    ['sell', 0],
  ])
})

it('stands once on a bar for all fills of a side and all signals there, and says how many', () => {
  const sold = [1, 2, 3].map((id) => ({ ...fill(id, NOW), side: 'SELL' as const, time: NOW }))
  const bought = { ...fill(4, NOW), side: 'BUY' as const, time: NOW }
  const signal = { ...sampleState(NOW).signals[0], time: NOW }
  const marks = chartMarks(bars, [...sold, bought], [signal as never, { ...signal, id: 'second' } as never], 'BTCUSDT', 60)
  expect(marks.map((m) => [m.kind, m.text])).toEqual([
    ['signal', '2'],
    ['buy', 'B'],
    ['sell', 'S3'],
  ])
})

it('marks a hole of more than five minutes on the bar after it, whether the hole was told or not; a shorter one is only white', () => {
  const bar = (minute: number, present = true) => ({ time: minute * 60, open: 1, high: 1, low: 1, close: 1, volume: 1, present })
  const minutes = [bar(0), bar(6), bar(7, false), bar(12), bar(13), ...[14, 15, 16, 17, 18, 19].map((m) => bar(m, false)), bar(20), bar(32)]
  expect(gapMarks(minutes, 60).map(({ time, kind, text }) => [time / 60, kind, text])).toEqual([
    [20, 'gap', 'gap 6 min'],
    [32, 'gap', 'gap 11 min'],
  ])
  expect(gapMarks(minutes, 900).map((mark) => mark.time / 60)).toEqual([15, 30])
})

import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { VenueBar } from '../contract/venue.ts'
import { readHistoryBar } from './history-bar.ts'

const T = 1_795_219_800_000
const row = (change: { [K in keyof VenueBar]?: string | number } = {}): VenueBar => {
  const text = (value: string): DecimalText => value as DecimalText
  const good: VenueBar = {
    openTime: T,
    open: text('100.5'),
    high: text('101'),
    low: text('99.5'),
    close: text('100'),
    volume: text('3.25'),
    closeTime: T + 59_999,
    trades: 7,
  }
  return { ...good, ...change } as VenueBar
}

describe('bars from REST', () => {
  it('are final only when their minute was over before they were asked for', () => {
    expect(readHistoryBar(row(), T + 60_000)).toEqual({ time: T, open: 100.5, high: 101, low: 99.5, close: 100, volume: 3.25, final: true })
    expect(readHistoryBar(row(), T + 59_999)).toMatchObject({ final: false })
  })

  it.each([
    [{ open: 'x' }, 'not-a-number'],
    [{ volume: '-1' }, 'negative'],
    [{ close: '0' }, 'zero'],
    [{ high: '99' }, 'high-below-low'],
    [{ close: '102' }, 'outside-range'],
    [{ open: '98' }, 'outside-range'],
    [{ openTime: T + 1 }, 'misaligned'],
    [{ openTime: 0 }, 'time-zero'],
    [{ openTime: T + 86_400_000 }, 'time-future'],
    [{ high: 'Infinity' }, 'not-finite'],
  ])('%j is refused as %s', (change, reason) => {
    expect(readHistoryBar(row(change), T + 60_000)).toBe(reason)
  })
})

/** Cell-by-cell equality with the published results of smart-money-concepts v0.0.27, but for the listed float32 exceptions. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Bars } from './bars.ts'
import { structureBreaks } from './break-of-structure.ts'
import { fairValueGaps } from './fair-value-gaps.ts'
import { liquidity } from './liquidity.ts'
import { orderBlocks } from './order-blocks.ts'
import { previousHighLow } from './previous-high-low.ts'
import { retracements } from './retracements.ts'
import { sessions, SESSIONS } from './sessions.ts'
import { swings } from './swings.ts'

const shared = new URL('../../../shared/data/smc-eurusd-15m/', import.meta.url)
const present = existsSync(shared)
if (!present) console.log('skipped: market structure known answers (11 EURUSD files): ../shared/data/smc-eurusd-15m is absent')

interface Exception {
  readonly file: string
  readonly row: number
  readonly column: string
  readonly exact: number | null
}

const rows = (file: string): string[][] =>
  readFileSync(new URL(file, shared), 'utf8')
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split(','))

function load(): Bars {
  const [header = [], ...body] = rows('EURUSD_15M.csv')
  const column = (name: string): Float64Array => Float64Array.from(body, (r) => Number(r[header.indexOf(name)]))
  const time = Float64Array.from(body, (r) => Date.parse(`${(r[0] ?? '').replaceAll('.', '-').replace(' ', 'T')}Z`))
  return {
    length: body.length,
    time,
    open: column('Open'),
    high: column('High'),
    low: column('Low'),
    close: column('Close'),
    volume: column('Volume'),
  }
}

describe.runIf(present)('equals the reference in every cell', () => {
  const bars = present ? load() : undefined
  const exceptions: Exception[] = present ? JSON.parse(readFileSync(new URL('float32_exceptions.json', shared), 'utf8')) : []
  const compare = (file: string, got: Record<string, Float64Array>): void => {
    const [header = [], ...body] = rows(file)
    const exact = new Map(exceptions.filter((e) => e.file === file).map((e) => [`${e.row}.${e.column}`, e.exact]))
    expect(Object.keys(got)).toEqual(header)
    const wrong: string[] = []
    body.forEach((cells, row) => {
      header.forEach((name, k) => {
        const listed = exact.get(`${row}.${name}`)
        const text = cells[k] ?? ''
        const want = listed !== undefined ? (listed ?? Number.NaN) : text === '' ? Number.NaN : Number(text)
        const have = got[name]?.[row] ?? Number.NaN
        const same = Number.isNaN(want) ? Number.isNaN(have) : Math.abs(have - want) <= 1e-8 + 1e-5 * Math.abs(want)
        if (!same) wrong.push(`row ${row} ${name}: want ${want}, have ${have}`)
      })
    })
    expect(wrong.slice(0, 10)).toEqual([])
    expect(body.length).toBe(bars?.length)
  }
  const needed = (): Bars => {
    if (bars === undefined) throw new Error('data absent')
    return bars
  }

  it('swing highs and lows', () => {
    const s = swings(needed(), 5)
    compare('swing_highs_lows_result_data.csv', { HighLow: s.highLow, Level: s.level })
  })
  it.each([
    ['fvg_result_data.csv', false],
    ['fvg_consecutive_result_data.csv', true],
  ] as const)('%s', (file, join) => {
    const g = fairValueGaps(needed(), join)
    compare(file, { FVG: g.gap, Top: g.top, Bottom: g.bottom, MitigatedIndex: g.mitigatedIndex })
  })
  it('break of structure and change of character', () => {
    const b = structureBreaks(needed(), swings(needed(), 5), true)
    compare('bos_choch_result_data.csv', { BOS: b.bos, CHOCH: b.choch, Level: b.level, BrokenIndex: b.brokenIndex })
  })
  it('order blocks', () => {
    const o = orderBlocks(needed(), swings(needed(), 5), false)
    compare('ob_result_data.csv', {
      OB: o.block,
      Top: o.top,
      Bottom: o.bottom,
      OBVolume: o.volume,
      MitigatedIndex: o.mitigatedIndex,
      Percentage: o.percentage,
    })
  })
  it('liquidity', () => {
    const l = liquidity(needed(), swings(needed(), 5), 0.01)
    compare('liquidity_result_data.csv', { Liquidity: l.liquidity, Level: l.level, End: l.end, Swept: l.swept })
  })
  it.each(['4h', '1D', 'W'] as const)('previous high and low %s', (period) => {
    const p = previousHighLow(needed(), period)
    compare(`previous_high_low_result_data_${period}.csv`, {
      PreviousHigh: p.previousHigh,
      PreviousLow: p.previousLow,
      BrokenHigh: p.brokenHigh,
      BrokenLow: p.brokenLow,
    })
  })
  it('sessions', () => {
    const s = sessions(needed(), SESSIONS['London'] ?? { start: '', end: '' })
    compare('sessions_result_data.csv', { Active: s.active, High: s.high, Low: s.low })
  })
  it('retracements', () => {
    const r = retracements(needed(), swings(needed(), 5))
    compare('retracements_result_data.csv', { Direction: r.direction, 'CurrentRetracement%': r.current, 'DeepestRetracement%': r.deepest })
  })
})

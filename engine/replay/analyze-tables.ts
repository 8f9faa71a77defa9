/** The tables of `aegis analyze`: each one's file, its columns by the names of smart-money-concepts, and what of it is counted. */
import { createAtr, createTrueRange } from '../indicators/atr.ts'
import { createEma, createSma } from '../indicators/moving-average.ts'
import { createRsi } from '../indicators/rsi.ts'
import { at, type Bars } from '../structure/bars.ts'
import { structureBreaks } from '../structure/break-of-structure.ts'
import { fairValueGaps } from '../structure/fair-value-gaps.ts'
import { liquidity } from '../structure/liquidity.ts'
import { orderBlocks } from '../structure/order-blocks.ts'
import { previousHighLow } from '../structure/previous-high-low.ts'
import { retracements } from '../structure/retracements.ts'
import { sessions, SESSIONS } from '../structure/sessions.ts'
import type { Swings } from '../structure/swings.ts'

export type Table = Readonly<Record<string, Float64Array>>

/** Names of the sessions that `session` may be. */
export const sessionNames = (): string[] => Object.keys(SESSIONS)

function indicatorTable(bars: Bars): Table {
  const n = bars.length
  const column = (): Float64Array => new Float64Array(n).fill(Number.NaN)
  const table = { time: column(), tr: column(), atr14: column(), rsi14: column(), ema20: column(), sma20: column() }
  const [tr, atr, rsi, ema, sma] = [createTrueRange(), createAtr(14), createRsi(14), createEma(20), createSma(20)]
  for (let i = 0; i < n; i++) {
    const [high, low, close] = [at(bars.high, i), at(bars.low, i), at(bars.close, i)]
    table.time[i] = at(bars.time, i)
    table.tr[i] = tr.push(high, low, close) ?? Number.NaN
    table.atr14[i] = atr.push(high, low, close) ?? Number.NaN
    table.rsi14[i] = rsi.push(close) ?? Number.NaN
    table.ema20[i] = ema.push(close) ?? Number.NaN
    table.sma20[i] = sma.push(close) ?? Number.NaN
  }
  return table
}

export interface Output {
  readonly name: string
  readonly table: (bars: Bars, swing: Swings, options: TableOptions) => Table
  /** What the summary counts: its name there, and the column. */
  readonly counted?: readonly (readonly [what: string, column: string])[]
}
export interface TableOptions {
  readonly swingLength: number
  readonly closeBreak: boolean
  readonly closeMitigation: boolean
  readonly session: string
}

const gaps = (name: string, join: boolean, counted: Output['counted'] = []): Output => ({
  name,
  counted,
  table: (bars) => {
    const g = fairValueGaps(bars, join)
    return { FVG: g.gap, Top: g.top, Bottom: g.bottom, MitigatedIndex: g.mitigatedIndex }
  },
})

const previous = (period: '4h' | '1D' | 'W'): Output => ({
  name: `previous_high_low_result_data_${period}.csv`,
  table: (bars) => {
    const p = previousHighLow(bars, period)
    return { PreviousHigh: p.previousHigh, PreviousLow: p.previousLow, BrokenHigh: p.brokenHigh, BrokenLow: p.brokenLow }
  },
})

export const OUTPUTS: readonly Output[] = [
  {
    name: 'swing_highs_lows_result_data.csv',
    counted: [['swings', 'HighLow']],
    table: (_, swing) => ({ HighLow: swing.highLow, Level: swing.level }),
  },
  gaps('fvg_result_data.csv', false, [['fairValueGaps', 'FVG']]),
  gaps('fvg_consecutive_result_data.csv', true),
  {
    name: 'bos_choch_result_data.csv',
    counted: [
      ['breaksOfStructure', 'BOS'],
      ['changesOfCharacter', 'CHOCH'],
    ],
    table: (bars, swing, { closeBreak }) => {
      const b = structureBreaks(bars, swing, closeBreak)
      return { BOS: b.bos, CHOCH: b.choch, Level: b.level, BrokenIndex: b.brokenIndex }
    },
  },
  {
    name: 'ob_result_data.csv',
    counted: [['orderBlocks', 'OB']],
    table: (bars, swing, { closeMitigation }) => {
      const o = orderBlocks(bars, swing, closeMitigation)
      return {
        OB: o.block,
        Top: o.top,
        Bottom: o.bottom,
        OBVolume: o.volume,
        MitigatedIndex: o.mitigatedIndex,
        Percentage: o.percentage,
      }
    },
  },
  {
    name: 'liquidity_result_data.csv',
    counted: [['liquidityPools', 'Liquidity']],
    table: (bars, swing) => {
      const l = liquidity(bars, swing, 0.01)
      return { Liquidity: l.liquidity, Level: l.level, End: l.end, Swept: l.swept }
    },
  },
  {
    name: 'sessions_result_data.csv',
    table: (bars, _, { session }) => {
      const s = sessions(bars, SESSIONS[session] ?? { start: '00:00', end: '00:00' })
      return { Active: s.active, High: s.high, Low: s.low }
    },
  },
  {
    name: 'retracements_result_data.csv',
    table: (bars, swing) => {
      const r = retracements(bars, swing)
      return { Direction: r.direction, 'CurrentRetracement%': r.current, 'DeepestRetracement%': r.deepest }
    },
  },
  { name: 'indicators.csv', table: indicatorTable },
  previous('4h'),
  previous('1D'),
  previous('W'),
]

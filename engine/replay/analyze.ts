/**
 * `aegis analyze`: every market-structure column and the indicators of one OHLCV file as CSV, one row per input bar, empty = no
 * value; column names of smart-money-concepts. Everything is written to temporary names and renamed at the end: all or nothing.
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { createAtr, createTrueRange } from '../indicators/atr.ts'
import { createEma, createSma } from '../indicators/moving-average.ts'
import { createRsi } from '../indicators/rsi.ts'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { at, type Bars } from '../structure/bars.ts'
import { structureBreaks } from '../structure/break-of-structure.ts'
import { fairValueGaps } from '../structure/fair-value-gaps.ts'
import { liquidity } from '../structure/liquidity.ts'
import { orderBlocks } from '../structure/order-blocks.ts'
import { previousHighLow } from '../structure/previous-high-low.ts'
import { retracements } from '../structure/retracements.ts'
import { sessions, SESSIONS } from '../structure/sessions.ts'
import { swings } from '../structure/swings.ts'
import { makeFolder } from '../supervisor/make-folder.ts'
import { readOhlcv } from './ohlcv-file.ts'

export interface AnalyzeOptions {
  readonly file: string
  readonly out: string
  readonly swingLength: number
  readonly closeBreak: boolean
  readonly closeMitigation: boolean
  readonly session: string
}

export interface AnalyzeSummary {
  readonly file: string
  readonly out: string
  readonly bars: number
  readonly from: string
  readonly to: string
  readonly intervalMs: number
  /** Holes in the file; the columns are computed over the bars as they stand, so a hole is said here. */
  readonly gaps: number
  readonly missingBars: number
  readonly written: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

type Table = Readonly<Record<string, Float64Array>>

/** Names of the sessions that `session` may be. */
export const sessionNames = (): string[] => Object.keys(SESSIONS)

export function indicatorTable(bars: Bars): Table {
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

/** Each table in turn, so that only one is in memory beside the bars and the swings. */
export function* tablesOf(bars: Bars, options: Omit<AnalyzeOptions, 'file' | 'out'>): Generator<readonly [string, Table]> {
  const swing = swings(bars, options.swingLength)
  const gap = (join: boolean): Table => {
    const g = fairValueGaps(bars, join)
    return { FVG: g.gap, Top: g.top, Bottom: g.bottom, MitigatedIndex: g.mitigatedIndex }
  }
  const named = <T>(value: T, table: (value: T) => Table): Table => table(value)
  yield ['swing_highs_lows_result_data.csv', { HighLow: swing.highLow, Level: swing.level }]
  yield ['fvg_result_data.csv', gap(false)]
  yield ['fvg_consecutive_result_data.csv', gap(true)]
  yield [
    'bos_choch_result_data.csv',
    named(structureBreaks(bars, swing, options.closeBreak), (b) => ({
      BOS: b.bos,
      CHOCH: b.choch,
      Level: b.level,
      BrokenIndex: b.brokenIndex,
    })),
  ]
  yield [
    'ob_result_data.csv',
    named(orderBlocks(bars, swing, options.closeMitigation), (o) => ({
      OB: o.block,
      Top: o.top,
      Bottom: o.bottom,
      OBVolume: o.volume,
      MitigatedIndex: o.mitigatedIndex,
      Percentage: o.percentage,
    })),
  ]
  yield [
    'liquidity_result_data.csv',
    named(liquidity(bars, swing, 0.01), (l) => ({ Liquidity: l.liquidity, Level: l.level, End: l.end, Swept: l.swept })),
  ]
  yield [
    'sessions_result_data.csv',
    named(sessions(bars, SESSIONS[options.session] ?? { start: '00:00', end: '00:00' }), (s) => ({
      Active: s.active,
      High: s.high,
      Low: s.low,
    })),
  ]
  yield [
    'retracements_result_data.csv',
    named(retracements(bars, swing), (r) => ({
      Direction: r.direction,
      'CurrentRetracement%': r.current,
      'DeepestRetracement%': r.deepest,
    })),
  ]
  yield ['indicators.csv', indicatorTable(bars)]
  for (const period of ['4h', '1D', 'W'] as const) {
    yield [
      `previous_high_low_result_data_${period}.csv`,
      named(previousHighLow(bars, period), (p) => ({
        PreviousHigh: p.previousHigh,
        PreviousLow: p.previousLow,
        BrokenHigh: p.brokenHigh,
        BrokenLow: p.brokenLow,
      })),
    ]
  }
}

/** What the summary counts, by table and column. */
const COUNTED: Readonly<Record<string, readonly (readonly [name: string, column: string])[]>> = {
  'swing_highs_lows_result_data.csv': [['swings', 'HighLow']],
  'fvg_result_data.csv': [['fairValueGaps', 'FVG']],
  'bos_choch_result_data.csv': [
    ['breaksOfStructure', 'BOS'],
    ['changesOfCharacter', 'CHOCH'],
  ],
  'ob_result_data.csv': [['orderBlocks', 'OB']],
  'liquidity_result_data.csv': [['liquidityPools', 'Liquidity']],
}

async function writeTable(path: string, table: Table): Promise<void> {
  const stream = createWriteStream(path)
  const columns = Object.values(table)
  const failure = once(stream, 'error').then(([error]) => Promise.reject(error instanceof Error ? error : new Error(String(error))))
  const rest = (async () => {
    stream.write(`${Object.keys(table).join(',')}\n`)
    const n = columns[0]?.length ?? 0
    for (let from = 0; from < n; from += 4096) {
      let text = ''
      for (let i = from; i < Math.min(n, from + 4096); i++) {
        text += columns.map((c) => (Number.isFinite(at(c, i)) ? String(at(c, i)) : '')).join(',')
        text += '\n'
      }
      if (!stream.write(text)) await once(stream, 'drain')
    }
    stream.end()
    await once(stream, 'finish')
  })()
  await Promise.race([rest, failure])
}

export async function analyze(options: AnalyzeOptions): Promise<Result<AnalyzeSummary, Failure>> {
  const read = await readOhlcv(options.file)
  if (!read.ok) return read
  const { bars, gaps, intervalMs } = read.value
  const names: string[] = []
  const counts: Record<string, number> = {}
  const temporary = (name: string): string => join(options.out, `.${name}.part`)
  try {
    makeFolder(resolve(options.out))
    for (const [name, table] of tablesOf(bars, options)) {
      names.push(name)
      await writeTable(temporary(name), table)
      for (const [what, column] of COUNTED[name] ?? [])
        counts[what] = (table[column] ?? new Float64Array(0)).reduce((n, x) => n + (Number.isNaN(x) || x === 0 ? 0 : 1), 0)
    }
    for (const name of names) await rename(temporary(name), join(options.out, name))
  } catch (thrown) {
    await Promise.all(names.map((name) => rm(temporary(name), { force: true }).catch(() => undefined)))
    return fail('unwritable', `${options.out}: ${toPlainError(thrown).message}`)
  }
  return ok({
    file: options.file,
    out: options.out,
    bars: bars.length,
    from: new Date(at(bars.time, 0)).toISOString(),
    to: new Date(at(bars.time, bars.length - 1)).toISOString(),
    intervalMs,
    gaps: gaps.length,
    missingBars: gaps.reduce((n, g) => n + g.missing, 0),
    written: names.toSorted(),
    counts,
  })
}

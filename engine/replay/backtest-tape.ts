/** What a back-test plays: a file of 1m bars (any OHLCV CSV, or Binance's without a header), recorded frames, or a built-in tape. */
import { demoBars } from '../simulator/tape/demo.ts'
import { readFrames } from '../simulator/tape/frames.ts'
import { readKlinesCsv } from '../simulator/tape/klines-csv.ts'
import type { TapeBar, TapeSpec } from '../simulator/exchange.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { Bar } from '../strategy/strategy.ts'
import { readOhlcv } from './ohlcv-file.ts'

const MINUTE = 60_000
/** Bars before the start the strategy warms up on. */
const WARM_UP = 1_500

export interface BacktestTape {
  readonly spec: TapeSpec
  /** Real bars before the start. */
  readonly history: readonly Bar[]
  /** False for a tape that never ends: a horizon is needed. */
  readonly ends: boolean
}

export interface TapeWindow {
  /** First and last open time to play, ms; null = the tape's own. */
  readonly from: number | null
  readonly to: number | null
  /** The demo begins again at its end, as in a run. */
  readonly loop?: boolean
}

async function barsOfCsv(file: string): Promise<Result<readonly TapeBar[], Failure>> {
  const read = await readOhlcv(file)
  if (!read.ok) return read.error.code === 'bad-header' ? readKlinesCsv(file) : read
  const { bars, intervalMs } = read.value
  if (bars.length > 1 && intervalMs !== MINUTE) {
    return fail('timeframe', `${file}: bars are ${intervalMs / MINUTE} minutes apart; the strategies decide on 1m bars`)
  }
  const list: TapeBar[] = []
  for (let i = 0; i < bars.length; i++) {
    const openTime = bars.time[i] ?? 0
    if (openTime % MINUTE !== 0) return fail('misaligned', `${file}: bar ${i + 1} does not open on a whole minute`)
    const text = (column: Float64Array): string => String(column[i] ?? 0)
    list.push({
      openTime,
      open: text(bars.open),
      high: text(bars.high),
      low: text(bars.low),
      close: text(bars.close),
      volume: text(bars.volume),
    })
  }
  return ok(list)
}

const barOf = (bar: TapeBar): Bar => ({
  openTime: bar.openTime,
  open: Number(bar.open),
  high: Number(bar.high),
  low: Number(bar.low),
  close: Number(bar.close),
  volume: Number(bar.volume),
})

/** `name`: a file, 'demo' or 'synthetic'. Failures name the file and what is wrong with it. */
export async function openBacktestTape(name: string, symbol: string, window: TapeWindow): Promise<Result<BacktestTape, Failure>> {
  if (name === 'synthetic') {
    if (window.from !== null || window.to !== null) return fail('usage', '--from and --to go with a recorded tape')
    return ok({ spec: { kind: 'synthetic' }, history: [], ends: false })
  }
  if (name !== 'demo' && !/\.csv(\.gz)?$/i.test(name)) {
    const frames = readFrames(name)
    if (!frames.ok) return frames
    const own = frames.value.filter(
      ({ time, data }) =>
        typeof data === 'object' &&
        data !== null &&
        's' in data &&
        data.s === symbol &&
        time >= (window.from ?? 0) &&
        time <= (window.to ?? Infinity),
    )
    return own.length === 0
      ? fail('empty', `${name}: no frames of ${symbol} to play`)
      : ok({ spec: { kind: 'frames', frames: own }, history: [], ends: true })
  }
  const all = name === 'demo' ? demoBars() : await barsOfCsv(name)
  if (!all.ok) return all
  const { from, to } = window
  const first = from === null ? 0 : all.value.findIndex((bar) => bar.openTime >= from)
  const played = first < 0 ? [] : all.value.slice(first).filter((bar) => to === null || bar.openTime <= to)
  if (played.length === 0) return fail('empty', `${name}: no bars between --from and --to`)
  return ok({
    spec: { kind: 'bars', bars: played, loop: name === 'demo' && window.loop === true },
    history: all.value.slice(Math.max(0, first - WARM_UP), first).map(barOf),
    ends: true,
  })
}

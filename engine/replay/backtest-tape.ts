/** What a back-test plays: a file of 1m bars (any OHLCV CSV, or Binance's without a header), recorded frames, or a built-in tape. */
import { demoBars } from '../simulator/tape/demo.ts'
import { readFrames } from '../simulator/tape/frames.ts'
import { readKlinesCsv } from '../simulator/tape/klines-csv.ts'
import { columnsOf } from '../simulator/tape/recorded.ts'
import type { TapeColumns, TapeSpec } from '../simulator/exchange.ts'
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

async function barsOfCsv(file: string): Promise<Result<TapeColumns, Failure>> {
  const read = await readOhlcv(file)
  if (!read.ok) {
    const plain = read.error.code === 'bad-header' ? readKlinesCsv(file) : read
    return plain.ok ? ok(columnsOf(plain.value)) : plain
  }
  const { bars, intervalMs } = read.value
  if (bars.length > 1 && intervalMs !== MINUTE) {
    return fail('timeframe', `${file}: bars are ${intervalMs / MINUTE} minutes apart; the strategies decide on 1m bars`)
  }
  const misaligned = bars.time.findIndex((openTime) => openTime % MINUTE !== 0)
  return misaligned < 0 ? ok(bars) : fail('misaligned', `${file}: bar ${misaligned + 1} does not open on a whole minute`)
}

/** Bars `from` (inclusive) to `to` (exclusive), by their place. */
const part = ({ time, open, high, low, close, volume }: TapeColumns, from: number, to: number): TapeColumns => ({
  length: to - from,
  time: time.subarray(from, to),
  open: open.subarray(from, to),
  high: high.subarray(from, to),
  low: low.subarray(from, to),
  close: close.subarray(from, to),
  volume: volume.subarray(from, to),
})

const barsIn = ({ length, time, open, high, low, close, volume }: TapeColumns): Bar[] =>
  Array.from({ length }, (_, i) => ({
    openTime: time[i] ?? 0,
    open: open[i] ?? 0,
    high: high[i] ?? 0,
    low: low[i] ?? 0,
    close: close[i] ?? 0,
    volume: volume[i] ?? 0,
  }))

const isCsv = (name: string): boolean => name !== 'demo' && name !== 'synthetic' && /\.csv(\.gz)?$/i.test(name)

/** Every bar of a file, for who opens more than one window of it; null for a tape that is no file of bars. */
export const readBars = (name: string): Promise<Result<TapeColumns | null, Failure>> =>
  isCsv(name) ? barsOfCsv(name) : Promise.resolve(ok(null))

/**
 * `name`: a file, 'demo' or 'synthetic'. Failures name the file and what is wrong with it.
 * @param read the file's bars, when it has been read already.
 */
export async function openBacktestTape(
  name: string,
  symbol: string,
  window: TapeWindow,
  read: TapeColumns | null = null,
): Promise<Result<BacktestTape, Failure>> {
  if (name === 'synthetic') {
    if (window.from !== null || window.to !== null) return fail('usage', '--from and --to go with a recorded tape')
    return ok({ spec: { kind: 'synthetic' }, history: [], ends: false })
  }
  if (name !== 'demo' && !isCsv(name)) {
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
  const demo = name === 'demo' ? demoBars() : null
  if (demo !== null && !demo.ok) return demo
  const all = demo !== null ? ok(columnsOf(demo.value)) : read === null ? await barsOfCsv(name) : ok(read)
  if (!all.ok) return all
  const { from, to } = window
  const { time, length } = all.value
  const first = from === null ? 0 : time.findIndex((openTime) => openTime >= from)
  const beyond = to === null ? -1 : time.findIndex((openTime) => openTime > to)
  const end = beyond < 0 ? length : beyond
  if (first < 0 || first >= end) return fail('empty', `${name}: no bars between --from and --to`)
  const columns = part(all.value, first, end)
  const looped = demo !== null && window.loop === true
  return ok({
    spec: looped ? { kind: 'bars', bars: demo.value.slice(first, end), loop: true } : { kind: 'columns', columns },
    history: barsIn(part(all.value, Math.max(0, first - WARM_UP), first)),
    ends: true,
  })
}

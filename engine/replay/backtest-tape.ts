/** What a back-test plays: a file of 1m bars (any OHLCV CSV, or Binance's without a header), recorded frames, or a built-in tape. */
import { stat } from 'node:fs/promises'
import { demoBars } from '../simulator/tape/demo.ts'
import { readFrames } from '../simulator/tape/frames.ts'
import { readKlinesCsv } from '../simulator/tape/klines-csv.ts'
import { columnsOf } from '../simulator/tape/recorded.ts'
import type { TapeColumns, TapeSpec } from '../simulator/exchange.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { Bar } from '../strategy/strategy.ts'
import { namingFile, readOhlcv, type OhlcvFailure, type OhlcvFile } from './ohlcv-file.ts'

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

export interface FileBars extends TapeColumns {
  /** The file ran from its newest bar to its oldest; these do not. */
  readonly newestFirst: boolean
}

async function barsOfCsv(file: string): Promise<Result<FileBars, Failure>> {
  const read = await readOhlcv(file)
  if (read.ok) return playable(file, read.value)
  if (!(await mayBeElse(file, read.error))) return { ok: false, error: namingFile(file, read.error) }
  const plain = readKlinesCsv(file)
  return plain.ok ? ok({ ...columnsOf(plain.value), newestFirst: false }) : plain
}

/** Whether another reader may try: no column was named, and the file can be read again (what came through a pipe is gone). */
const mayBeElse = async (file: string, error: OhlcvFailure): Promise<boolean> => error.code === 'bad-header' && !(await isPipe(file))

/** Something whose bytes can be read once only. False for what is not there: whoever opens it says so. */
export const isPipe = (name: string): Promise<boolean> =>
  stat(name).then(
    (about) => !about.isFile() && !about.isDirectory(),
    () => false,
  )

function playable(file: string, { bars, newestFirst, intervalMs }: OhlcvFile): Result<FileBars, Failure> {
  if (bars.length > 1 && intervalMs !== MINUTE) {
    return fail('timeframe', `${file}: bars are ${intervalMs / MINUTE} minutes apart; the strategies decide on 1m bars`)
  }
  const misaligned = bars.time.findIndex((openTime) => openTime % MINUTE !== 0)
  if (misaligned >= 0) return fail('misaligned', `${file}: bar ${misaligned + 1} does not open on a whole minute`)
  return ok({ ...bars, newestFirst })
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

const isBuiltIn = (name: string): boolean => name === 'demo' || name === 'synthetic'
const isCsv = (name: string): boolean => !isBuiltIn(name) && /\.csv(\.gz)?$/i.test(name)

/** Every bar of a file, for who opens more than one window of it; null for a tape that is no file of bars. */
export const readBars = (name: string): Promise<Result<FileBars | null, Failure>> =>
  isCsv(name) ? barsOfCsv(name) : Promise.resolve(ok(null))

/** As `readBars` of a file said to hold bars, whatever its name: a pipe has none. null where it holds frames after all. */
export async function readBarsFile(name: string): Promise<Result<FileBars | null, Failure>> {
  if (isBuiltIn(name) || isCsv(name)) return readBars(name)
  const read = await readOhlcv(name)
  if (read.ok) return playable(name, read.value)
  return (await mayBeElse(name, read.error)) ? ok(null) : { ok: false, error: namingFile(name, read.error) }
}

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
  if (read === null && name !== 'demo' && !isCsv(name)) {
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

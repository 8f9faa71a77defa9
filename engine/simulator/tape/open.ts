/** Opens a symbol's tape: where its bars come from, what happened before the start, and its first price. */
import { dec } from '../decimal.ts'
import type { ExchangeConfig, TapeFrame } from '../exchange.ts'
import type { Market } from '../market/market.ts'
import { hash32, Rng, textSeed } from '../random.ts'
import { MINUTE, type BarSource, type UnitBar } from './bars.ts'
import { columnsOf, recordedBars } from './recorded.ts'
import { preludeBars, syntheticBars } from './synthetic.ts'

const DEFAULT_PRELUDE = 1_600

export interface OpenedTape {
  readonly source: BarSource
  /** The bar already taken from the source to know the first price. */
  readonly first: UnitBar | null
  readonly firstPrice: number
  readonly history: readonly UnitBar[]
  readonly frames: readonly TapeFrame[]
  readonly playsBars: boolean
  readonly endTime: number | null
}

const silent = (startTime: number, endTime: number | null): BarSource => ({ startTime, endTime, next: () => null })

/** Price of the first frame that names one. */
function framePrice(frames: readonly TapeFrame[]): number | null {
  for (const { data } of frames) {
    if (data === null || typeof data !== 'object') continue
    const price = 'p' in data && typeof data.p === 'string' ? Number(data.p) : NaN
    if ('e' in data && (data.e === 'trade' || data.e === 'aggTrade') && price > 0) return price
  }
  return null
}

export function openTape(market: Market, config: ExchangeConfig, startTime: number): OpenedTape {
  const { instrument } = market
  const spec = config.tapes?.[market.symbol] ?? { kind: 'synthetic' }
  const seed = textSeed(config.seed, `${market.symbol}/tape`)
  const reference = dec('startPrice' in spec && spec.startPrice !== undefined ? spec.startPrice : instrument.spec.referencePrice).toNumber()
  let source: BarSource
  let frames: readonly TapeFrame[] = []
  let firstPrice = instrument.tickOf(reference)
  switch (spec.kind) {
    case 'synthetic': {
      const options = { startTime, startPrice: reference, ...(spec.regimes === undefined ? {} : { regimes: spec.regimes }) }
      source = syntheticBars(instrument, new Rng(seed), options)
      break
    }
    case 'bars': {
      const placement = {
        ...(config.startTime === undefined ? {} : { startTime }),
        loop: spec.loop ?? false,
        ...(spec.startPrice === undefined ? {} : { startPrice: reference }),
      }
      source = recordedBars(columnsOf(spec.bars), instrument, placement)
      break
    }
    case 'columns': {
      source = recordedBars(spec.columns, instrument, { ...(config.startTime === undefined ? {} : { startTime }), loop: false })
      break
    }
    case 'frames': {
      frames = spec.frames
      source = silent(startTime, spec.frames.at(-1)?.time ?? startTime)
      firstPrice = instrument.tickOf(framePrice(frames) ?? reference)
      break
    }
    case 'live':
      source = silent(startTime, null)
  }
  const playsBars = spec.kind === 'synthetic' || spec.kind === 'bars' || spec.kind === 'columns'
  const first = playsBars ? source.next() : null
  if (first !== null) firstPrice = first.open
  const minuteVolume = first?.volume ?? Math.round((1_000_000 / (firstPrice / instrument.priceScale)) * instrument.qtyScale)
  // A recorded tape on the clock of another symbol may begin later: its prelude ends where it begins.
  const historyEnd = first === null ? Math.floor(startTime / MINUTE) * MINUTE : first.openTime
  const count = spec.kind === 'live' ? 0 : (config.preludeBars ?? DEFAULT_PRELUDE)
  const history = preludeBars(
    instrument,
    new Rng(hash32(seed, 3)),
    count,
    historyEnd,
    firstPrice / instrument.priceScale,
    Math.max(1, minuteVolume),
  )
  return { source, first, firstPrice, history, frames, playsBars, endTime: source.endTime }
}

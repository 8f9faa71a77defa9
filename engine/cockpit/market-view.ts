/**
 * The cockpit's own eyes on the market: an independent reader of the ring, drained on a timer, never waiting, so that neither a
 * dead brain nor a busy renderer can stop or slow anything. Prices here are doubles for display (INV-01 allows charts).
 */
import type { CandleMessage, ChartBar, MarketRow } from '../contract/cockpit.ts'
import type { DecimalText } from '../contract/decimal-text.ts'
import { TICK_WORDS, tickKind, TickKind, tickSymbolId } from '../contract/tick.ts'
import { createReader, RING_READERS, type RingReader } from '../ring/index.ts'
import { barSeries, type BarSeries } from './bars.ts'
import { lateBar, type LateBar } from './late-bar.ts'

export const DRAIN_MS = 50
const REOPEN_MS = 1_000
/** Ticks taken per turn at most: the rest waits for the next turn. */
const TURN_BATCHES = 64
const DAY_S = 86_400

interface Symbol {
  readonly name: string
  readonly bars: BarSeries
  readonly late: LateBar
  priceDecimals: number
  quantityDecimals: number
  exact: boolean
  last: number
  mark: number
  bid: number
  ask: number
  venueTime: number
  ticks: number
  changed: boolean
}

export interface MarketView {
  readonly rows: readonly MarketRow[]
  /** One `history` per symbol. */
  history(): readonly CandleMessage[]
  /** Decimals for display from the venue's contract data. */
  setDecimals(symbol: string, price: number, quantity: number): void
  readonly ringBackend: 'native' | 'fallback' | 'unknown'
  /** Ticks this reader lost by being lapped. */
  readonly lost: number
  close(): void
}

const decimalsOf = (value: number): number => {
  const text = String(value)
  const exponent = /e-(\d+)$/.exec(text)
  const fraction = text.split(/[.e]/)[1]?.length ?? 0
  return Math.min(12, exponent === null ? (text.includes('.') ? fraction : 0) : Number(exponent[1]) + (text.includes('.') ? fraction : 0))
}

export interface MarketListeners {
  rows(rows: readonly MarketRow[]): void
  candles(message: CandleMessage): void
}

export function marketView(ringPath: string, symbols: readonly string[], listeners: MarketListeners): MarketView {
  const table: Symbol[] = symbols.map((name) => ({
    name,
    bars: barSeries(),
    late: lateBar(),
    priceDecimals: 0,
    quantityDecimals: 0,
    exact: false,
    last: 0,
    mark: 0,
    bid: 0,
    ask: 0,
    venueTime: 0,
    ticks: 0,
    changed: false,
  }))
  let reader: RingReader | null = null
  let lookedAt = -Infinity
  let lostBefore = 0
  let backend: 'native' | 'fallback' | 'unknown' = 'unknown'

  const see = (symbol: Symbol, price: number): void => {
    if (!symbol.exact) symbol.priceDecimals = Math.max(symbol.priceDecimals, decimalsOf(price))
  }
  const bar = (symbol: Symbol, view: Float64Array, at: number, time: number): void => {
    const next: ChartBar = {
      time: Math.floor(time / 1_000),
      open: view[at + 3] ?? 0,
      high: view[at + 4] ?? 0,
      low: view[at + 5] ?? 0,
      close: view[at + 6] ?? 0,
      volume: view[at + 7] ?? 0,
      present: true,
    }
    see(symbol, next.close)
    symbol.late.kline(time)
    symbol.bars.put(next)
  }
  const late = (symbol: Symbol, view: Float64Array, at: number, timeMs: number): void => {
    const next = symbol.late.trade({ id: view[at + 5] ?? 0, timeMs, price: view[at + 3] ?? 0, quantity: view[at + 4] ?? 0 })
    if (next !== undefined) symbol.bars.put(next)
  }
  const take = (view: Float64Array, at: number): void => {
    const word = view[at + 1] ?? 0
    const symbol = table[tickSymbolId(word)]
    if (symbol === undefined) return
    const time = (view[at + 2] ?? 0) / 1_000
    const kind = tickKind(word)
    symbol.changed = true
    symbol.ticks += 1
    switch (kind) {
      case TickKind.trade:
        symbol.last = view[at + 3] ?? 0
        see(symbol, symbol.last)
        late(symbol, view, at, time)
        if (!symbol.exact) symbol.quantityDecimals = Math.max(symbol.quantityDecimals, decimalsOf(view[at + 4] ?? 0))
        break
      case TickKind.bar:
      case TickKind.barClosed:
        bar(symbol, view, at, time)
        symbol.last = view[at + 6] ?? 0
        break
      case TickKind.barHistory:
        bar(symbol, view, at, time)
        /* history is not news: it must not look like moving data */
        symbol.ticks -= 1
        if (symbol.last === 0) symbol.last = view[at + 6] ?? 0
        return
      case TickKind.mark:
        symbol.mark = view[at + 3] ?? 0
        break
      case TickKind.bookTop:
        symbol.bid = view[at + 3] ?? 0
        symbol.ask = view[at + 5] ?? 0
        break
      case TickKind.gap:
        symbol.bars.hole(Math.floor(time / 1_000), Math.floor((view[at + 3] ?? 0) / 1_000))
        return
      case TickKind.reset:
        return
    }
    symbol.venueTime = Math.max(symbol.venueTime, Math.floor(time))
  }

  const text = (symbol: Symbol, value: number): DecimalText => value.toFixed(symbol.priceDecimals) as DecimalText
  const row = (symbol: Symbol): MarketRow => {
    return {
      symbol: symbol.name,
      last: text(symbol, symbol.last),
      mark: text(symbol, symbol.mark),
      bid: text(symbol, symbol.bid),
      ask: text(symbol, symbol.ask),
      dayOpen: text(symbol, symbol.bars.openSince(DAY_S)),
      venueTime: symbol.venueTime,
      ticks: symbol.ticks,
      priceDecimals: symbol.priceDecimals,
      quantityDecimals: symbol.quantityDecimals,
    }
  }
  let rows: readonly MarketRow[] = table.map(row)

  const open = (): void => {
    const now = performance.now()
    if (now - lookedAt < (reader === null ? DRAIN_MS : REOPEN_MS)) return
    lookedAt = now
    if (reader !== null) {
      if (!reader.stats().replaced) return
      lostBefore += reader.lost
      reader.close()
      reader = null
    }
    const opened = createReader(ringPath, { index: RING_READERS.host, from: 'oldest', name: 'host' })
    if (!opened.ok) return
    reader = opened.value
    backend = opened.value.backend
  }

  const turn = (): void => {
    open()
    if (reader === null) return
    for (let batch = 0; batch < TURN_BATCHES; batch += 1) {
      const count = reader.drain()
      if (count === 0) break
      for (let i = 0; i < count; i += 1) take(reader.view, i * TICK_WORDS)
    }
    if (!table.some((symbol) => symbol.changed)) return
    rows = table.map((symbol, i) => {
      const before = rows[i]
      return symbol.changed || before === undefined ? row(symbol) : before
    })
    for (const symbol of table) symbol.changed = false
    listeners.rows(rows)
    for (const symbol of table) {
      const changes = symbol.bars.takeChanges()
      if (changes === null) continue
      if (changes === 'all') listeners.candles({ type: 'history', symbol: symbol.name, bars: symbol.bars.bars })
      else listeners.candles({ type: 'bars', symbol: symbol.name, bars: changes })
    }
  }
  const timer = setInterval(turn, DRAIN_MS)

  return {
    get rows() {
      return rows
    },
    history: () => table.map((symbol) => ({ type: 'history', symbol: symbol.name, bars: symbol.bars.bars })),
    setDecimals(name, price, quantity) {
      const symbol = table.find((one) => one.name === name)
      if (symbol === undefined) return
      symbol.priceDecimals = price
      symbol.quantityDecimals = quantity
      symbol.exact = true
      symbol.changed = true
    },
    get ringBackend() {
      return backend
    },
    get lost() {
      return lostBefore + (reader?.lost ?? 0)
    },
    close() {
      clearInterval(timer)
      reader?.close()
      reader = null
    },
  }
}

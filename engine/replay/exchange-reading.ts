/** Public documents of the embedded exchange, read in process with the venue adapter's own decoders. */
import { fail, InvariantError } from '../contract/result.ts'
import type { SymbolFilters } from '../contract/venue.ts'
import type { Exchange } from '../simulator/exchange.ts'
import type { Bar } from '../strategy/strategy.ts'
import { Bars, ExchangeInfo, instrumentFilters } from '../venue/codec/market-documents.ts'
import { decode } from '../venue/codec/values.ts'

export function filtersOf(exchange: Exchange, symbols: readonly string[]): readonly SymbolFilters[] {
  const answer = exchange.request('GET /fapi/v1/exchangeInfo', null, {})
  const info = answer.ok ? decode(ExchangeInfo, answer.body) : fail('venue', answer.msg)
  if (!info.ok) throw new InvariantError(`Invariant: exchangeInfo can be read (${info.error.message})`)
  const wanted = new Set(symbols)
  return info.value.symbols.map(instrumentFilters).filter((one): one is SymbolFilters => one !== undefined && wanted.has(one.symbol))
}

/** At most `limit` closed bars before the exchange's now. */
export function closedBars(exchange: Exchange, symbol: string, limit: number): readonly Bar[] {
  const answer = exchange.request('GET /fapi/v1/klines', null, { symbol, interval: '1m', limit: String(limit) })
  const bars = answer.ok ? decode(Bars, answer.body) : fail('venue', answer.msg)
  if (!bars.ok) throw new InvariantError(`Invariant: klines can be read (${bars.error.message})`)
  return bars.value
    .filter((bar) => bar.closeTime < exchange.now)
    .map(({ openTime, open, high, low, close, volume }) => ({
      openTime,
      open: Number(open),
      high: Number(high),
      low: Number(low),
      close: Number(close),
      volume: Number(volume),
    }))
}

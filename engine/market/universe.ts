/** Which symbols are watched: USDT perpetuals that trade enough to be left again, and whose turn it is when not all can be asked. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { SymbolFilters } from '../contract/venue.ts'
import { readDecimal } from './decimal-reading.ts'

export interface Volume24h {
  readonly symbol: string
  /** Quote volume of the last 24 h, USDT. */
  readonly quoteVolume: DecimalText
}

export interface UniverseRules {
  readonly limit: number
  readonly minQuoteVolume: number
  /** Always in, whatever their volume (open positions must stay watched). */
  readonly keep?: readonly string[]
}

/**
 * The most liquid tradable USDT perpetuals, most traded first (ties by name), after the ones to keep. Volume is a filter and an
 * order here, never money, so doubles are enough.
 */
export function selectUniverse(symbols: readonly SymbolFilters[], volumes: readonly Volume24h[], rules: UniverseRules): readonly string[] {
  const traded = new Map(volumes.map((one) => [one.symbol, Math.max(0, readDecimal(one.quoteVolume))]))
  const tradable = symbols.filter((one) => one.quoteAsset === 'USDT' && one.status === 'TRADING' && /^[A-Z0-9]+USDT$/.test(one.symbol))
  const kept = (rules.keep ?? []).filter((symbol) => symbols.some((one) => one.symbol === symbol))
  const liquid = tradable
    .map((one) => ({ symbol: one.symbol, volume: traded.get(one.symbol) ?? 0 }))
    .filter((one) => one.volume >= rules.minQuoteVolume && !kept.includes(one.symbol))
    .sort((a, b) => b.volume - a.volume || (a.symbol < b.symbol ? -1 : 1))
    .map((one) => one.symbol)
  return [...kept, ...liquid].slice(0, Math.max(rules.limit, kept.length))
}

/** The next symbols to ask when a budget pays for `affordable` of them: every one comes up before any comes up twice. */
export function nextInTurn(
  symbols: readonly string[],
  cursor: number,
  affordable: number,
): { readonly turn: readonly string[]; readonly cursor: number } {
  const count = Math.min(symbols.length, Math.max(0, Math.floor(affordable)))
  if (symbols.length === 0 || count === 0) return { turn: [], cursor }
  const start = cursor % symbols.length
  const turn = [...symbols, ...symbols].slice(start, start + count)
  return { turn, cursor: (start + count) % symbols.length }
}

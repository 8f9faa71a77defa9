/** Which symbols are watched: USDT perpetuals that trade enough to be left again, and whose turn it is when not all can be asked. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { SymbolFilters } from '../contract/venue.ts'
import { readDecimal } from './decimal-reading.ts'

export interface Volume24h {
  readonly symbol: string
  /** Quote volume of the last 24 h, USDT. */
  readonly quoteVolume: DecimalText
}

export type Listing = Pick<SymbolFilters, 'symbol' | 'quoteAsset' | 'status'>

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
export function selectUniverse(symbols: readonly Listing[], volumes: readonly Volume24h[], rules: UniverseRules): readonly string[] {
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

/** Listings that trade less than this in a day, USDT, are not chosen by themselves. */
export const MIN_DAY_VOLUME = 1_000_000
const AUTO = /^auto:(\d+)$/

/** What `symbols` of the settings asks for: the named ones, and how many in all when some are to be chosen. */
export function askedUniverse(symbols: readonly string[]): { readonly named: readonly string[]; readonly limit: number | null } {
  let limit: number | null = null
  const named: string[] = []
  for (const entry of symbols) {
    const found = AUTO.exec(entry)
    if (found === null) named.push(entry)
    else limit = Math.max(limit ?? 0, Number(found[1]))
  }
  return { named, limit }
}

/** Who came into and who fell out of the most traded since `chosen` was chosen. */
export function universeChanges(
  chosen: readonly string[],
  volumes: readonly Volume24h[],
  rules: UniverseRules,
): { readonly entered: readonly string[]; readonly left: readonly string[] } {
  /* by its name alone: a listing that is traded is tradable enough to be spoken of */
  const listed = volumes.map(({ symbol }) => ({ symbol, quoteAsset: 'USDT', status: 'TRADING' }))
  const now = selectUniverse(listed, volumes, rules)
  return { entered: now.filter((symbol) => !chosen.includes(symbol)), left: chosen.filter((symbol) => !now.includes(symbol)) }
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

/** The public half: needs no key, loads no ccxt (the feed process has neither). */
import { ok } from '../contract/result.ts'
import type { PublicVenue, SymbolFilters } from '../contract/venue.ts'
import { Bars, DayVolumes, ExchangeInfo, instrumentFilters, PremiumIndex, ServerTime } from './codec/market-documents.ts'
import type { RateBudget } from './rate-budget.ts'
import type { Rest } from './rest.ts'
import { WEIGHT } from './weights.ts'

export interface PublicVenueOptions {
  readonly rest: Rest
  readonly budget: RateBudget
  /** How many listings of exchangeInfo could not be understood. */
  readonly onSkipped: (count: number) => void
}

export function createPublicVenue({ rest, budget, onSkipped }: PublicVenueOptions): PublicVenue {
  return {
    async serverTime() {
      const answer = await rest.call({
        method: 'GET',
        api: 'fapiPublic',
        path: 'time',
        /* a cancel may be waiting for the right time */
        lane: 'cancel',
        weight: WEIGHT.time,
        schema: ServerTime,
      })
      return answer.ok ? ok(answer.value.serverTime) : answer
    },
    async symbols() {
      const answer = await rest.call({
        method: 'GET',
        api: 'fapiPublic',
        path: 'exchangeInfo',
        lane: 'account',
        weight: WEIGHT.exchangeInfo,
        schema: ExchangeInfo,
      })
      if (!answer.ok) return answer
      const weight = answer.value.rateLimits.find(
        (one) => one.rateLimitType === 'REQUEST_WEIGHT' && one.interval === 'MINUTE' && one.intervalNum === 1,
      )
      if (weight !== undefined) budget.setLimit(weight.limit)
      const known = answer.value.symbols.map(instrumentFilters).filter((one): one is SymbolFilters => one !== undefined)
      const skipped = answer.value.symbols.length - known.length
      if (skipped > 0) onSkipped(skipped)
      return ok(known)
    },
    dayVolumes: () =>
      rest.call({
        method: 'GET',
        api: 'fapiPublic',
        path: 'ticker/24hr',
        lane: 'market',
        weight: WEIGHT.dayTickers,
        schema: DayVolumes,
      }),
    bars: (symbol, interval, range) =>
      rest.call({
        method: 'GET',
        api: 'fapiPublic',
        path: 'klines',
        params: {
          symbol,
          interval,
          ...(range.startTime === undefined ? {} : { startTime: range.startTime }),
          ...(range.endTime === undefined ? {} : { endTime: range.endTime }),
          ...(range.limit === undefined ? {} : { limit: range.limit }),
        },
        lane: 'market',
        weight: WEIGHT.bars(range.limit ?? 500),
        schema: Bars,
      }),
    markPrices: () =>
      rest.call({
        method: 'GET',
        api: 'fapiPublic',
        path: 'premiumIndex',
        lane: 'market',
        weight: WEIGHT.premiumIndexAll,
        schema: PremiumIndex,
      }),
  }
}

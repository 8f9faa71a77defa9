/** Public REST documents: exchangeInfo, klines, premiumIndex, time. */
import * as v from 'valibot'
import { isDecimalText, type DecimalText } from '../../contract/decimal-text.ts'
import type { SymbolFilters, VenueBar } from '../../contract/venue.ts'
import { decimal, decimalOrZero, name, time } from './values.ts'

/** Of the 24 h ticker only what ranks listings. */
export const DayVolumes = v.array(v.object({ symbol: name, quoteVolume: decimal }))
export const ServerTime = v.object({ serverTime: time })

const Filter = v.looseObject({ filterType: v.string() })
const Instrument = v.object({
  symbol: name,
  baseAsset: name,
  quoteAsset: name,
  status: v.string(),
  contractType: v.optional(v.string(), ''),
  pricePrecision: v.pipe(v.number(), v.integer()),
  quantityPrecision: v.pipe(v.number(), v.integer()),
  triggerProtect: decimalOrZero,
  liquidationFee: decimalOrZero,
  marketTakeBound: decimalOrZero,
  orderTypes: v.optional(v.array(v.string()), []),
  filters: v.array(Filter),
})

/** Instruments are decoded one by one, so that one odd listing does not take the others with it. */
export const ExchangeInfo = v.object({
  rateLimits: v.optional(
    v.array(
      v.looseObject({
        rateLimitType: v.string(),
        interval: v.string(),
        intervalNum: v.number(),
        limit: v.pipe(v.number(), v.integer(), v.minValue(1)),
      }),
    ),
    [],
  ),
  symbols: v.array(v.unknown()),
})

const Filters = {
  price: v.object({ minPrice: decimal, maxPrice: decimal, tickSize: decimal }),
  lot: v.object({ minQty: decimal, maxQty: decimal, stepSize: decimal }),
  notional: v.object({ notional: decimal }),
  percent: v.object({ multiplierUp: decimal, multiplierDown: decimal }),
  count: v.object({ limit: v.pipe(v.number(), v.integer()) }),
}

/** One instrument's filters; undefined when something needed for an exact order is missing. */
export function instrumentFilters(raw: unknown): SymbolFilters | undefined {
  const parsed = v.safeParse(Instrument, raw)
  if (!parsed.success) return undefined
  const instrument = parsed.output
  const filter = <S extends v.GenericSchema>(type: string, schema: S): v.InferOutput<S> | undefined => {
    const found = v.safeParse(
      schema,
      instrument.filters.find((one) => one.filterType === type),
    )
    return found.success ? found.output : undefined
  }
  const price = filter('PRICE_FILTER', Filters.price)
  const lot = filter('LOT_SIZE', Filters.lot)
  const notional = filter('MIN_NOTIONAL', Filters.notional)
  const percent = filter('PERCENT_PRICE', Filters.percent)
  if (price === undefined || lot === undefined || notional === undefined || percent === undefined) return undefined
  const market = filter('MARKET_LOT_SIZE', Filters.lot) ?? lot
  return {
    symbol: instrument.symbol,
    baseAsset: instrument.baseAsset,
    quoteAsset: instrument.quoteAsset,
    status: instrument.status,
    tickSize: price.tickSize,
    minPrice: price.minPrice,
    maxPrice: price.maxPrice,
    stepSize: lot.stepSize,
    minQuantity: lot.minQty,
    maxQuantity: lot.maxQty,
    marketStepSize: market.stepSize,
    marketMinQuantity: market.minQty,
    marketMaxQuantity: market.maxQty,
    minNotional: notional.notional,
    multiplierUp: percent.multiplierUp,
    multiplierDown: percent.multiplierDown,
    pricePrecision: instrument.pricePrecision,
    quantityPrecision: instrument.quantityPrecision,
    maxOrders: filter('MAX_NUM_ORDERS', Filters.count)?.limit ?? 200,
    triggerProtect: instrument.triggerProtect,
    liquidationFee: instrument.liquidationFee,
    marketTakeBound: instrument.marketTakeBound,
    orderTypes: instrument.orderTypes,
  }
}

const isPositive = (text: DecimalText): boolean => isDecimalText(text) && !text.startsWith('-') && /[1-9]/.test(text)
const positive = v.pipe(decimal, v.check(isPositive, 'expected a positive number'))

/** [open time, open, high, low, close, volume, close time, quote volume, trades, …] */
const Row = v.pipe(
  v.looseTuple([time, positive, positive, positive, positive, decimal, time, v.unknown(), v.pipe(v.number(), v.integer(), v.minValue(0))]),
  v.transform(([openTime, open, high, low, close, volume, closeTime, , trades]): VenueBar => {
    return { openTime, open, high, low, close, volume, closeTime, trades }
  }),
)
export const Bars = v.array(Row)

const Premium = v.pipe(
  v.object({
    symbol: name,
    markPrice: decimal,
    indexPrice: decimalOrZero,
    lastFundingRate: decimalOrZero,
    nextFundingTime: v.optional(time, 0),
  }),
  v.transform(({ symbol, markPrice, indexPrice, lastFundingRate, nextFundingTime }) => ({
    symbol,
    mark: markPrice,
    index: indexPrice,
    fundingRate: lastFundingRate,
    nextFundingTime,
  })),
)
export const PremiumIndex = v.array(Premium)

/** What paper mode reads from its upstream's REST: symbols, time, bars. Everything is checked at this border. */
import * as v from 'valibot'
import { decimalText, type DecimalText } from '../../contract/decimal-text.ts'
import { fail, ok, type Failure, type Result } from '../../contract/result.ts'
import type { TapeBar } from '../exchange.ts'
import { symbolSpec, type SymbolSpec } from '../symbols.ts'

const TIMEOUT_MS = 10_000
export type UpstreamFailure = Failure<'upstream'>

/** GET of one upstream document; any failure is one line naming the upstream. */
export async function fetchDocument(rest: string, path: string): Promise<Result<unknown, UpstreamFailure>> {
  try {
    const response = await fetch(rest + path, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
    const text = await response.text()
    if (!response.ok)
      return fail('upstream', `${rest} answered ${response.status} to ${path}`, { status: response.status, text: text.slice(0, 200) })
    return ok(JSON.parse(text) as unknown)
  } catch (thrown) {
    return fail('upstream', `${rest} cannot be reached: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}

const Filter = v.looseObject({ filterType: v.string() })
const Listed = v.looseObject({
  symbol: v.string(),
  status: v.string(),
  contractType: v.optional(v.string()),
  baseAsset: v.string(),
  quoteAsset: v.string(),
  pricePrecision: v.number(),
  quantityPrecision: v.number(),
  triggerProtect: v.optional(decimalText),
  liquidationFee: v.optional(decimalText),
  marketTakeBound: v.optional(decimalText),
  filters: v.array(Filter),
})
const ExchangeInfo = v.looseObject({ symbols: v.array(v.looseObject({ symbol: v.string() })) })
const Time = v.looseObject({ serverTime: v.number() })
const Bar = v.tupleWithRest([v.number(), decimalText, decimalText, decimalText, decimalText, decimalText, v.number()], v.unknown())
const Price = v.looseObject({ price: decimalText })

const PriceFilter = v.looseObject({ minPrice: decimalText, maxPrice: decimalText, tickSize: decimalText })
const LotFilter = v.looseObject({ minQty: decimalText, maxQty: decimalText, stepSize: decimalText })
const NotionalFilter = v.looseObject({ notional: decimalText })
const PercentFilter = v.looseObject({ multiplierUp: decimalText, multiplierDown: decimalText })
const CountFilter = v.looseObject({ limit: v.number() })

/** Tiers, fees and funding of a symbol we have no contract data for: those of a middling alt coin, said so in the log. */
const GENERIC = 'SOLUSDT'

/** The upstream's specification of each symbol; what exchangeInfo does not say (tiers, fees) is ours. */
export async function fetchSpecs(rest: string, symbols: readonly string[]): Promise<Result<readonly SymbolSpec[], UpstreamFailure>> {
  const document = await fetchDocument(rest, '/fapi/v1/exchangeInfo')
  if (!document.ok) return document
  const info = v.safeParse(ExchangeInfo, document.value)
  if (!info.success) return fail('upstream', `${rest} sent an exchangeInfo without symbols`)
  const specs: SymbolSpec[] = []
  for (const symbol of symbols) {
    const listed = v.safeParse(
      Listed,
      info.output.symbols.find((row) => row.symbol === symbol),
    )
    if (!listed.success) return fail('upstream', `${rest} does not list ${symbol}`)
    const price = await lastPrice(rest, symbol)
    if (!price.ok) return price
    const spec = specOf(listed.output, price.value)
    if (spec === undefined) return fail('upstream', `${rest} lists ${symbol} without its filters`)
    specs.push(spec)
  }
  return ok(specs)
}

async function lastPrice(rest: string, symbol: string): Promise<Result<DecimalText, UpstreamFailure>> {
  const document = await fetchDocument(rest, `/fapi/v1/ticker/price?symbol=${symbol}`)
  if (!document.ok) return document
  const price = v.safeParse(Price, document.value)
  return price.success ? ok(price.output.price) : fail('upstream', `${rest} sent no price of ${symbol}`)
}

function specOf(listed: v.InferOutput<typeof Listed>, referencePrice: DecimalText): SymbolSpec | undefined {
  const base = symbolSpec(listed.symbol) ?? symbolSpec(GENERIC)
  const filter = <T extends v.GenericSchema>(type: string, schema: T): v.InferOutput<T> | undefined => {
    const parsed = v.safeParse(
      schema,
      listed.filters.find((row) => row.filterType === type),
    )
    return parsed.success ? parsed.output : undefined
  }
  const price = filter('PRICE_FILTER', PriceFilter)
  const lot = filter('LOT_SIZE', LotFilter)
  const market = filter('MARKET_LOT_SIZE', LotFilter) ?? lot
  if (base === undefined || price === undefined || lot === undefined || market === undefined) return undefined
  const percent = filter('PERCENT_PRICE', PercentFilter)
  return {
    ...base,
    symbol: listed.symbol,
    baseAsset: listed.baseAsset,
    quoteAsset: listed.quoteAsset,
    status: listed.status,
    pricePrecision: listed.pricePrecision,
    quantityPrecision: listed.quantityPrecision,
    tickSize: price.tickSize,
    minPrice: price.minPrice,
    maxPrice: price.maxPrice,
    stepSize: lot.stepSize,
    minQty: lot.minQty,
    maxQty: lot.maxQty,
    marketStepSize: market.stepSize,
    marketMinQty: market.minQty,
    marketMaxQty: market.maxQty,
    minNotional: filter('MIN_NOTIONAL', NotionalFilter)?.notional ?? base.minNotional,
    multiplierUp: percent?.multiplierUp ?? base.multiplierUp,
    multiplierDown: percent?.multiplierDown ?? base.multiplierDown,
    maxOrders: filter('MAX_NUM_ORDERS', CountFilter)?.limit ?? base.maxOrders,
    triggerProtect: listed.triggerProtect ?? base.triggerProtect,
    liquidationFee: listed.liquidationFee ?? base.liquidationFee,
    marketTakeBound: listed.marketTakeBound ?? base.marketTakeBound,
    referencePrice,
  }
}

/** Upstream's server time, ms. */
export async function fetchTime(rest: string): Promise<Result<number, UpstreamFailure>> {
  const document = await fetchDocument(rest, '/fapi/v1/time')
  if (!document.ok) return document
  const time = v.safeParse(Time, document.value)
  return time.success ? ok(time.output.serverTime) : fail('upstream', `${rest} sent no server time`)
}

/** Closed one-minute bars before `before`, ascending, at most 1,500. */
export async function fetchHistory(rest: string, symbol: string, before: number): Promise<Result<readonly TapeBar[], UpstreamFailure>> {
  const document = await fetchDocument(rest, `/fapi/v1/klines?symbol=${symbol}&interval=1m&limit=1500`)
  if (!document.ok) return document
  const rows = v.safeParse(v.array(Bar), document.value)
  if (!rows.success) return fail('upstream', `${rest} sent bars of ${symbol} that are not bars`)
  return ok(
    rows.output
      .filter((row) => row[6] < before)
      .map(([openTime, open, high, low, close, volume]) => ({ openTime, open, high, low, close, volume })),
  )
}

/** GET /fapi/v1/exchangeInfo: contracts, filters from data, rate limits (exchange.md §3.3-3.4). */
import type { Market } from '../market/market.ts'
import type { SymbolSpec } from '../symbols.ts'

const ORDER_TYPES = ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']
const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK', 'GTX', 'GTD']

function filters(spec: SymbolSpec): readonly unknown[] {
  return [
    { filterType: 'PRICE_FILTER', minPrice: spec.minPrice, maxPrice: spec.maxPrice, tickSize: spec.tickSize },
    { filterType: 'LOT_SIZE', minQty: spec.minQty, maxQty: spec.maxQty, stepSize: spec.stepSize },
    { filterType: 'MARKET_LOT_SIZE', minQty: spec.marketMinQty, maxQty: spec.marketMaxQty, stepSize: spec.marketStepSize },
    { filterType: 'MAX_NUM_ORDERS', limit: spec.maxOrders },
    { filterType: 'MIN_NOTIONAL', notional: spec.minNotional },
    { filterType: 'PERCENT_PRICE', multiplierUp: spec.multiplierUp, multiplierDown: spec.multiplierDown, multiplierDecimal: '4' },
    { filterType: 'POSITION_RISK_CONTROL', positionControlSide: 'NONE' },
  ]
}

function symbolInfo(spec: SymbolSpec): unknown {
  return {
    symbol: spec.symbol,
    pair: spec.symbol,
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_567_965_300_000,
    status: spec.status,
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: spec.baseAsset,
    quoteAsset: spec.quoteAsset,
    marginAsset: spec.quoteAsset,
    pricePrecision: spec.pricePrecision,
    quantityPrecision: spec.quantityPrecision,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: ['PoW'],
    triggerProtect: spec.triggerProtect,
    liquidationFee: spec.liquidationFee,
    marketTakeBound: spec.marketTakeBound,
    maxMoveOrderLimit: 10_000,
    filters: filters(spec),
    orderTypes: ORDER_TYPES,
    timeInForce: TIMES_IN_FORCE,
    permissionSets: ['GRID', 'COPY', 'DCA', 'PSB'],
  }
}

export function exchangeInfo(markets: readonly Market[], now: number): unknown {
  return {
    timezone: 'UTC',
    serverTime: now,
    futuresType: 'U_MARGINED',
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 },
      { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
    ],
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols: markets.map((market) => symbolInfo(market.instrument.spec)),
  }
}

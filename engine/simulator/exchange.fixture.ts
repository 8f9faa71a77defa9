/** An exchange for tests: one account, hand-written bars, small helpers that read like orders. */
import * as v from 'valibot'
import type { DecimalText } from '../contract/decimal-text.ts'
import { createExchange } from './core.ts'
import type { Exchange, ExchangeConfig, MarketEvent, Outcome, Params, Route, TapeBar, UserEvent } from './exchange.ts'
import { symbolSpec, type SymbolSpec } from './symbols.ts'
import { MINUTE } from './tape/bars.ts'
import { present } from './present.ts'

export const START = Date.UTC(2024, 0, 2, 3)
export const KEY = 'test-key'
export const text = (value: string): DecimalText => value as DecimalText

export function spec(symbol: string): SymbolSpec {
  const found = symbolSpec(symbol)
  if (found === undefined) throw new Error(`no contract data for ${symbol}`)
  return found
}

/** One minute each: a price, or [open, high, low, close]; `volume` in base units. */
export function barsOf(prices: readonly (number | readonly [number, number, number, number])[], volume = '100'): TapeBar[] {
  return prices.map((price, i) => {
    const [open, high, low, close] = typeof price === 'number' ? [price, price, price, price] : price
    const fixed = (value: number): string => value.toFixed(4)
    return { openTime: START + i * MINUTE, open: fixed(open), high: fixed(high), low: fixed(low), close: fixed(close), volume }
  })
}

export interface Bench {
  readonly exchange: Exchange
  readonly user: UserEvent[]
  readonly market: MarketEvent[]
  call(route: Route, params: Params, account?: string): Outcome
  /** The body of a request that must succeed. */
  body(route: Route, params: Params, account?: string): Doc
  /** The rows of a list that must be given. */
  rows(route: Route, params: Params, account?: string): readonly Doc[]
  /** The bars that must be given, column by column. */
  bars(route: Route, params: Params): readonly (readonly unknown[])[]
  /** The book that must be given. */
  depth(params: Params): DepthDoc
  /** The code of a request that must fail. */
  code(route: Route, params: Params, account?: string): number
  minutes(count: number): void
  /** Types with execution or status of the user events so far, and forgets them. */
  heard(): string[]
}

/** Documents are read by field name in tests. */
export type Doc = Readonly<Record<string, unknown>>

const isDoc = (value: unknown): value is Doc => typeof value === 'object' && value !== null
const DocSchema = v.custom<Doc>(isDoc)
const RowsSchema = v.array(DocSchema)
const BarsSchema = v.array(v.array(v.unknown()))
const LevelsSchema = v.array(v.tuple([v.string(), v.string()]))
const DepthSchema = v.looseObject({ lastUpdateId: v.number(), bids: LevelsSchema, asks: LevelsSchema })
export type DepthDoc = v.InferOutput<typeof DepthSchema>

/** A field of a document that is a list of documents. */
export const rowsOf = (value: unknown): readonly Doc[] => v.parse(RowsSchema, value)

export function bench(config: Partial<ExchangeConfig> & { bars?: readonly TapeBar[] } = {}): Bench {
  const user: UserEvent[] = []
  const market: MarketEvent[] = []
  const { bars, ...rest } = config
  const symbols = config.symbols ?? [spec('BTCUSDT')]
  const exchange = createExchange({
    seed: 1,
    symbols,
    startTime: START,
    preludeBars: 10,
    stepsPerMinute: 4,
    accounts: [{ key: KEY, secret: 'test-secret', balance: text('100000') }],
    ...(bars === undefined ? {} : { tapes: { [present(symbols[0]).symbol]: { kind: 'bars', bars } } }),
    sinks: { onUser: (event) => user.push(event), onMarket: (event) => market.push(event) },
    ...rest,
  })
  const call = (route: Route, params: Params, account = KEY): Outcome => exchange.request(route, account, params)
  const given = (route: Route, params: Params, account?: string): unknown => {
    const outcome = call(route, params, account)
    if (!outcome.ok) throw new Error(`${route} ${JSON.stringify(params)}: ${outcome.code} ${outcome.msg}`)
    return outcome.body
  }
  return {
    exchange,
    user,
    market,
    call,
    body: (route, params, account) => v.parse(DocSchema, given(route, params, account)),
    rows: (route, params, account) => v.parse(RowsSchema, given(route, params, account)),
    bars: (route, params) => v.parse(BarsSchema, given(route, params)),
    depth: (params) => v.parse(DepthSchema, given('GET /fapi/v1/depth', params)),
    code(route, params, account) {
      const outcome = call(route, params, account)
      if (outcome.ok) throw new Error(`${route} ${JSON.stringify(params)} was accepted`)
      return outcome.code
    },
    minutes: (count) => exchange.advanceTo(exchange.now + count * MINUTE),
    heard() {
      exchange.advanceTo(exchange.now + 40)
      const names = user.map(({ type, data }) => {
        const inner = data['o'] as { x?: string; X?: string } | undefined
        return inner === undefined ? type : `${type}:${inner.x ?? ''}:${inner.X ?? ''}`
      })
      user.length = 0
      return names
    },
  }
}

export const limit = (side: 'BUY' | 'SELL', price: string, quantity: string, more: Params = {}): Params => ({
  symbol: 'BTCUSDT',
  side,
  type: 'LIMIT',
  timeInForce: 'GTC',
  price,
  quantity,
  newOrderRespType: 'RESULT',
  ...more,
})

export const market = (side: 'BUY' | 'SELL', quantity: string, more: Params = {}): Params => ({
  symbol: 'BTCUSDT',
  side,
  type: 'MARKET',
  quantity,
  newOrderRespType: 'RESULT',
  ...more,
})

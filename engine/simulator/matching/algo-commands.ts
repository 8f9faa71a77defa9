/** The algoOrder family: conditional orders placed, queried and cancelled (exchange.md §1.1, §2, §3.6). */
import type { Account } from '../account/account.ts'
import { algoDoc } from '../documents/orders.ts'
import { accept, refuse, type Checked } from '../errors.ts'
import type { Outcome, Params } from '../exchange.ts'
import type { Market } from '../market/market.ts'
import type { ConditionalBook } from './conditional.ts'
import { checkNotional, readClientId, readCommon, readTimeInForce, type Common, type IntakeView } from './intake.ts'
import { ALGO_TYPES, reduces, type Algo, type AlgoType, type TimeInForce } from './order.ts'
import { has, inside, limitOf, priceOf, qtyOf, timeRange } from './params.ts'
import type { World } from './world.ts'

const ok = (body: unknown): Outcome => ({ ok: true, body })

interface Pricing {
  readonly triggerPrice: number
  readonly price: number
  readonly activatePrice: number
  readonly callbackTenths: number
  readonly tif: TimeInForce
  readonly goodTillDate: number
}

export class AlgoCommands {
  readonly #book: ConditionalBook
  readonly #world: World
  readonly #view: IntakeView

  constructor(book: ConditionalBook, world: World, view: IntakeView) {
    this.#book = book
    this.#world = world
    this.#view = view
  }

  place(account: Account, params: Params): Outcome {
    if (params['algoType'] !== 'CONDITIONAL') return refuse(-1102, 'algoType')
    const common = readCommon(account, params, this.#view)
    if (!common.ok) return common
    const type = params['type']
    if (type === undefined || type === '') return refuse(-1102, 'type')
    if (!ALGO_TYPES.includes(type)) return refuse(-1116)
    const pricing = this.#pricing(params, common.value.market, type as AlgoType)
    if (!pricing.ok) return pricing
    const qty = this.#quantity(params, common.value, type as AlgoType)
    if (!qty.ok) return qty
    const clientId = readClientId(params, 'clientAlgoId', (id) => this.#taken(account, id), this.#view)
    if (!clientId.ok) return clientId
    if (qty.value > 0 && !reduces(common.value)) {
      const reference = pricing.value.price || pricing.value.triggerPrice || common.value.market.mark
      const notional = checkNotional(common.value.market, reference, qty.value)
      if (!notional.ok) return notional
    }
    const { now } = this.#world
    const algo: Algo = {
      ...common.value,
      ...pricing.value,
      id: this.#world.ids.algo(),
      clientId: clientId.value,
      account,
      type: type as AlgoType,
      qty: qty.value,
      priceMatch: 'NONE',
      status: 'NEW',
      time: now,
      updateTime: now,
      triggerTime: 0,
      order: null,
      rejectReason: '',
      timer: null,
      active: false,
      extreme: 0,
    }
    const refusal = this.#book.refusal(algo)
    if (refusal !== null) return refusal
    this.#book.add(algo)
    return ok(algoDoc(algo, false))
  }

  cancel(account: Account, params: Params): Outcome {
    const found = this.#find(account, params, -2011)
    if (!found.ok) return found
    const algo = found.value
    if (algo.status !== 'NEW') return refuse(-2011)
    this.#book.end(algo, 'CANCELED', '')
    return ok({ algoId: algo.id, clientAlgoId: algo.clientId, code: '200', msg: 'success' })
  }

  cancelAll(account: Account, params: Params): Outcome {
    const market = this.#market(params)
    if (!market.ok) return market
    for (const algo of Array.from(this.#book.open(account))) if (algo.market === market.value) this.#book.end(algo, 'CANCELED', '')
    return ok({ code: 200, msg: 'The operation of cancel all open order is done.' })
  }

  query(account: Account, params: Params): Outcome {
    const found = this.#find(account, params, -2013)
    return found.ok ? ok(algoDoc(found.value, true)) : found
  }

  open(account: Account, params: Params): Outcome {
    if (has(params, 'symbol') && this.#view.market(params['symbol'] ?? '') === undefined) return refuse(-1121)
    const rows = [...this.#book.open(account)].filter((algo) => !has(params, 'symbol') || algo.market.symbol === params['symbol'])
    return ok(rows.map((algo) => algoDoc(algo, true)))
  }

  all(account: Account, params: Params): Outcome {
    const market = this.#market(params)
    if (!market.ok) return market
    const limit = limitOf(params, 500, 1_000)
    if (!limit.ok) return limit
    const range = timeRange(params)
    if (!range.ok) return range
    const from = has(params, 'algoId') ? Number(params['algoId']) : undefined
    if (from !== undefined && !Number.isFinite(from)) return refuse(-1102, 'algoId')
    const every = [...this.#book.closed.values(), ...this.#book.triggered(account), ...this.#book.open(account)]
    const rows = every
      .filter((algo) => algo.account === account && algo.market === market.value)
      .filter((algo) => (from === undefined ? inside(algo.time, range.value) : algo.id >= from))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    const page = from === undefined && range.value.start === undefined ? rows.slice(-limit.value) : rows.slice(0, limit.value)
    return ok(page.map((algo) => algoDoc(algo, true)))
  }

  #pricing(params: Params, market: Market, type: AlgoType): Checked<Pricing> {
    const { instrument } = market
    if (type === 'TRAILING_STOP_MARKET') {
      const rate = params['callbackRate']
      if (rate === undefined || rate === '') return refuse(-1102, 'callbackRate')
      if (!/^\d{1,2}(\.\d0*)?$/.test(rate) || Number(rate) < 0.1 || Number(rate) > 10) return refuse(-2007)
      // activationPrice is the name used until 2025-12-22.
      const name = has(params, 'activatePrice') ? 'activatePrice' : 'activationPrice'
      const activate = has(params, name) ? priceOf(params, name, instrument, true) : accept(0)
      if (!activate.ok) return activate
      const callbackTenths = Math.round(Number(rate) * 10)
      return accept({ triggerPrice: 0, price: 0, activatePrice: activate.value, callbackTenths, tif: 'GTC', goodTillDate: 0 })
    }
    const trigger = priceOf(params, 'triggerPrice', instrument, true)
    if (!trigger.ok) return trigger
    const base = { triggerPrice: trigger.value, activatePrice: 0, callbackTenths: 0 }
    if (type === 'STOP_MARKET' || type === 'TAKE_PROFIT_MARKET') {
      if (has(params, 'price')) return refuse(-1106, 'price')
      return accept({ ...base, price: 0, tif: 'GTC', goodTillDate: 0 })
    }
    const price = priceOf(params, 'price', instrument)
    if (!price.ok) return price
    const time = has(params, 'timeInForce') ? readTimeInForce(params, this.#view.now) : accept({ tif: 'GTC' as const, goodTillDate: 0 })
    return time.ok ? accept({ ...base, price: price.value, ...time.value }) : time
  }

  #quantity(params: Params, common: Common, type: AlgoType): Checked<number> {
    const market = type !== 'STOP' && type !== 'TAKE_PROFIT'
    if (!common.closePosition) return qtyOf(params, 'quantity', common.market.instrument, market)
    if (type !== 'STOP_MARKET' && type !== 'TAKE_PROFIT_MARKET') return refuse(-4136, type)
    if (has(params, 'quantity') && Number(params['quantity']) !== 0) return refuse(-4137)
    if (common.reduceOnly) return refuse(-1106, 'reduceonly')
    return accept(0)
  }

  #taken(account: Account, id: string): boolean {
    for (const algo of this.#book.open(account)) if (algo.clientId === id) return true
    return false
  }

  #find(account: Account, params: Params, missing: -2011 | -2013): Checked<Algo> {
    const id = params['algoId'] ?? ''
    const clientId = params['clientAlgoId'] ?? ''
    if (id === '' && clientId === '') return refuse(-1102, 'algoId')
    const found = this.#book.find(account, (algo) => (id === '' ? algo.clientId === clientId : String(algo.id) === id))
    return found === undefined ? refuse(missing) : accept(found)
  }

  #market(params: Params): Checked<Market> {
    if (!has(params, 'symbol')) return refuse(-1102, 'symbol')
    const market = this.#view.market(params['symbol'] ?? '')
    return market === undefined ? refuse(-1121) : accept(market)
  }
}

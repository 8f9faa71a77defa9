/** Order entry of the regular book: place, amend, cancel, batches, countdown, and the order queries (exchange.md §1.1, §3.4). */
import type { Account } from '../account/account.ts'
import { acceptedDoc, orderDoc, userTradeDoc } from '../documents/orders.ts'
import { accept, refuse, type Checked } from '../errors.ts'
import type { Outcome, Params, VenueFailure } from '../exchange.ts'
import type { Entry } from '../schedule.ts'
import type { Engine } from './engine.ts'
import { checkBand, checkNotional, readOrder, type IntakeView } from './intake.ts'
import { isOpen, opposite, reduces, type Id, type Order } from './order.ts'
import { has, idOf, inside, limitOf, priceOf, qtyOf, timeRange, whole } from './params.ts'
import type { World } from './world.ts'

const BATCH_MAX = 5
const CANCEL_BATCH_MAX = 10
const MAX_AMENDS = 10_000
const AMENDMENTS_KEPT = 1_000

interface Amendment {
  readonly amendmentId: number
  readonly symbol: string
  readonly pair: string
  readonly orderId: Id
  readonly clientOrderId: string
  readonly time: number
  readonly amendment: {
    readonly price: { readonly before: string; readonly after: string }
    readonly origQty: { readonly before: string; readonly after: string }
    readonly count: number
  }
  readonly priceMatch: string
}

const ok = (body: unknown): Outcome => ({ ok: true, body })

export class OrderCommands {
  readonly #engine: Engine
  readonly #world: World
  readonly #view: IntakeView
  readonly #fullAcks: boolean
  readonly #countdowns = new Map<string, Entry>()
  readonly #amendments: { readonly account: Account; readonly doc: Amendment }[] = []
  #amendmentIds = 0

  constructor(engine: Engine, world: World, view: IntakeView, fullAcks: boolean) {
    this.#engine = engine
    this.#world = world
    this.#view = view
    this.#fullAcks = fullAcks
  }

  /** POST order; `test` checks everything and places nothing. */
  place(account: Account, params: Params, test = false): Outcome {
    const draft = readOrder(account, params, this.#view)
    if (!draft.ok) return draft
    const checked = this.#engine.check(draft.value)
    if (!checked.ok) return checked
    if (test) return ok({})
    const order = this.#engine.accept(draft.value)
    if (isOpen(order) && order.tif === 'GTD') this.#expireAt(order)
    return ok(params['newOrderRespType'] === 'RESULT' ? orderDoc(order, this.#fullAcks) : acceptedDoc(order, this.#fullAcks))
  }

  cancel(account: Account, params: Params): Outcome {
    const found = this.#find(account, params, -2011)
    if (!found.ok) return found
    const order = found.value
    if (!isOpen(order)) return refuse(-2011)
    this.#engine.finish(order, 'CANCELED', 0)
    return ok(orderDoc(order, this.#fullAcks))
  }

  cancelAll(account: Account, params: Params): Outcome {
    const symbol = this.#symbol(params)
    if (!symbol.ok) return symbol
    this.#cancelSymbol(account, symbol.value)
    return ok({ code: 200, msg: 'The operation of cancel all open order is done.' })
  }

  /** PUT order: price and quantity of a resting LIMIT order. */
  amend(account: Account, params: Params): Outcome {
    const symbol = this.#symbol(params)
    if (!symbol.ok) return symbol
    const side = params['side']
    if (!has(params, 'side')) return refuse(-1102, 'side')
    if (side !== 'BUY' && side !== 'SELL') return refuse(-1117)
    const found = this.#find(account, params, -2013)
    if (!found.ok) return found
    const order = found.value
    if (!isOpen(order)) return refuse(-2013)
    if (order.type !== 'LIMIT') return refuse(-5025)
    if (order.market.instrument.spec.status !== 'TRADING') return refuse(-5024)
    if (has(params, 'reduceOnly') && (params['reduceOnly'] ?? '').toLowerCase() !== String(order.reduceOnly)) return refuse(-5047)
    const qty = qtyOf(params, 'quantity', order.market.instrument, false)
    if (!qty.ok) return qty
    const price = priceOf(params, 'price', order.market.instrument)
    if (!price.ok) return price
    if (qty.value === order.qty && price.value === order.price) return refuse(-5027)
    if (order.amends >= MAX_AMENDS) return refuse(-5026)
    const checked = this.#checkAmend(order, price.value, qty.value)
    if (!checked.ok) return checked
    if (qty.value <= order.executed) {
      this.#engine.finish(order, 'CANCELED', 0)
      return ok(orderDoc(order, true))
    }
    this.#remember(order, price.value, qty.value)
    const loses = price.value !== order.price || qty.value > order.qty
    order.price = price.value
    order.qty = qty.value
    order.amends++
    order.updateTime = this.#world.now
    this.#engine.report(order, 'AMENDMENT', null)
    if (loses) this.#engine.requeue(order)
    else this.#world.bookChanged(this.#engine.book(order.market.symbol))
    return ok(orderDoc(order, true))
  }

  /** GET orderAmendment: newest first. */
  amendments(account: Account, params: Params): Outcome {
    const symbol = this.#symbol(params)
    if (!symbol.ok) return symbol
    const limit = limitOf(params, 50, 100)
    if (!limit.ok) return limit
    const rows = this.#amendments.filter(
      (one) =>
        one.account === account &&
        one.doc.symbol === symbol.value &&
        (!has(params, 'orderId') || String(one.doc.orderId) === params['orderId']) &&
        (!has(params, 'origClientOrderId') || one.doc.clientOrderId === params['origClientOrderId']),
    )
    return ok(
      rows
        .slice(-limit.value)
        .reverse()
        .map((one) => one.doc),
    )
  }

  /** POST, PUT or DELETE batchOrders: each entry answers for itself. */
  batch(account: Account, params: Params, one: (account: Account, params: Params) => Outcome): Outcome {
    const list = parseBatch(params['batchOrders'])
    if (list === null) return refuse(-1102, 'batchOrders')
    if (list.length === 0 || list.length > BATCH_MAX) return refuse(-4082)
    return ok(list.map((entry) => bodyOf(one(account, entry))))
  }

  cancelBatch(account: Account, params: Params): Outcome {
    const symbol = this.#symbol(params)
    if (!symbol.ok) return symbol
    const byId = parseList(params['orderIdList'])
    const byClient = parseList(params['origClientOrderIdList'])
    if (byId === null || byClient === null || byId.length + byClient.length === 0) return refuse(-1102, 'orderIdList')
    if (byId.length + byClient.length > CANCEL_BATCH_MAX) return refuse(-4082)
    const entries: Params[] = [
      ...byId.map((orderId) => ({ symbol: symbol.value, orderId })),
      ...byClient.map((origClientOrderId) => ({ symbol: symbol.value, origClientOrderId })),
    ]
    return ok(entries.map((entry) => bodyOf(this.cancel(account, entry))))
  }

  /** Dead-man's switch: cancels the symbol's regular orders unless called again in time; 0 disarms. */
  countdown(account: Account, params: Params): Outcome {
    const symbol = this.#symbol(params)
    if (!symbol.ok) return symbol
    const time = whole(params, 'countdownTime')
    if (!time.ok) return time
    if (time.value === undefined) return refuse(-1102, 'countdownTime')
    const key = `${account.key}|${symbol.value}`
    const armed = this.#countdowns.get(key)
    if (armed !== undefined) armed.run = null
    this.#countdowns.delete(key)
    if (time.value > 0) {
      const entry = this.#world.schedule.add(this.#world.now + time.value, () => {
        this.#countdowns.delete(key)
        this.#cancelSymbol(account, symbol.value)
      })
      this.#countdowns.set(key, entry)
    }
    return ok({ symbol: symbol.value, countdownTime: String(time.value) })
  }

  /** GET order, open or done. */
  query(account: Account, params: Params, openOnly: boolean): Outcome {
    const found = this.#find(account, params, -2013)
    if (!found.ok) return found
    if (openOnly && !isOpen(found.value)) return refuse(-2013)
    return ok(orderDoc(found.value, true))
  }

  open(account: Account, params: Params): Outcome {
    const filter = this.#optionalSymbol(params)
    if (!filter.ok) return filter
    const orders = [...account.openOrders.values()].filter((order) => filter.value === null || order.market.symbol === filter.value)
    return ok(orders.map((order) => orderDoc(order, true)))
  }

  /** GET allOrders: from an id upwards, or by time; ascending. */
  all(account: Account, params: Params): Outcome {
    const filter = this.#optionalSymbol(params)
    if (!filter.ok) return filter
    const limit = limitOf(params, 500, 1_000)
    if (!limit.ok) return limit
    const from = idOf(params, 'orderId')
    if (!from.ok) return from
    const range = timeRange(params)
    if (!range.ok) return range
    const orders = [...account.closedOrders.values(), ...account.openOrders.values()]
      .filter((order) => filter.value === null || order.market.symbol === filter.value)
      .filter((order) => (from.value === undefined ? inside(order.time, range.value) : order.id >= from.value))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    const page = from.value === undefined && range.value.start === undefined ? orders.slice(-limit.value) : orders.slice(0, limit.value)
    return ok(page.map((order) => orderDoc(order, true)))
  }

  /** GET userTrades: `fromId` inclusive, ascending; otherwise the latest `limit` of the range. */
  trades(account: Account, params: Params): Outcome {
    const symbol = this.#symbol(params)
    if (!symbol.ok) return symbol
    const limit = limitOf(params, 500, 1_000)
    if (!limit.ok) return limit
    const from = idOf(params, 'fromId')
    if (!from.ok) return from
    const orderId = idOf(params, 'orderId')
    if (!orderId.ok) return orderId
    const range = timeRange(params)
    if (!range.ok) return range
    const { value: fromId } = from
    const rows = account.trades.filter(
      (trade) =>
        trade.market.symbol === symbol.value &&
        (fromId === undefined || trade.id >= fromId) &&
        (orderId.value === undefined || trade.orderId === orderId.value) &&
        inside(trade.time, range.value),
    )
    const first = fromId !== undefined || range.value.start !== undefined
    return ok((first ? rows.slice(0, limit.value) : rows.slice(-limit.value)).map(userTradeDoc))
  }

  #remember(order: Order, price: number, qty: number): void {
    const { instrument, symbol } = order.market
    const doc: Amendment = {
      amendmentId: ++this.#amendmentIds,
      symbol,
      pair: symbol,
      orderId: order.id,
      clientOrderId: order.clientId,
      time: this.#world.now,
      amendment: {
        price: { before: instrument.priceText(order.price), after: instrument.priceText(price) },
        origQty: { before: instrument.qtyText(order.qty), after: instrument.qtyText(qty) },
        count: order.amends + 1,
      },
      priceMatch: 'NONE',
    }
    this.#amendments.push({ account: order.account, doc })
    if (this.#amendments.length > AMENDMENTS_KEPT) this.#amendments.shift()
  }

  #cancelSymbol(account: Account, symbol: string): void {
    for (const order of Array.from(account.openOrders.values()))
      if (order.market.symbol === symbol) this.#engine.finish(order, 'CANCELED', 0)
  }

  #expireAt(order: Order): void {
    order.timer = this.#world.schedule.add(order.goodTillDate, () => {
      if (isOpen(order)) this.#engine.finish(order, 'EXPIRED', 0)
    })
  }

  #checkAmend(order: Order, price: number, qty: number): Checked<null> {
    const { market, side } = order
    const band = checkBand(market, side, price)
    if (!band.ok) return band
    if (!reduces(order)) {
      const notional = checkNotional(market, price, qty)
      if (!notional.ok) return notional
    }
    const best = this.#engine.book(market.symbol).best(opposite(side), this.#world.now)
    const crosses = best > 0 && (side === 'BUY' ? best <= price : best >= price)
    return order.tif === 'GTX' && crosses ? refuse(-5022) : accept(null)
  }

  #symbol(params: Params): Checked<string> {
    if (!has(params, 'symbol')) return refuse(-1102, 'symbol')
    const symbol = params['symbol'] ?? ''
    return this.#view.market(symbol) === undefined ? refuse(-1121) : accept(symbol)
  }

  #optionalSymbol(params: Params): Checked<string | null> {
    return has(params, 'symbol') ? this.#symbol(params) : accept(null)
  }

  #find(account: Account, params: Params, missing: -2011 | -2013): Checked<Order> {
    const symbol = this.#symbol(params)
    if (!symbol.ok) return symbol
    let order: Order | undefined
    if (has(params, 'orderId')) {
      const text = params['orderId'] ?? ''
      if (!/^\d{1,19}$/.test(text)) return refuse(-1102, 'orderId')
      const id = Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)
      order = account.openOrders.get(id) ?? account.closedOrders.get(id)
    } else if (has(params, 'origClientOrderId')) {
      const id = params['origClientOrderId'] ?? ''
      order = account.openByClient.get(id) ?? account.closedByClient.get(id)
    } else return refuse(-1102, 'orderId')
    return order === undefined || order.market.symbol !== symbol.value ? refuse(missing) : accept(order)
  }
}

const bodyOf = (outcome: Outcome): unknown => (outcome.ok ? outcome.body : failureBody(outcome))
const failureBody = (failure: VenueFailure): unknown => ({ code: failure.code, msg: failure.msg })

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Entries of a batchOrders parameter with their values as text; null when it is no list of objects. */
function parseBatch(text: string | undefined): readonly Params[] | null {
  const parsed = parseJson(text)
  if (!Array.isArray(parsed)) return null
  const entries: Params[] = []
  for (const item of parsed as readonly unknown[]) {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return null
    const entry: Record<string, string> = {}
    for (const [name, value] of Object.entries(item)) {
      if (typeof value === 'string') entry[name] = value
      else if (typeof value === 'number' || typeof value === 'boolean') entry[name] = String(value)
    }
    entries.push(entry)
  }
  return entries
}

/** A JSON list of ids, or nothing; null when malformed. Digits are read as text: ids may pass 2^53. */
function parseList(text: string | undefined): readonly string[] | null {
  if (text === undefined || text === '') return []
  const quoted = text.replace(/(^|[[,\s])(\d+)(?=[\],\s]|$)/g, '$1"$2"')
  const parsed = parseJson(quoted)
  if (!Array.isArray(parsed)) return null
  return (parsed as readonly unknown[]).every((item) => typeof item === 'string') ? (parsed as readonly string[]) : null
}

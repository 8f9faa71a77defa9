/**
 * The matching engine of regular orders. Invariants:
 * - an order's executed quantity only grows and never passes its quantity;
 * - a resting order fills only when the queue before it at its price has traded, or when price trades through it: touch is no fill;
 * - displayed liquidity is consumed by takers and comes back with time, so no size is used twice;
 * - a reduce-only fill never passes the position.
 */
import { keep, type Account } from '../account/account.ts'
import type { Position } from '../account/position.ts'
import { moneyText } from '../decimal.ts'
import { accountUpdate, orderTradeUpdate, tradeLite, type FillInfo } from '../documents/user-events.ts'
import type { Checked } from '../errors.ts'
import { admit, crosses, reducible } from './admission.ts'
import { isOpen, opposite, reduces, remaining, type Id, type Order, type OrderDraft, type Status } from './order.ts'
import type { Resting } from './resting.ts'
import type { World } from './world.ts'
import { present } from '../present.ts'

const STP_REASON = 1
const IOC_REASON = 2
const REDUCE_ONLY_REASON = 4
const MARKET_REASON = 9
/** Share of a step's volume that trades at its very last price; the rest traded on the way there. */
const SHARE_AT_PRICE = 0.25

export class Engine {
  readonly #world: World
  #arrivals = 0
  /** Called when a position of the account changed (conditional orders that die with it). */
  onPositionChanged: (account: Account, position: Position) => void = () => undefined
  /** Called when an order reached its end. */
  onOrderDone: (order: Order) => void = () => undefined

  constructor(world: World) {
    this.#world = world
  }

  book(symbol: string): Resting {
    return present(this.#world.books.get(symbol))
  }

  /** Checks that need the market and the account; the filters were checked by intake. */
  check(draft: OrderDraft): Checked<null> {
    return admit(draft, this.book(draft.market.symbol), this.#world.now)
  }

  /** Accepts a checked draft: NEW, matching, resting. `accepted` is called before anything matches. */
  accept(draft: OrderDraft, accepted?: (order: Order) => void, match = true): Order {
    const { now } = this.#world
    const order: Order = {
      ...draft,
      id: this.#world.ids.order(),
      executed: 0,
      quote: 0n,
      status: 'NEW',
      time: now,
      updateTime: now,
      ahead: 0,
      arrival: this.#arrivals++,
      amends: 0,
      expiryReason: 0,
      timer: null,
    }
    draft.account.openOrder(order)
    this.report(order, 'NEW', null)
    accepted?.(order)
    if (match) this.match(order)
    return order
  }

  /** Matches what can be matched now; the rest rests or expires. */
  match(order: Order): void {
    const book = this.book(order.market.symbol)
    this.#walk(book, order)
    if (!isOpen(order) || order.type === 'LIQUIDATION') return
    if (order.type === 'MARKET') this.finish(order, 'EXPIRED', MARKET_REASON)
    else if (order.tif === 'IOC' || order.tif === 'FOK') this.finish(order, 'EXPIRED', IOC_REASON)
    else {
      this.#queue(book, order)
      this.#world.bookChanged(book)
      if (order.reduceOnly) this.knockOut(order.account, order.market.symbol)
    }
  }

  /** Ends an open order without a fill. */
  finish(order: Order, status: Status, reason: number): void {
    const book = this.book(order.market.symbol)
    book.remove(order)
    order.status = status
    order.updateTime = this.#world.now
    order.expiryReason = reason
    order.account.closeOrder(order)
    this.report(order, status === 'CANCELED' ? 'CANCELED' : 'EXPIRED', null)
    this.#world.bookChanged(book)
    this.onOrderDone(order)
  }

  /** Puts an amended order into the queue of its price, at the end. */
  requeue(order: Order): void {
    this.book(order.market.symbol).remove(order)
    order.arrival = this.#arrivals++
    this.match(order)
  }

  /** A tape trade of `qty` at `price`: fills what it reaches, in priority, and says how much of it no client took. */
  tapeTrade(book: Resting, price: number, qty: number, takerBuys: boolean): number {
    const makers = book.side(takerBuys ? 'SELL' : 'BUY')
    const { step } = book.market.instrument
    let budget = qty
    let atPrice = Math.floor((qty * SHARE_AT_PRICE) / step) * step
    let ambient = 0
    for (let i = 0; i < makers.length && budget > 0;) {
      const maker = present(makers[i])
      if (takerBuys ? maker.price > price : maker.price < price) break
      if (maker.price === price) {
        atPrice = Math.min(atPrice, budget)
        const wait = Math.min(atPrice, Math.max(0, maker.ahead - ambient))
        ambient += wait
        budget -= wait
        atPrice -= wait
        if (maker.ahead > ambient || atPrice === 0) break
      }
      const reach = maker.price === price ? atPrice : budget
      const taken = this.#fillMaker(book, maker, maker.price, Math.min(reach, remaining(maker)), takerBuys, true)
      budget -= taken
      if (maker.price === price) atPrice -= taken
      if (makers[i] === maker) i++
    }
    if (ambient > 0) for (const maker of makers) if (maker.price === price) maker.ahead = Math.max(0, maker.ahead - ambient)
    return budget + ambient
  }

  /** After the book moved: clients' orders that now stand across the ambient book trade with it, as makers, at their own price. */
  uncross(book: Resting): void {
    const { ladder, instrument } = book.market
    for (const side of ['BUY', 'SELL'] as const) {
      const makers = book.side(side)
      for (let maker = makers[0]; maker !== undefined; maker = makers[0]) {
        let tick = ladder.best(opposite(side))
        for (let walked = 0; walked < 500 && isOpen(maker); walked++) {
          if (!crosses(side, maker.price, tick * instrument.tick)) break
          const size = Math.min(ladder.available(opposite(side), tick, this.#world.now), remaining(maker))
          if (size > 0) {
            const taken = this.#fillMaker(book, maker, maker.price, size, side === 'SELL', false)
            if (taken > 0) ladder.consume(opposite(side), tick, taken, this.#world.now)
          }
          tick = ladder.next(opposite(side), tick)
        }
        if (isOpen(maker)) break
      }
      // What is shown at the best price bounds the queue ahead there: others cancelled.
      const best = ladder.best(side)
      for (const maker of makers) {
        if (maker.price !== best * instrument.tick) break
        maker.ahead = Math.min(maker.ahead, ladder.available(side, best, this.#world.now))
      }
    }
  }

  /** Books one fill of one order, with its events. */
  settle(order: Order, price: number, qty: number, maker: boolean, tradeId: Id): void {
    const { account, market } = order
    const { instrument } = market
    const world = this.#world
    const forced = order.type === 'LIQUIDATION'
    const fee = forced ? instrument.liquidationRate : maker ? instrument.makerRate : instrument.takerRate
    const position = account.openPosition(market, order.positionSide)
    const { realized, commission } = account.fill(position, order.side === 'BUY' ? qty : -qty, price, fee, world.now)
    order.executed += qty
    order.quote += BigInt(price) * BigInt(qty)
    order.status = order.executed === order.qty ? 'FILLED' : 'PARTIALLY_FILLED'
    order.updateTime = world.now
    order.expiryReason = 0
    account.fillCount++
    const info: FillInfo = { price, qty, tradeId, maker, realized, commission }
    keep(account.trades, {
      market,
      id: tradeId,
      orderId: order.id,
      side: order.side,
      positionSide: order.positionSide,
      price,
      qty,
      realized,
      commission,
      maker,
      time: world.now,
    })
    const trade = String(tradeId)
    if (realized !== 0n) account.addIncome(market.symbol, 'REALIZED_PNL', realized, world.now, trade)
    if (commission !== 0n) account.addIncome(market.symbol, 'COMMISSION', -commission, world.now, trade)
    if (order.status === 'FILLED') {
      this.book(market.symbol).remove(order)
      account.closeOrder(order)
    }
    if (!forced) world.dispatch.send(world.now, account.key, 'TRADE_LITE', (E) => tradeLite(order, info, world.now, E))
    world.dispatch.send(world.now, account.key, 'ACCOUNT_UPDATE', (E) => accountUpdate(account, 'ORDER', [position], 0n, world.now, E))
    this.report(order, forced ? 'CALCULATED' : 'TRADE', info)
    world.log.add(`W ${world.now} ${account.key} ${moneyText(account.wallet)}`)
    if (order.status === 'FILLED') this.onOrderDone(order)
    this.onPositionChanged(account, position)
  }

  report(order: Order, execution: string, fill: FillInfo | null): void {
    const { now, dispatch, log } = this.#world
    const detail = fill === null ? '' : ` ${fill.price} ${fill.qty} ${fill.tradeId} ${fill.maker ? 'm' : 't'}`
    log.add(`O ${now} ${order.account.key} ${order.market.symbol} ${order.id} ${execution} ${order.status} ${order.executed}${detail}`)
    dispatch.send(now, order.account.key, 'ORDER_TRADE_UPDATE', (E) => orderTradeUpdate(order, execution, fill, now, E))
  }

  /** Expires resting reduce-only orders that better-priced ones leave nothing to reduce (er 4). */
  knockOut(account: Account, symbol: string): void {
    if (account.reduceOnlyOpen === 0) return
    for (const side of ['BUY', 'SELL'] as const) {
      let room = reducible({ account, market: { symbol }, positionSide: 'BOTH', side })
      for (const order of this.book(symbol).side(side).slice()) {
        if (order.account !== account || !order.reduceOnly) continue
        if (room === 0) this.finish(order, 'EXPIRED', REDUCE_ONLY_REASON)
        else room = Math.max(0, room - remaining(order))
      }
    }
  }

  /** Worst price a taker may reach: its limit, or the market take bound around mark. */
  #bound(order: OrderDraft): number {
    const { instrument, mark } = order.market
    const take = Number(instrument.spec.marketTakeBound)
    const bound = order.side === 'BUY' ? mark * (1 + take) : mark * (1 - take)
    if (order.type === 'MARKET') return bound
    if (order.tif !== 'IOC' || order.type === 'LIQUIDATION') return order.price
    return order.side === 'BUY' ? Math.min(order.price, bound) : Math.max(order.price, bound)
  }

  #walk(book: Resting, order: Order): void {
    const side = opposite(order.side)
    const makers = book.side(side)
    const { ladder, instrument } = book.market
    const { now } = this.#world
    const bound = this.#bound(order)
    const limited = reduces(order)
    let tick = ladder.best(side)
    for (let walked = 0; walked < 3_000 && isOpen(order);) {
      const room = limited ? Math.min(remaining(order), reducible(order)) : remaining(order)
      if (room <= 0) {
        this.finish(order, 'EXPIRED', REDUCE_ONLY_REASON)
        return
      }
      const ambientPrice = tick < 1 ? 0 : tick * instrument.tick
      const maker = makers[0]
      const makerFirst = maker !== undefined && (ambientPrice === 0 || crosses(order.side, ambientPrice, maker.price))
      const price = makerFirst ? maker.price : ambientPrice
      if (price === 0 || !crosses(order.side, bound, price)) return
      if (makerFirst) {
        // Ambient size that queued before the client's order trades first.
        const before = maker.price === ambientPrice ? Math.min(maker.ahead, ladder.available(side, tick, now), room) : 0
        if (before > 0) {
          this.#takeAmbient(book, order, tick, before)
          for (const one of makers) {
            if (one.price !== ambientPrice) break
            one.ahead = Math.max(0, one.ahead - before)
          }
        } else if (!this.#meetMaker(book, order, maker, room)) return
        continue
      }
      const size = Math.min(ladder.available(side, tick, now), room)
      if (size > 0) this.#takeAmbient(book, order, tick, size)
      else {
        tick = ladder.next(side, tick)
        walked++
      }
    }
  }

  #takeAmbient(book: Resting, order: Order, tick: number, qty: number): void {
    const { ladder, instrument } = book.market
    ladder.consume(opposite(order.side), tick, qty, this.#world.now)
    const trade = book.market.print(this.#world.now, tick * instrument.tick, qty, order.side === 'BUY', false)
    this.settle(order, trade.price, qty, false, this.#world.ids.trade(trade.id))
    this.#world.printed(book, trade)
  }

  /** Trades with another client's order, or prevents it (STP). False when the taker is done. */
  #meetMaker(book: Resting, order: Order, maker: Order, room: number): boolean {
    if (maker.account === order.account && order.stp !== 'NONE') {
      if (order.stp !== 'EXPIRE_TAKER') this.finish(maker, 'EXPIRED_IN_MATCH', STP_REASON)
      if (order.stp === 'EXPIRE_MAKER') return true
      this.finish(order, 'EXPIRED_IN_MATCH', STP_REASON)
      return false
    }
    const cap = reduces(maker) ? Math.min(remaining(maker), reducible(maker)) : remaining(maker)
    if (cap === 0) {
      this.finish(maker, 'EXPIRED', REDUCE_ONLY_REASON)
      return true
    }
    const qty = Math.min(room, cap)
    const trade = book.market.print(this.#world.now, maker.price, qty, order.side === 'BUY', false)
    const id = this.#world.ids.trade(trade.id)
    this.settle(maker, maker.price, qty, true, id)
    this.settle(order, maker.price, qty, false, id)
    this.#world.printed(book, trade)
    this.#afterMaker(maker)
    return true
  }

  #fillMaker(book: Resting, maker: Order, price: number, qty: number, takerBuys: boolean, tape: boolean): number {
    const cap = reduces(maker) ? Math.min(qty, reducible(maker)) : qty
    if (cap === 0) {
      this.finish(maker, 'EXPIRED', REDUCE_ONLY_REASON)
      return 0
    }
    const { last } = book.market
    const trade = book.market.print(this.#world.now, price, cap, takerBuys, tape)
    book.market.last = last
    this.settle(maker, price, cap, true, this.#world.ids.trade(trade.id))
    this.#world.printed(book, trade)
    this.#afterMaker(maker)
    return cap
  }

  #afterMaker(maker: Order): void {
    if (isOpen(maker) && reduces(maker) && reducible(maker) === 0) this.finish(maker, 'EXPIRED', REDUCE_ONLY_REASON)
  }

  #queue(book: Resting, order: Order): void {
    const { ladder, instrument } = book.market
    const tick = order.price / instrument.tick
    const inside = !Number.isInteger(tick) || ladder.distance(order.side, tick) < 0
    // The queue a level will have once price gets there, as if it were the best already.
    order.ahead = inside ? 0 : ladder.size(order.side, tick, 0)
    book.add(order)
  }
}

/**
 * The conditional (algo) book. Invariants: a conditional order triggers at most once; its order in the regular book carries its
 * client id; TRIGGERING comes before TRIGGERED or REJECTED, and FINISHED only after its order has ended.
 */
import type { Account } from '../account/account.ts'
import type { Position } from '../account/position.ts'
import { algoUpdate } from '../documents/user-events.ts'
import { refuse } from '../errors.ts'
import type { VenueFailure } from '../exchange.ts'
import { reducible } from './admission.ts'
import type { Engine } from './engine.ts'
import { checkBand } from './intake.ts'
import type { Algo, AlgoStatus, Order, OrderDraft, Side } from './order.ts'
import type { Resting } from './resting.ts'
import type { World } from './world.ts'
import { present } from '../present.ts'

const MAX_CONDITIONALS = 200
const CLOSED_KEPT = 5_000

/** True when a trigger of this kind is met at `price`. */
export function isTriggered(type: Algo['type'], side: Side, triggerPrice: number, price: number): boolean {
  const rising = type.startsWith('STOP') === (side === 'BUY')
  return rising ? price >= triggerPrice : price <= triggerPrice
}

export class ConditionalBook {
  readonly closed = new Map<Algo['id'], Algo>()
  readonly #world: World
  readonly #engine: Engine
  readonly #byOrder = new Map<Order['id'], Algo>()
  readonly #counts = new Map<Account, number>()

  constructor(world: World, engine: Engine) {
    this.#world = world
    this.#engine = engine
  }

  /** Refusals that depend on the market and the account, or null. */
  refusal(
    algo: Pick<
      Algo,
      'account' | 'market' | 'type' | 'side' | 'positionSide' | 'closePosition' | 'triggerPrice' | 'workingType' | 'activatePrice'
    >,
  ): VenueFailure | null {
    if ((this.#counts.get(algo.account) ?? 0) >= MAX_CONDITIONALS) return refuse(-4045)
    if (algo.market.instrument.spec.status !== 'TRADING') return refuse(-4141)
    if (algo.closePosition && this.#closesAlready(algo)) return refuse(-4130)
    const price = this.#price(algo)
    if (algo.type !== 'TRAILING_STOP_MARKET') return isTriggered(algo.type, algo.side, algo.triggerPrice, price) ? refuse(-2021) : null
    if (algo.activatePrice === 0) return null
    const sane = algo.side === 'SELL' ? algo.activatePrice > price : algo.activatePrice < price
    return sane ? null : refuse(-4135, algo.side === 'SELL' ? 'larger' : 'smaller')
  }

  /** One order of a kind that closes the whole position may rest per direction. */
  #closesAlready(algo: Pick<Algo, 'account' | 'market' | 'type' | 'side' | 'positionSide'>): boolean {
    for (const other of this.#book(algo).algos.values()) {
      const twin = other.account === algo.account && other.closePosition && other.type === algo.type
      if (twin && other.side === algo.side && other.positionSide === algo.positionSide) return true
    }
    return false
  }

  add(algo: Algo): void {
    this.#book(algo).algos.set(algo.id, algo)
    this.#counts.set(algo.account, (this.#counts.get(algo.account) ?? 0) + 1)
    if (algo.type === 'TRAILING_STOP_MARKET' && algo.activatePrice === 0) {
      algo.active = true
      algo.extreme = this.#price(algo)
    }
    if (algo.goodTillDate > 0) {
      algo.timer = this.#world.schedule.add(algo.goodTillDate, () => {
        if (algo.status === 'NEW') this.end(algo, 'EXPIRED', '')
      })
    }
    this.#report(algo)
  }

  /** Takes an untriggered order out of the book. */
  end(algo: Algo, status: Extract<AlgoStatus, 'CANCELED' | 'EXPIRED' | 'REJECTED' | 'FINISHED'>, reason: string): void {
    algo.status = status
    algo.rejectReason = reason
    if (algo.timer !== null) algo.timer.run = null
    algo.updateTime = this.#world.now
    this.#leave(algo)
    this.closed.set(algo.id, algo)
    if (this.closed.size > CLOSED_KEPT) {
      const [oldest] = this.closed.keys()
      if (oldest !== undefined) this.closed.delete(oldest)
    }
    this.#report(algo)
  }

  *open(account: Account): Iterable<Algo> {
    for (const book of this.#world.books.values()) for (const algo of book.algos.values()) if (algo.account === account) yield algo
  }

  find(account: Account, matches: (algo: Algo) => boolean): Algo | undefined {
    for (const algo of this.open(account)) if (matches(algo)) return algo
    for (const algo of this.#byOrder.values()) if (algo.account === account && matches(algo)) return algo
    return [...this.closed.values()].findLast((algo) => algo.account === account && matches(algo))
  }

  /** Conditional orders whose order is in the regular book now. */
  *triggered(account: Account): Iterable<Algo> {
    for (const algo of this.#byOrder.values()) if (algo.account === account) yield algo
  }

  /** Called after last or mark price moved. */
  evaluate(book: Resting): void {
    if (book.algos.size === 0) return
    const { mark, last, instrument } = book.market
    const protect = Number(instrument.spec.triggerProtect) * mark
    for (const algo of Array.from(book.algos.values())) {
      if (algo.status !== 'NEW' || !this.#reached(algo)) continue
      if (algo.priceProtect && Math.abs(last - mark) > protect) continue
      this.#trigger(algo)
    }
  }

  /** closePosition orders die with their position. */
  positionChanged(account: Account, position: Position): void {
    if (position.qty !== 0) return
    for (const algo of Array.from(present(this.#world.books.get(position.market.symbol)).algos.values())) {
      const bound = algo.account === account && algo.closePosition && algo.positionSide === position.side
      if (bound && algo.status === 'NEW') this.end(algo, 'EXPIRED', '')
    }
  }

  orderDone(order: Order): void {
    const algo = this.#byOrder.get(order.id)
    if (algo === undefined) return
    this.#byOrder.delete(order.id)
    this.end(algo, 'FINISHED', '')
  }

  #reached(algo: Algo): boolean {
    const price = this.#price(algo)
    if (algo.type !== 'TRAILING_STOP_MARKET') return isTriggered(algo.type, algo.side, algo.triggerPrice, price)
    const sells = algo.side === 'SELL'
    if (!algo.active) {
      algo.active = sells ? price >= algo.activatePrice : price <= algo.activatePrice
      algo.extreme = price
      return false
    }
    algo.extreme = sells ? Math.max(algo.extreme, price) : Math.min(algo.extreme, price)
    // Integers on both sides: price × 1000 against extreme × (1000 ∓ callback tenths of a per cent).
    const threshold = algo.extreme * (sells ? 1_000 - algo.callbackTenths : 1_000 + algo.callbackTenths)
    const met = sells ? price * 1_000 <= threshold : price * 1_000 >= threshold
    if (met) algo.triggerPrice = price
    return met
  }

  #trigger(algo: Algo): void {
    algo.status = 'TRIGGERING'
    algo.updateTime = this.#world.now
    algo.triggerTime = this.#world.now
    this.#report(algo)
    this.#leave(algo)
    const draft = this.#draft(algo)
    if (draft === null) {
      this.end(algo, 'EXPIRED', '')
      return
    }
    const band = draft.type === 'LIMIT' ? checkBand(draft.market, draft.side, draft.price) : null
    const taken = algo.account.openByClient.has(draft.clientId) ? refuse(-4116) : null
    const checked = taken ?? (band !== null && !band.ok ? band : this.#engine.check(draft))
    if (!checked.ok) {
      this.end(algo, 'REJECTED', checked.msg)
      return
    }
    const order = this.#engine.accept(draft, (accepted) => {
      algo.order = accepted
      algo.status = 'TRIGGERED'
      this.#byOrder.set(accepted.id, algo)
      this.#report(algo)
    })
    algo.updateTime = order.updateTime
  }

  /** The order it becomes; null when there is no position left to close. */
  #draft(algo: Algo): OrderDraft | null {
    let { qty } = algo
    if (algo.closePosition) {
      qty = reducible(algo)
      if (qty === 0) return null
    }
    const limit = algo.type === 'STOP' || algo.type === 'TAKE_PROFIT'
    return {
      account: algo.account,
      market: algo.market,
      clientId: algo.clientId,
      side: algo.side,
      positionSide: algo.positionSide,
      type: limit ? 'LIMIT' : 'MARKET',
      origType: algo.type,
      tif: limit ? algo.tif : 'GTC',
      price: limit ? algo.price : 0,
      qty,
      reduceOnly: algo.reduceOnly || (algo.closePosition && algo.positionSide === 'BOTH'),
      closePosition: algo.closePosition,
      stp: algo.stp,
      priceMatch: algo.priceMatch,
      goodTillDate: algo.goodTillDate,
      stopPrice: algo.triggerPrice,
      workingType: algo.workingType,
      priceProtect: algo.priceProtect,
      ...(algo.type === 'TRAILING_STOP_MARKET'
        ? { trailing: { activatePrice: algo.activatePrice, callbackTenths: algo.callbackTenths } }
        : {}),
    }
  }

  #price(algo: Pick<Algo, 'market' | 'workingType'>): number {
    return algo.workingType === 'MARK_PRICE' ? algo.market.mark : algo.market.last
  }

  #leave(algo: Algo): void {
    if (this.#book(algo).algos.delete(algo.id)) this.#counts.set(algo.account, (this.#counts.get(algo.account) ?? 1) - 1)
  }

  #book(algo: Pick<Algo, 'account' | 'market'>): Resting {
    return present(this.#world.books.get(algo.market.symbol))
  }

  #report(algo: Algo): void {
    const { now, dispatch, log } = this.#world
    log.add(`A ${now} ${algo.account.key} ${algo.market.symbol} ${algo.id} ${algo.status} ${algo.order?.id ?? ''}`)
    dispatch.send(now, algo.account.key, 'ALGO_UPDATE', (E) => algoUpdate(algo, now, E))
  }
}

/**
 * One account's money. Invariant: wallet = balance at start + Σ realised − Σ commission + Σ funding + Σ insurance, exactly.
 * Cross wallet is the wallet without what isolated positions hold.
 */
import { Decimal, dec, moneyOf, ZERO, type Money } from '../decimal.ts'
import type { Id, Order, PositionSide } from '../matching/order.ts'
import type { Market } from '../market/market.ts'
import { bookFill, Position } from './position.ts'
import type { SymbolSpec } from '../symbols.ts'
import type { AccountSpec } from '../exchange.ts'
import { present } from '../present.ts'

const HISTORY = 20_000

export interface UserTrade {
  readonly market: Market
  readonly id: Id
  readonly orderId: Id
  readonly side: 'BUY' | 'SELL'
  readonly positionSide: PositionSide
  readonly price: number
  readonly qty: number
  readonly realized: Money
  readonly commission: Money
  readonly maker: boolean
  readonly time: number
}

export interface Income {
  readonly symbol: string
  readonly type: 'REALIZED_PNL' | 'COMMISSION' | 'FUNDING_FEE' | 'INSURANCE_CLEAR' | 'TRANSFER'
  readonly amount: Money
  readonly time: number
  readonly id: number
  readonly tradeId: string
}

export interface SymbolSettings {
  leverage: number
  isolated: boolean
}

/** Appends and forgets the oldest fifth once `HISTORY` is passed (INV-11). */
export function keep<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > HISTORY) list.splice(0, HISTORY / 5)
}

export class Account {
  readonly key: string
  readonly secret: string
  readonly keys: readonly string[]
  readonly startBalance: Money
  wallet: Money
  realized = 0n
  fees = 0n
  funding = 0n
  insurance = 0n
  hedge: boolean
  feeBurn = true
  orderCount = 0
  /** Open orders that are reduce-only. */
  reduceOnlyOpen = 0
  fillCount = 0
  updateTime: number
  readonly positions = new Map<string, Position>()
  readonly settings = new Map<string, SymbolSettings>()
  /** By order id, insertion order. */
  readonly openOrders = new Map<Id, Order>()
  readonly openByClient = new Map<string, Order>()
  readonly closedOrders = new Map<Id, Order>()
  readonly closedByClient = new Map<string, Order>()
  readonly trades: UserTrade[] = []
  readonly income: Income[] = []
  marginCallAt = -Infinity
  #incomeIds = 0

  constructor(spec: AccountSpec, now: number) {
    this.key = spec.key
    this.secret = spec.secret
    this.keys = [spec.key, ...(spec.aliases ?? [])]
    this.hedge = spec.hedge ?? false
    this.startBalance = moneyOf(spec.balance)
    this.wallet = this.startBalance
    this.updateTime = now
    this.addIncome('', 'TRANSFER', this.wallet, now, '')
  }

  settingsOf(symbol: string): SymbolSettings {
    let settings = this.settings.get(symbol)
    if (settings === undefined) {
      settings = { leverage: 20, isolated: false }
      this.settings.set(symbol, settings)
    }
    return settings
  }

  positionOf(symbol: string, side: PositionSide): Position | undefined {
    return this.positions.get(`${symbol}|${side}`)
  }

  /** The position record, created flat when there was none. */
  openPosition(market: Market, side: PositionSide): Position {
    const key = `${market.symbol}|${side}`
    let position = this.positions.get(key)
    if (position === undefined) {
      position = new Position(market, side)
      this.positions.set(key, position)
    }
    return position
  }

  get crossWallet(): Money {
    let held = 0n
    for (const position of this.positions.values()) held += position.isolatedWallet
    return this.wallet - held
  }

  /** Books a fill: realises on the part that reduces, averages the part that opens. Returns profit and commission, both booked. */
  fill(position: Position, signedQty: number, price: number, feeRate: bigint, time: number): { realized: Money; commission: Money } {
    const { leverage, isolated } = this.settingsOf(position.market.symbol)
    const { realized, commission } = bookFill(position, signedQty, price, feeRate, isolated ? leverage : 0)
    position.updateTime = time
    this.realized += realized
    this.fees += commission
    this.wallet += realized - commission
    this.updateTime = time
    return { realized, commission }
  }

  addIncome(symbol: string, type: Income['type'], amount: Money, time: number, tradeId: string): void {
    keep(this.income, { symbol, type, amount, time, id: ++this.#incomeIds + 9_000_000_000, tradeId })
  }

  openOrder(order: Order): void {
    this.openOrders.set(order.id, order)
    this.openByClient.set(order.clientId, order)
    if (order.reduceOnly) this.reduceOnlyOpen++
    this.orderCount++
  }

  /** Moves an order that has ended to the bounded history, and takes its timer off the agenda. */
  closeOrder(order: Order): void {
    if (order.reduceOnly) this.reduceOnlyOpen--
    if (order.timer !== null) order.timer.run = null
    this.openOrders.delete(order.id)
    this.openByClient.delete(order.clientId)
    this.closedOrders.set(order.id, order)
    this.closedByClient.set(order.clientId, order)
    if (this.closedOrders.size <= HISTORY) return
    let surplus = HISTORY / 5
    for (const [id, oldest] of this.closedOrders) {
      if (surplus-- === 0) break
      this.closedOrders.delete(id)
      if (this.closedByClient.get(oldest.clientId) === oldest) this.closedByClient.delete(oldest.clientId)
    }
  }

  holds(market: Market): boolean {
    for (const position of this.positions.values()) if (position.qty !== 0 && position.market === market) return true
    return false
  }

  *positionsIn(symbol: string): Iterable<Position> {
    for (const side of ['BOTH', 'LONG', 'SHORT'] as const) {
      const position = this.positionOf(symbol, side)
      if (position !== undefined) yield position
    }
  }
}

/** Notional at mark, signed. */
export function notionalOf(position: Position): Decimal {
  const instrument = position.market.instrument
  return instrument.price(position.market.mark).times(instrument.qty(position.qty))
}

export interface Tier {
  readonly index: number
  readonly cap: Decimal
  readonly floor: Decimal
  readonly rate: Decimal
  readonly cum: Decimal
  readonly leverage: number
}

const tierCache = new WeakMap<SymbolSpec['tiers'], readonly Tier[]>()

export function tiersOf(spec: SymbolSpec): readonly Tier[] {
  let tiers = tierCache.get(spec.tiers)
  if (tiers === undefined) {
    tiers = spec.tiers.map((tier, index) => ({
      index: index + 1,
      cap: dec(tier.cap),
      floor: dec(spec.tiers[index - 1]?.cap ?? '0'),
      rate: dec(tier.rate),
      cum: dec(tier.cum),
      leverage: tier.leverage,
    }))
    tierCache.set(spec.tiers, tiers)
  }
  return tiers
}

/** Tier by |notional|: the first whose cap is not exceeded; beyond the last cap, the last. */
export function tierFor(spec: SymbolSpec, notional: Decimal): Tier {
  const size = notional.abs()
  const tiers = tiersOf(spec)
  return tiers.find((tier) => size.lte(tier.cap)) ?? present(tiers[tiers.length - 1])
}

/** notional × rate − cum at mark. */
export function maintenance(position: Position): Decimal {
  if (position.qty === 0) return ZERO
  const notional = notionalOf(position).abs()
  const tier = tierFor(position.market.instrument.spec, notional)
  return Decimal.max(ZERO, notional.times(tier.rate).minus(tier.cum))
}

/**
 * One account's money. Invariant: wallet = balance at start + Σ realised − Σ commission + Σ funding + Σ insurance, exactly.
 * Cross wallet is the wallet without what isolated positions hold.
 */
import { Decimal, dec, ONE, toMoney, ZERO } from '../decimal.ts'
import type { Id, Order, PositionSide } from '../matching/order.ts'
import type { Market } from '../market/market.ts'
import type { SymbolSpec } from '../symbols.ts'
import type { AccountSpec } from '../exchange.ts'

const HISTORY = 20_000

export interface Position {
  readonly market: Market
  readonly side: PositionSide
  /** Signed QU; negative is short, also for side SHORT. */
  qty: number
  /** Average entry, USDT, 40 digits. */
  entry: Decimal
  /** Profit realised since it was opened, before fees ("cr"). */
  realized: Decimal
  /** Commission paid since it was opened, for the break-even price. */
  fees: Decimal
  isolatedWallet: Decimal
  updateTime: number
}

export interface UserTrade {
  readonly market: Market
  readonly id: Id
  readonly orderId: Id
  readonly side: 'BUY' | 'SELL'
  readonly positionSide: PositionSide
  readonly price: number
  readonly qty: number
  readonly realized: Decimal
  readonly commission: Decimal
  readonly maker: boolean
  readonly time: number
}

export interface Income {
  readonly symbol: string
  readonly type: 'REALIZED_PNL' | 'COMMISSION' | 'FUNDING_FEE' | 'INSURANCE_CLEAR' | 'TRANSFER'
  readonly amount: Decimal
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
  readonly startBalance: Decimal
  wallet: Decimal
  realized = ZERO
  fees = ZERO
  funding = ZERO
  insurance = ZERO
  hedge = false
  feeBurn = true
  orderCount = 0
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
    this.startBalance = dec(spec.balance)
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
      position = { market, side, qty: 0, entry: ZERO, realized: ZERO, fees: ZERO, isolatedWallet: ZERO, updateTime: 0 }
      this.positions.set(key, position)
    }
    return position
  }

  get crossWallet(): Decimal {
    let held = ZERO
    for (const position of this.positions.values()) if (!position.isolatedWallet.isZero()) held = held.plus(position.isolatedWallet)
    return held.isZero() ? this.wallet : this.wallet.minus(held)
  }

  /** Books a fill: realises on the part that reduces, averages the part that opens. Returns profit and commission, both booked. */
  fill(position: Position, signedQty: number, price: number, feeRate: Decimal, time: number): { realized: Decimal; commission: Decimal } {
    const instrument = position.market.instrument
    const priceValue = instrument.price(price)
    const before = position.qty
    const reduces = before !== 0 && before > 0 !== signedQty > 0
    const closing = reduces ? Math.min(Math.abs(signedQty), Math.abs(before)) : 0
    const opening = Math.abs(signedQty) - closing
    const commission = toMoney(priceValue.times(instrument.qty(Math.abs(signedQty))).times(feeRate))
    let realized = ZERO
    if (closing > 0) {
      const gain = priceValue.minus(position.entry).times(instrument.qty(closing))
      realized = toMoney(before > 0 ? gain : gain.negated())
      if (!position.isolatedWallet.isZero()) {
        const part = closing === Math.abs(before) ? ONE : dec(closing).div(Math.abs(before))
        position.isolatedWallet = position.isolatedWallet.minus(toMoney(position.isolatedWallet.times(part)))
      }
    }
    if (opening > 0) {
      const base = reduces ? 0 : Math.abs(before)
      if (base === 0) {
        position.entry = priceValue
        position.realized = ZERO
        position.fees = ZERO
      } else {
        position.entry = position.entry
          .times(base)
          .plus(priceValue.times(opening))
          .div(base + opening)
      }
      const settings = this.settingsOf(instrument.symbol)
      if (settings.isolated) {
        position.isolatedWallet = position.isolatedWallet.plus(toMoney(priceValue.times(instrument.qty(opening)).div(settings.leverage)))
      }
    }
    position.qty = before + signedQty
    if (position.qty === 0) position.entry = ZERO
    position.realized = position.realized.plus(realized)
    position.fees = position.fees.plus(commission)
    position.updateTime = time
    this.realized = this.realized.plus(realized)
    this.fees = this.fees.plus(commission)
    this.wallet = this.wallet.plus(realized).minus(commission)
    this.updateTime = time
    return { realized, commission }
  }

  addIncome(symbol: string, type: Income['type'], amount: Decimal, time: number, tradeId: string): void {
    keep(this.income, { symbol, type, amount, time, id: ++this.#incomeIds + 9_000_000_000, tradeId })
  }

  closeOrder(order: Order): void {
    this.openOrders.delete(order.id)
    this.openByClient.delete(order.clientId)
    this.closedOrders.set(order.id, order)
    this.closedByClient.set(order.clientId, order)
    if (this.closedOrders.size <= HISTORY) return
    const [oldest] = this.closedOrders.values()
    if (oldest === undefined) return
    this.closedOrders.delete(oldest.id)
    if (this.closedByClient.get(oldest.clientId) === oldest) this.closedByClient.delete(oldest.clientId)
  }

  *positionsIn(symbol: string): Iterable<Position> {
    for (const side of ['BOTH', 'LONG', 'SHORT'] as const) {
      const position = this.positionOf(symbol, side)
      if (position !== undefined) yield position
    }
  }
}

/** Unrealised profit at mark, exact. */
export function unrealized(position: Position): Decimal {
  if (position.qty === 0) return ZERO
  const instrument = position.market.instrument
  return instrument.price(position.market.mark).minus(position.entry).times(instrument.qty(position.qty))
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
  return tiers.find((tier) => size.lte(tier.cap)) ?? tiers[tiers.length - 1]!
}

/** notional × rate − cum at mark. */
export function maintenance(position: Position): Decimal {
  if (position.qty === 0) return ZERO
  const notional = notionalOf(position).abs()
  const tier = tierFor(position.market.instrument.spec, notional)
  return Decimal.max(ZERO, notional.times(tier.rate).minus(tier.cum))
}

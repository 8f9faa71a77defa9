/**
 * Margin calls, liquidation, funding. Invariants: an account whose margin balance is at or below its maintenance margin at mark
 * loses the positions concerned at once; what the balance cannot pay the insurance fund pays, booked as INSURANCE_CLEAR.
 * ADL is a stub: what the book cannot take is closed at mark against nobody, under the venue's client id for it.
 */
import { fromMoney, moneyText, toMoney, ZERO, type Decimal, type Money } from '../decimal.ts'
import { accountUpdate, marginCall } from '../documents/user-events.ts'
import type { Market } from '../market/market.ts'
import type { Engine } from '../matching/engine.ts'
import { isOpen, remaining, type Order } from '../matching/order.ts'
import type { World } from '../matching/world.ts'
import { maintenance, type Account } from './account.ts'
import { costToDecimal, type Position } from './position.ts'

const LIQUIDATION_REASON = 5
const MARGIN_CALL_RATIO = '0.8'
const MARGIN_CALL_PAUSE_MS = 60_000

/** Maintenance at a mark (PU) by the highest rate reached, without the tier's deduction: never less than the exact one. */
function needAt(position: Position, mark: number): number {
  const { instrument } = position.market
  const notional = Math.abs((position.qty / instrument.qtyScale) * (mark / instrument.priceScale))
  let rate = 0.5
  for (const tier of instrument.spec.tiers) {
    if (notional > Number(tier.cap)) continue
    rate = Number(tier.rate)
    break
  }
  return notional * rate
}

const enough = (balance: number, need: number): boolean => balance > need * 1.5 + 0.01

interface Health {
  readonly balance: Decimal
  readonly maintenance: Decimal
}

export class RiskDesk {
  readonly #world: World
  readonly #engine: Engine
  #forced = 0

  constructor(world: World, engine: Engine) {
    this.#world = world
    this.#engine = engine
  }

  /** Called after the mark price of a market moved. */
  check(market: Market): void {
    for (const account of this.#world.accounts) {
      for (const position of account.positionsIn(market.symbol)) {
        if (position.qty === 0) continue
        const isolated = account.settingsOf(market.symbol).isolated
        if (this.#comfortable(account, position, isolated)) continue
        const mine = isolated ? [position] : this.#crossPositions(account)
        const health = isolated ? this.#isolatedHealth(position) : this.#crossHealth(account, mine)
        if (health.balance.lte(health.maintenance)) this.#liquidate(account, mine, isolated)
        else if (health.maintenance.gte(health.balance.times(MARGIN_CALL_RATIO))) this.#call(account, mine)
      }
    }
  }

  /** Pays or charges funding on every position of the market: −positionAmt × mark × rate. */
  fund(market: Market, time: number): void {
    const record = market.settleFunding(time)
    for (const account of this.#world.accounts) {
      let total = 0n
      const touched: Position[] = []
      const isolated = account.settingsOf(market.symbol).isolated
      for (const position of account.positionsIn(market.symbol)) {
        if (position.qty === 0) continue
        const { instrument } = market
        const notional = instrument.price(record.mark).times(instrument.qty(position.qty))
        const payment = toMoney(notional.times(record.rate).negated())
        if (isolated) position.isolatedWallet += payment
        total += payment
        account.addIncome(market.symbol, 'FUNDING_FEE', payment, time, '')
        touched.push(position)
      }
      if (touched.length === 0) continue
      account.funding += total
      account.wallet += total
      account.updateTime = time
      const { dispatch, log } = this.#world
      log.add(`$ ${time} ${account.key} ${market.symbol} ${moneyText(total)}`)
      const change = total
      dispatch.send(time, account.key, 'ACCOUNT_UPDATE', (E) =>
        accountUpdate(account, 'FUNDING_FEE', isolated ? touched : [], change, time, E, { S: market.symbol }),
      )
    }
    this.check(market)
  }

  /** True when no mark of this market between two (PU) can call or liquidate anybody; false when that cannot be said cheaply. */
  comfortableBetween(market: Market, low: number, high: number): boolean {
    return this.#world.accounts.every((account) => {
      let balance = Number(account.wallet) / 1e8
      let need = 0
      let here = false
      let unsaid = false
      for (const one of account.positions.values()) {
        if (one.qty === 0) continue
        if (one.market === market) here = true
        if (one.market !== market || account.settingsOf(market.symbol).isolated) unsaid = true
        else {
          balance += Number(one.profitAt(one.qty > 0 ? low : high)) / 1e36
          need += needAt(one, high)
        }
      }
      return !here || (!unsaid && enough(balance, need))
    })
  }

  /** Doubles rule out the ordinary case: balance more than 1.5 × maintenance. */
  #comfortable(account: Account, position: Position, isolated: boolean): boolean {
    let balance = Number(isolated ? position.isolatedWallet : account.wallet) / 1e8
    let need = 0
    for (const one of isolated ? [position] : account.positions.values()) {
      if (one.qty === 0) continue
      if (!isolated && account.settingsOf(one.market.symbol).isolated) {
        balance -= Number(one.isolatedWallet) / 1e8
        continue
      }
      balance += Number(one.profit) / 1e36
      need += needAt(one, one.market.mark)
    }
    return enough(balance, need)
  }

  #crossPositions(account: Account): Position[] {
    return [...account.positions.values()].filter((one) => one.qty !== 0 && !account.settingsOf(one.market.symbol).isolated)
  }

  #crossHealth(account: Account, positions: readonly Position[]): Health {
    let balance = fromMoney(account.crossWallet)
    let need = ZERO
    for (const position of positions) {
      balance = balance.plus(costToDecimal(position.profit))
      need = need.plus(maintenance(position))
    }
    return { balance, maintenance: need }
  }

  #isolatedHealth(position: Position): Health {
    return { balance: fromMoney(position.isolatedWallet).plus(costToDecimal(position.profit)), maintenance: maintenance(position) }
  }

  #call(account: Account, positions: readonly Position[]): void {
    const { now, dispatch } = this.#world
    if (now - account.marginCallAt < MARGIN_CALL_PAUSE_MS) return
    account.marginCallAt = now
    const rows = positions.map((position) => ({ position, maintenance: toMoney(maintenance(position)) }))
    dispatch.send(now, account.key, 'MARGIN_CALL', (E) => marginCall(account, rows, E))
  }

  #liquidate(account: Account, positions: readonly Position[], isolated: boolean): void {
    this.#call(account, positions)
    const symbols = new Set(positions.map((position) => position.market.symbol))
    for (const order of Array.from(account.openOrders.values())) {
      if (isolated ? symbols.has(order.market.symbol) : true) this.#engine.finish(order, 'EXPIRED', LIQUIDATION_REASON)
    }
    for (const position of positions) {
      const stake = position.isolatedWallet
      const before = account.wallet
      this.#close(account, position)
      // An isolated position can lose no more than its own wallet, a cross one no more than the cross wallet.
      const short = isolated ? before - account.wallet - stake : -account.crossWallet
      if (short > 0n) this.#insure(account, position.market.symbol, short)
    }
  }

  #close(account: Account, position: Position): void {
    const { market } = position
    const size = Math.abs(position.qty)
    const side = position.qty > 0 ? 'SELL' : 'BUY'
    const order = this.#forcedOrder(account, position, `autoclose-${this.#world.now}${this.#forced++}`, size)
    if (isOpen(order)) {
      this.#engine.finish(order, 'EXPIRED', LIQUIDATION_REASON)
      const rest = this.#forcedOrder(account, position, `adl_autoclose-${this.#world.now}${this.#forced++}`, remaining(order), false)
      const trade = market.print(this.#world.now, this.#markTick(market), remaining(rest), side === 'BUY', false)
      this.#engine.settle(rest, trade.price, remaining(rest), false, this.#world.ids.trade(trade.id))
    }
    this.#world.liquidated(this.#engine.book(market.symbol), order)
  }

  #markTick(market: Market): number {
    const { tick } = market.instrument
    return Math.max(1, Math.round(market.mark / tick)) * tick
  }

  #forcedOrder(account: Account, position: Position, clientId: string, qty: number, match = true): Order {
    const { market } = position
    const sells = position.qty > 0
    return this.#engine.accept(
      {
        account,
        market,
        clientId,
        side: sells ? 'SELL' : 'BUY',
        positionSide: position.side,
        type: 'LIQUIDATION',
        origType: 'LIQUIDATION',
        tif: 'IOC',
        price: sells ? market.instrument.tick : market.instrument.maxPrice,
        qty,
        reduceOnly: position.side === 'BOTH',
        closePosition: false,
        stp: 'NONE',
        priceMatch: 'NONE',
        goodTillDate: 0,
        stopPrice: 0,
        workingType: 'CONTRACT_PRICE',
        priceProtect: false,
      },
      undefined,
      match,
    )
  }

  #insure(account: Account, symbol: string, paid: Money): void {
    const { now, dispatch, log } = this.#world
    account.wallet += paid
    account.insurance += paid
    account.addIncome(symbol, 'INSURANCE_CLEAR', paid, now, '')
    log.add(`I ${now} ${account.key} ${symbol} ${moneyText(paid)}`)
    dispatch.send(now, account.key, 'ACCOUNT_UPDATE', (E) => accountUpdate(account, 'INSURANCE_CLEAR', [], paid, now, E))
  }
}

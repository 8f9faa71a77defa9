/** User-data events in the venue's shapes and field order (exchange.md §3.7). */
import type { Account } from '../account/account.ts'
import type { Position } from '../account/position.ts'
import { countPlain, moneyPlain, moneyText, type Money } from '../decimal.ts'
import { remaining, type Algo, type Id, type Order, type Side } from '../matching/order.ts'
import { averageText } from './orders.ts'

type Event = Readonly<Record<string, unknown>>

export interface FillInfo {
  readonly price: number
  readonly qty: number
  readonly tradeId: Id
  readonly maker: boolean
  readonly realized: Money
  readonly commission: Money
}

/** Notional of the account's open orders of the symbol on one side ("b", "a"). */
function openNotional({ account, market }: Order, side: Side): string {
  let sum = 0n
  for (const open of account.openOrders.values())
    if (open.side === side && open.market === market) sum += BigInt(open.price) * BigInt(remaining(open))
  return sum === 0n ? '0' : countPlain(sum, market.instrument.priceDigits + market.instrument.qtyDigits)
}

export function orderTradeUpdate(order: Order, execution: string, fill: FillInfo | null, now: number, eventTime: number): Event {
  const { instrument } = order.market
  const { id } = order
  const algo = order.origType !== order.type && order.type !== 'LIQUIDATION'
  return {
    e: 'ORDER_TRADE_UPDATE',
    E: eventTime,
    T: now,
    o: {
      s: instrument.symbol,
      c: order.clientId,
      S: order.side,
      o: order.type === 'LIQUIDATION' ? 'LIQUIDATION' : order.type,
      f: order.tif,
      q: instrument.qtyText(order.qty),
      p: order.price === 0 ? '0' : instrument.priceText(order.price),
      ap: averageText(order),
      sp: order.stopPrice === 0 ? '0' : instrument.priceText(order.stopPrice),
      x: execution,
      X: order.status,
      i: id,
      l: fill === null ? '0' : instrument.qtyText(fill.qty),
      z: order.executed === 0 ? '0' : instrument.qtyText(order.executed),
      L: fill === null ? '0' : instrument.priceText(fill.price),
      ...(fill === null ? {} : { n: moneyText(fill.commission), N: 'USDT' }),
      T: now,
      t: fill === null ? 0 : fill.tradeId,
      b: openNotional(order, 'BUY'),
      a: openNotional(order, 'SELL'),
      m: fill?.maker ?? false,
      R: order.reduceOnly,
      wt: order.workingType,
      ot: algo ? order.origType : order.type,
      ps: order.positionSide,
      cp: order.closePosition,
      ...(order.trailing === undefined
        ? {}
        : { AP: instrument.priceText(order.trailing.activatePrice), cr: (order.trailing.callbackTenths / 10).toFixed(1) }),
      rp: fill === null ? '0' : moneyPlain(fill.realized),
      pP: order.priceProtect,
      si: 0,
      ss: 0,
      V: order.stp,
      pm: order.priceMatch,
      gtd: order.goodTillDate,
      er: order.expiryReason,
    },
  }
}

export function tradeLite(order: Order, fill: FillInfo, now: number, eventTime: number): Event {
  const { instrument } = order.market
  return {
    e: 'TRADE_LITE',
    E: eventTime,
    T: now,
    s: instrument.symbol,
    q: instrument.qtyText(order.qty),
    p: order.price === 0 ? '0' : instrument.priceText(order.price),
    m: fill.maker,
    c: order.clientId,
    S: order.side,
    L: instrument.priceText(fill.price),
    l: instrument.qtyText(fill.qty),
    t: fill.tradeId,
    i: order.id,
  }
}

/** `change` is the balance change other than profit and commission ("bc"). */
export function accountUpdate(
  account: Account,
  reason: string,
  positions: readonly Position[],
  change: Money,
  now: number,
  eventTime: number,
  extra: Event = {},
): Event {
  return {
    e: 'ACCOUNT_UPDATE',
    E: eventTime,
    T: now,
    a: {
      m: reason,
      ...extra,
      B: [{ a: 'USDT', wb: moneyText(account.wallet), cw: moneyText(account.crossWallet), bc: change === 0n ? '0' : moneyText(change) }],
      P: positions.map((position) => {
        const { instrument } = position.market
        return {
          s: instrument.symbol,
          pa: position.qty === 0 ? '0' : instrument.qtyText(position.qty),
          ep: position.entryText,
          bep: position.breakEvenText,
          cr: moneyPlain(position.realized),
          up: moneyText(position.profitMoney),
          mt: account.settingsOf(instrument.symbol).isolated ? 'isolated' : 'cross',
          iw: position.isolatedWallet === 0n ? '0' : moneyText(position.isolatedWallet),
          ps: position.side,
        }
      }),
    },
  }
}

export function algoUpdate(algo: Algo, now: number, eventTime: number): Event {
  const { instrument } = algo.market
  const { order } = algo
  const trailing = algo.type === 'TRAILING_STOP_MARKET'
  return {
    e: 'ALGO_UPDATE',
    T: now,
    E: eventTime,
    o: {
      caid: algo.clientId,
      aid: algo.id,
      at: 'CONDITIONAL',
      o: algo.type,
      s: instrument.symbol,
      S: algo.side,
      ps: algo.positionSide,
      f: algo.tif,
      q: instrument.qtyText(algo.qty),
      X: algo.status,
      ai: order === null ? '' : String(order.id),
      ap: order === null ? '0.00000' : averageText(order),
      aq: order === null ? '0.00000' : instrument.qtyText(order.executed),
      act: order === null ? '0' : order.type,
      tp: algo.triggerPrice === 0 ? '0' : instrument.priceText(algo.triggerPrice),
      p: algo.price === 0 ? '0' : instrument.priceText(algo.price),
      V: algo.stp,
      wt: algo.workingType,
      pm: algo.priceMatch,
      cp: algo.closePosition,
      pP: algo.priceProtect,
      R: algo.reduceOnly,
      tt: algo.triggerTime,
      gtd: algo.goodTillDate,
      rm: algo.rejectReason,
      ...(trailing ? { AP: instrument.priceText(algo.activatePrice), cr: (algo.callbackTenths / 10).toFixed(1) } : {}),
    },
  }
}

export function marginCall(account: Account, rows: readonly { position: Position; maintenance: Money }[], eventTime: number): Event {
  return {
    e: 'MARGIN_CALL',
    E: eventTime,
    cw: moneyText(account.crossWallet),
    p: rows.map(({ position, maintenance }) => ({
      s: position.market.symbol,
      ps: position.side,
      pa: position.market.instrument.qtyText(position.qty),
      mt: account.settingsOf(position.market.symbol).isolated ? 'ISOLATED' : 'CROSSED',
      iw: position.isolatedWallet === 0n ? '0' : moneyText(position.isolatedWallet),
      mp: position.market.instrument.markText(position.market.mark),
      up: moneyText(position.profitMoney),
      mm: moneyText(maintenance),
    })),
  }
}

export const leverageUpdate = (symbol: string, leverage: number, now: number, eventTime: number): Event => ({
  e: 'ACCOUNT_CONFIG_UPDATE',
  E: eventTime,
  T: now,
  ac: { s: symbol, l: leverage },
})

/** What a parsed order must pass before it meets the book: symbol status, bands, notional, counts, reduce-only, margin, GTX, FOK. */
import type { Account } from '../account/account.ts'
import { admits } from '../account/margin.ts'
import { accept, refuse, type Checked } from '../errors.ts'
import { checkNotional } from './intake.ts'
import { opposite, reduces, remaining, type OrderDraft, type PositionSide, type Side } from './order.ts'
import type { Resting } from './resting.ts'

const FOK_LEVELS = 500

/** True when an order of `side` at `price` would trade with `best` on the other side. */
export const crosses = (side: Side, price: number, best: number): boolean => (side === 'BUY' ? best <= price : best >= price)

/** How much of the account's position an order of this side could close, QU. */
export function reducible(order: { account: Account; market: { symbol: string }; positionSide: PositionSide; side: Side }): number {
  const qty = order.account.positionOf(order.market.symbol, order.positionSide)?.qty ?? 0
  if (qty === 0 || qty > 0 === (order.side === 'BUY')) return 0
  return Math.abs(qty)
}

export function admit(draft: OrderDraft, book: Resting, now: number): Checked<null> {
  const { market, account } = draft
  const { status } = market.instrument.spec
  if (status === 'TRADING_CANCEL_ONLY') return refuse(-4140)
  if (status !== 'TRADING') return refuse(-4141)
  const best = book.best(opposite(draft.side), now)
  if (draft.type === 'MARKET' && outsideBand(draft, best)) return refuse(-4131)
  const isReducing = reduces(draft)
  if (!isReducing) {
    const notional = checkNotional(market, draft.type === 'MARKET' ? market.mark : draft.price, draft.qty)
    if (!notional.ok) return notional
  }
  if (openCount(account, market.symbol) >= market.instrument.spec.maxOrders) return refuse(-2025)
  if (isReducing) {
    const checked = checkReduce(draft, book)
    if (!checked.ok) return checked
  }
  const price = draft.type === 'MARKET' ? best : draft.side === 'SELL' ? Math.max(draft.price, best) : draft.price
  const admitted = admits(draft, price)
  if (admitted === 'margin') return refuse(-2019)
  if (admitted === 'position') return refuse(-2027)
  if (draft.tif === 'GTX' && best > 0 && crosses(draft.side, draft.price, best)) return refuse(-5022)
  if (draft.tif === 'FOK' && !fillable(book, draft, now)) return refuse(-5021)
  return accept(null)
}

/** PERCENT_PRICE of a MARKET order is asked of the best price it would meet. */
function outsideBand(draft: OrderDraft, best: number): boolean {
  const { mark, instrument } = draft.market
  if (best === 0) return true
  if (draft.side === 'BUY') return best > mark * Number(instrument.spec.multiplierUp)
  return best < mark * Number(instrument.spec.multiplierDown)
}

/** -2022 when nothing is there to reduce; hedge closes may not pass the position. */
function checkReduce(draft: OrderDraft, book: Resting): Checked<null> {
  const room = reducible(draft)
  if (room === 0) return refuse(-2022)
  if (draft.positionSide !== 'BOTH') return draft.qty > room ? refuse(-2022) : accept(null)
  if (draft.type !== 'LIMIT' || draft.tif === 'IOC' || draft.tif === 'FOK') return accept(null)
  // Better-priced reduce-only orders already cover the position: this one could never fill.
  let covered = 0
  for (const other of book.side(draft.side)) {
    if (other.account !== draft.account || !other.reduceOnly) continue
    if (draft.side === 'BUY' ? other.price >= draft.price : other.price <= draft.price) covered += remaining(other)
  }
  return covered >= room ? refuse(-4118) : accept(null)
}

function openCount(account: Account, symbol: string): number {
  let count = 0
  for (const order of account.openOrders.values()) if (order.market.symbol === symbol) count++
  return count
}

function fillable(book: Resting, draft: OrderDraft, now: number): boolean {
  let need = draft.qty
  for (const [price, size] of book.levels(opposite(draft.side), FOK_LEVELS, now)) {
    if (!crosses(draft.side, draft.price, price)) break
    need -= size
    if (need <= 0) return true
  }
  return false
}

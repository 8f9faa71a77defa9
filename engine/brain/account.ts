/**
 * Account state: fills, funding and the figures derived from them. The ledger is written here and nowhere else (INV-06).
 * Every fill of the account is accounted for: ours and those that change a position we hold go into the ledger; a position that
 * somebody else opens beside us touches only the wallet until the trader adopts it.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { UserEvent, VenueFill } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal } from '../money/decimal.ts'
import type { Ledger } from '../money/ledger.ts'
import { parseClientId } from '../orders/client-id.ts'
import type { Baseline, Command } from './events.ts'
import { addForeign, foreignOf } from './foreign.ts'
import { newMovement, type Witness } from './movements.ts'
import { applyToOrder, leaveUnclaimed } from './order-desk.ts'
import type { BrainState, SymbolState } from './state.ts'
import { amountOf } from './text.ts'

const DAY_MS = 86_400_000

export const markOf =
  (state: BrainState) =>
  (symbol: string): Decimal | undefined => {
    const mark = state.bySymbol.get(symbol)?.mark ?? 0
    return mark > 0 ? amountOf(mark) : undefined
  }

/** Wallet plus unrealised profit at the mark, USDT. */
export function equityOf(state: BrainState): Decimal {
  const { ledger, equity } = state
  if (ledger === null) return ZERO
  if (equity.ledger !== ledger || equity.revision !== ledger.revision) {
    equity.ledger = ledger
    equity.revision = ledger.revision
    equity.legs = ledger.openPositions().flatMap((position) => {
      const symbol = state.bySymbol.get(position.symbol)
      return symbol === undefined ? [] : [{ symbol, mark: symbol.mark }]
    })
  } else if (equity.legs.every((leg) => leg.mark === leg.symbol.mark)) return equity.value
  for (const leg of equity.legs) leg.mark = leg.symbol.mark
  equity.value = ledger.wallet().plus(ledger.unrealized(markOf(state)))
  return equity.value
}

/** Signed quantity the ledger holds in the symbol; in a hedged account on the trade's side, without a trade on the side that holds one. */
export function heldQuantity(state: BrainState, symbol: SymbolState): Decimal {
  const { ledger } = state
  if (ledger === null) return ZERO
  if (!state.config.hedge) return ledger.position(symbol.symbol, 'BOTH').quantity
  const side = symbol.trade?.positionSide
  if (side !== undefined) return ledger.position(symbol.symbol, side).quantity
  const long = ledger.position(symbol.symbol, 'LONG').quantity
  return long.isZero() ? ledger.position(symbol.symbol, 'SHORT').quantity : long
}

/** The ledger begins with the venue's own account; journaled, so that a restart begins at the same point. */
export function startLedger(state: BrainState, baseline: Baseline, ledger: Ledger): void {
  state.ledger = ledger
  state.now = Math.max(state.now, baseline.at)
  state.venueWallet = baseline.wallet
  state.venueWalletAt = baseline.at
  state.lastIncomeAt = baseline.at
  state.movements.clear()
  state.baselineAt = baseline.at
  state.walletAgreedAt = baseline.at
  const equity = equityOf(state)
  state.peakEquity = equity
  state.dayStartEquity = equity
  state.day = Math.floor(state.now / DAY_MS)
}

/** Equity high-water mark and the day's start; called on every clock event and after fills. */
export function updateEquity(state: BrainState, out: Command[]): void {
  if (state.ledger === null) return
  const equity = equityOf(state)
  const day = Math.floor(state.now / DAY_MS)
  const newDay = day > state.day
  if (newDay) {
    state.day = day
    state.dayStartEquity = equity
  }
  if (equity.gt(state.peakEquity)) state.peakEquity = equity
  if (newDay) journalEquity(state, out)
}

export function journalEquity(state: BrainState, out: Command[]): void {
  const { ledger } = state
  if (ledger === null) return
  const unrealized = ledger.unrealized(markOf(state))
  out.push({
    type: 'journal',
    entry: {
      kind: 'equity',
      time: state.now,
      payload: {
        wallet: toText(ledger.wallet()),
        unrealized: toText(unrealized),
        equity: toText(ledger.wallet().plus(unrealized)),
        peak: toText(state.peakEquity),
        dayStart: toText(state.dayStartEquity),
      },
    },
  })
}

const VENUE_CLOSERS = /^(autoclose-|adl_autoclose|settlement_autoclose-)/

/** Somebody else's fill that opens or belongs to a position the ledger does not hold. */
function isForeign(state: BrainState, symbol: SymbolState | undefined, fill: VenueFill, clientId: string): boolean {
  if (parseClientId(clientId) !== null || state.orders.has(clientId)) return false
  if (state.ledger === null) return false
  if (!state.ledger.position(fill.symbol, fill.positionSide).quantity.isZero()) return false
  if (symbol?.trade?.positionSide === fill.positionSide) return false
  return !VENUE_CLOSERS.test(clientId) || symbol === undefined || !foreignOf(symbol, fill.positionSide).isZero()
}

export type FillSource = 'stream' | 'rest' | 'repair'

/** Books one fill, once. Returns false when it was booked before or cannot be booked. */
export function bookFill(state: BrainState, fill: VenueFill, clientId: string, source: FillSource, out: Command[]): boolean {
  const { ledger } = state
  if (ledger === null) return false
  const symbol = state.bySymbol.get(fill.symbol)
  const foreign = isForeign(state, symbol, fill, clientId)
  let realized: DecimalText
  if (foreign) {
    const net = decimal(fill.realizedPnl).minus(fill.commissionAsset === 'USDT' ? decimal(fill.commission) : ZERO)
    const booked = ledger.applyChange({ kind: 'transfer', id: `foreign fill ${fill.symbol} ${fill.tradeId}`, amount: toText(net) })
    if (booked === 'duplicate') return false
    realized = fill.realizedPnl
    if (symbol !== undefined) addForeign(symbol, fill.positionSide, decimal(fill.quantity).times(fill.side === 'BUY' ? 1 : -1))
  } else {
    const outcome = ledger.applyFill(fill)
    if (outcome.kind === 'refused') {
      out.push({ type: 'log', level: 'error', text: `fill ${fill.symbol} ${fill.tradeId} cannot be booked: ${outcome.reason}` })
      return false
    }
    if (outcome.kind !== 'booked') return false
    realized = outcome.realized
    if (outcome.disagrees) {
      out.push({
        type: 'log',
        level: 'warn',
        text: `fill ${fill.symbol} ${fill.tradeId}: realised ${realized}, the venue says ${fill.realizedPnl}`,
      })
    }
  }
  state.revision++
  state.counters.fills++
  out.push({
    type: 'journal',
    entry: {
      kind: 'fill',
      time: fill.time,
      symbol: fill.symbol,
      ref: clientId,
      payload: { ...fill, clientId, realized, wallet: toText(ledger.wallet()), source, foreign },
    },
  })
  out.push({
    type: 'fill',
    row: {
      tradeId: fill.tradeId,
      clientId,
      symbol: fill.symbol,
      side: fill.side,
      price: fill.price,
      quantity: fill.quantity,
      realizedPnl: realized,
      commission: fill.commission,
      maker: fill.maker,
      time: fill.time,
    },
  })
  if (clientId === '' && !foreign) leaveUnclaimed(state, fill)
  if (state.orders.has(clientId)) applyToOrder(state, clientId, { type: 'booked', quantity: fill.quantity, at: state.now }, out)
  if (symbol !== undefined && !foreign) {
    const { trade } = symbol
    if (trade?.positionSide === fill.positionSide) trade.net = trade.net.plus(decimal(realized)).minus(decimal(fill.commission))
    state.dirty.add(symbol)
  }
  return true
}

type AccountEvent = Extract<UserEvent, { kind: 'account' }>

/** Wallet as the venue says, and every change of it that is not a fill. */
export function applyAccountEvent(state: BrainState, event: AccountEvent, out: Command[]): void {
  const { ledger } = state
  if (ledger === null) return
  const usdt = event.balances.find((balance) => balance.asset === 'USDT')
  if (usdt === undefined) return
  if (event.transactionTime >= state.venueWalletAt) {
    state.venueWallet = usdt.wallet
    state.venueWalletAt = event.transactionTime
  }
  if (event.reason === 'ORDER' || decimal(usdt.change).isZero()) return
  bookChange(
    state,
    {
      reason: event.reason,
      symbol: event.fundingSymbol ?? '',
      amount: usdt.change,
      time: event.transactionTime,
    },
    { by: 'stream', mark: `${event.transactionTime} ${usdt.wallet} ${event.fundingSymbol ?? ''}` },
    out,
  )
}

/** Funding and transfers, from the stream or from the income history; the same change counts once. */
export function bookChange(
  state: BrainState,
  change: { reason: string; symbol: string; amount: DecimalText; time: number },
  witness: Witness,
  out: Command[],
): boolean {
  const { ledger } = state
  if (ledger === null) return false
  const kind = change.reason === 'FUNDING_FEE' ? 'funding' : 'transfer'
  // The stream gives no id and its own words: DEPOSIT where the history says TRANSFER.
  const id = newMovement(state, { kind, time: change.time, amount: decimal(change.amount).toFixed() }, witness)
  if (id === null || ledger.applyChange({ kind, id, amount: change.amount }) === 'duplicate') return false
  state.revision++
  if (kind === 'transfer') {
    // Money moved in or out is neither profit nor loss.
    state.peakEquity = state.peakEquity.plus(decimal(change.amount))
    state.dayStartEquity = state.dayStartEquity.plus(decimal(change.amount))
  }
  out.push({
    type: 'journal',
    entry: {
      kind: 'wallet-change',
      time: change.time,
      symbol: change.symbol,
      payload: { reason: change.reason, symbol: change.symbol, amount: change.amount, wallet: toText(ledger.wallet()), id },
    },
  })
  return true
}

/** Repairs the trader or the reconciler asks for: pure data, applied as events, journaled with what became of them. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { Repair } from '../contract/mismatch.ts'
import { unreachable } from '../contract/result.ts'
import type { PositionSide } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal, type Price } from '../money/decimal.ts'
import { quantiseTrigger } from '../money/quantise.ts'
import { clientId } from '../orders/client-id.ts'
import { isInFlight, isTerminal, newOrder, requestOf } from '../orders/order.ts'
import { bookChange, bookFill } from './account.ts'
import type { Command, RepairAnswer } from './events.ts'
import { setForeign } from './foreign.ts'
import { applyToOrder } from './order-desk.ts'
import type { BrainState, SymbolState } from './state.ts'
import { lookUp } from './responses.ts'
import { amountOf } from './text.ts'
import { adoptTrade } from './trades.ts'

/** Distance of a stop nobody planned, and of its take-profit, from the price: per cent. */
const DEFAULT_STOP_PCT = 1
const DEFAULT_TARGET_PCT = 2

const done = (reason: string): RepairAnswer => ({ applied: true, reason })
const refused = (reason: string): RepairAnswer => ({ applied: false, reason })

export function applyRepair(state: BrainState, repair: Repair, out: Command[]): RepairAnswer {
  const answer = state.ledger === null ? refused('the account is not known yet') : perform(state, repair, out)
  state.revision++
  out.push({
    type: 'journal',
    entry: { kind: 'repair', time: state.now, ref: repair.mismatchId, payload: { repair, applied: answer.applied, reason: answer.reason } },
  })
  return answer
}

function perform(state: BrainState, repair: Repair, out: Command[]): RepairAnswer {
  const { ledger } = state
  if (ledger === null) return refused('the account is not known yet')
  switch (repair.kind) {
    case 'book-fill':
      return bookFill(state, repair.fill, repair.fill.clientId ?? '', 'repair', out)
        ? done('fill booked')
        : refused('the fill was booked already')
    case 'book-income': {
      const { type, symbol, amount, time } = repair.record
      return bookChange(state, { reason: type, symbol, amount, time }, { by: 'audit', count: repair.count }, out)
        ? done(`${type} ${amount} booked`)
        : refused('it was booked already')
    }
    case 'drop-order': {
      const order = state.orders.get(repair.clientId)
      if (order === undefined) return refused('no such order')
      if (isTerminal(order.state)) return refused(`the order is ${order.state} already`)
      if (repair.venue !== null) {
        applyToOrder(state, repair.clientId, { type: 'found', order: repair.venue, at: state.now }, out)
        return done('the order is as the venue says')
      }
      // Absence from a list is no proof: one targeted query decides (INV-05).
      lookUp(state, repair.clientId, out)
      return done('looked up by its client id')
    }
    case 'take-terms': {
      const order = state.orders.get(repair.clientId)
      if (order === undefined) return refused('no such order')
      if (isTerminal(order.state)) return refused(`the order is ${order.state} already`)
      if (isInFlight(order.state)) return refused('a request about it is on its way')
      applyToOrder(state, repair.clientId, { type: 'found', order: repair.venue, at: state.now }, out)
      const { price, quantity } = state.orders.get(repair.clientId) ?? order
      return done(`${repair.clientId} stands as the venue says: ${quantity} at ${price} (was ${order.quantity} at ${order.price})`)
    }
    case 'adopt-order': {
      const { order } = repair
      if (state.orders.has(order.clientId)) return refused('the order is under control already')
      state.foreignOrders.delete(order.clientId)
      state.orders.set(
        order.clientId,
        newOrder(requestOf(order), { book: order.book, role: 'foreign', group: '', at: order.createdAt, origin: 'adopted' }),
      )
      applyToOrder(state, order.clientId, { type: 'found', order, at: state.now }, out)
      return done('the order is under control')
    }
    case 'adopt-position': {
      const symbol = state.bySymbol.get(repair.symbol)
      if (symbol?.trade !== null && symbol !== undefined && symbol.trade.positionSide !== repair.positionSide) {
        return refused(`${repair.symbol} has a trade on its other side; it can be adopted when that is over, or closed now`)
      }
      ledger.adoptPosition(repair, state.now)
      if (symbol === undefined) return done('the position is in the ledger; its symbol is not traded here, so it has no plan')
      setForeign(symbol, repair.positionSide, ZERO)
      const quantity = decimal(repair.quantity)
      if (!quantity.isZero() && symbol.trade === null) {
        armDefault(state, symbol, quantity, decimal(repair.markPrice), repair.positionSide)
      }
      return done(quantity.isZero() ? 'the position is flat in the ledger' : 'the position is in the ledger and gets a stop')
    }
    case 'set-wallet': {
      const difference = ledger.setWallet(repair.wallet)
      state.venueWallet = repair.wallet
      state.balanceMismatch = ''
      state.walletDriftSince = 0
      return done(`wallet adjusted by ${difference}: ${repair.reason}`)
    }
    case 're-arm-stop': {
      const symbol = state.bySymbol.get(repair.symbol)
      if (symbol === undefined) return refused(`${repair.symbol} is not traded here`)
      const held = ledger.position(repair.symbol, repair.positionSide).quantity
      if (held.isZero()) return refused('there is no position to protect')
      if (symbol.trade === null) armDefault(state, symbol, held, amountOf(symbol.mark > 0 ? symbol.mark : symbol.last), repair.positionSide)
      else if (symbol.trade.positionSide !== repair.positionSide) return refused('the plan stands for the other side')
      else {
        symbol.trade.stopFailures = 0
        symbol.trade.stopNotBefore = 0
        state.dirty.add(symbol)
      }
      return done('a stop is being placed')
    }
    default:
      return unreachable(repair)
  }
}

/** A position without a plan gets the documented default: a stop 1 % and a take-profit 2 % from the price. */
export function armDefault(state: BrainState, symbol: SymbolState, quantity: Decimal, price: Decimal, positionSide: PositionSide): void {
  const side = quantity.isPositive() ? 'BUY' : 'SELL'
  const direction = side === 'BUY' ? 1 : -1
  const level = (percent: number, type: 'STOP_MARKET' | 'TAKE_PROFIT_MARKET'): DecimalText => {
    const wished = price.times(decimal(String(100 + direction * percent) as DecimalText)).div(100)
    return toText(quantiseTrigger(wished as Price, side === 'BUY' ? 'SELL' : 'BUY', type, symbol.filters))
  }
  state.counter++
  adoptTrade(state, symbol, {
    side,
    positionSide,
    group: clientId(state.config.session, symbol.symbol, 'entry', state.counter),
    stop: level(-DEFAULT_STOP_PCT, 'STOP_MARKET'),
    takeProfit: level(DEFAULT_TARGET_PCT, 'TAKE_PROFIT_MARKET'),
  })
}

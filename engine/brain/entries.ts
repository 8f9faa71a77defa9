/**
 * From a signal to an entry: rails, size, quantise, filters, rails again on what would really be sent (INV-02), intent, order.
 * INV-07: a symbol with a trade under way takes no second entry, however close two signals are. Every pass and every refusal is
 * journaled with its rule.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { TradePlan } from '../contract/journal-kinds.ts'
import type { OrderRequest } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal, type Price, type Qty } from '../money/decimal.ts'
import { quantisePrice, quantiseQuantity, quantiseTrigger } from '../money/quantise.ts'
import { validateOrder } from '../money/validate.ts'
import { clientId } from '../orders/client-id.ts'
import { opposite } from '../orders/bracket.ts'
import { judgeEntry, type Candidate, type Verdict } from '../risk/risk.ts'
import { sizeOf } from '../risk/size.ts'
import type { Signal } from '../strategy/strategy.ts'
import { heldQuantity } from './account.ts'
import type { Command } from './events.ts'
import { submit } from './order-desk.ts'
import { grossNotional, standingOf, symbolNotional } from './standing.ts'
import { positionSideOf, type BrainState, type SymbolState } from './state.ts'
import { amountOf, textOf } from './text.ts'

/** Why nothing was sent, as a rule's name and a sentence. */
interface Refusal {
  readonly rule: string
  readonly text: string
}

export function considerSignal(state: BrainState, symbol: SymbolState, signal: Signal, out: Command[]): void {
  state.counters.signals++
  out.push({
    type: 'journal',
    entry: {
      kind: 'signal',
      time: state.now,
      symbol: signal.symbol,
      ref: signal.id,
      payload: {
        id: signal.id,
        symbol: signal.symbol,
        side: signal.side,
        strategy: signal.strategy,
        price: signal.price,
        why: signal.why,
        features: signal.features,
        invalidation: signal.invalidation,
      },
    },
  })
  const refusal = tryEntry(state, symbol, signal, out)
  if (refusal !== null) {
    if (refusal.rule === 'position-open') reverse(state, symbol, signal)
    journalDecision(state, signal, { allowed: false, ...refusal, passed: [] }, out)
  }
  out.push({
    type: 'signal',
    row: {
      id: signal.id,
      symbol: signal.symbol,
      side: signal.side,
      time: signal.time,
      price: textOf(signal.price) ?? ('0' as DecimalText),
      why: signal.why,
      outcome: refusal === null ? 'ordered' : `${refusal.rule}: ${refusal.text}`,
      invalidation: textOf(signal.invalidation),
    },
  })
}

/** An opposite signal ends the position it contradicts; it does not turn it around. */
function reverse(state: BrainState, symbol: SymbolState, signal: Signal): void {
  const { trade } = symbol
  if (trade === null || trade.plan.side === signal.side || heldQuantity(state, symbol).isZero() || trade.exitReason !== '') return
  trade.exitReason = `opposite signal: ${signal.why}`
  state.dirty.add(symbol)
}

function journalDecision(
  state: BrainState,
  signal: Signal,
  verdict: Pick<Verdict, 'allowed' | 'text' | 'passed'> & { rule: string },
  out: Command[],
  sent?: { quantity: DecimalText; price: DecimalText },
): void {
  out.push({
    type: 'journal',
    entry: {
      kind: 'decision',
      time: state.now,
      symbol: signal.symbol,
      ref: signal.id,
      payload: {
        signalId: signal.id,
        allowed: verdict.allowed,
        rule: verdict.rule,
        text: verdict.passed.length > 0 ? `${verdict.text} (passed: ${verdict.passed.join(', ')})` : verdict.text,
        ...sent,
      },
    },
  })
}

function tryEntry(state: BrainState, symbol: SymbolState, signal: Signal, out: Command[]): Refusal | null {
  if (state.ledger === null) return { rule: 'released', text: 'the account is not known yet' }
  const { filters } = symbol
  const wished = amountOf(signal.entry.type === 'LIMIT' ? signal.entry.price : signal.price)
  const wishedStop = amountOf(signal.stop)
  const wishedTarget = amountOf(signal.takeProfit)
  if (wished.lte(0) || wishedStop.lte(0) || wishedTarget.lte(0)) return { rule: 'price', text: 'the signal has no usable prices' }

  const price = quantisePrice(wished as Price, signal.side, filters)
  const stop = quantiseTrigger(wishedStop as Price, opposite(signal.side), 'STOP_MARKET', filters)
  const target = quantiseTrigger(wishedTarget as Price, opposite(signal.side), 'TAKE_PROFIT_MARKET', filters)
  if (!levelsMakeSense(signal.side, price, stop, target)) {
    return { rule: 'price', text: `stop ${toText(stop)} and target ${toText(target)} do not stand around ${toText(price)}` }
  }

  const standing = standingOf(state)
  const positionNotional = symbolNotional(state, symbol)
  const gross = grossNotional(state)
  const rail = signal.leverageClass === 'student' ? state.rails.maxLeverageStudent : state.rails.maxLeverageTeacher
  const maxLeverage = Math.min(rail, state.config.leverage)
  const market = signal.entry.type === 'MARKET'
  const raw = sizeOf({
    equity: standing.equity,
    price,
    stop,
    riskPct: state.config.strategySettings.riskPerTradePct,
    rails: state.rails,
    maxLeverage,
    positionNotional,
    grossNotional: gross,
  })
  const quantity = quantiseQuantity(raw as Qty, filters, { market })

  const candidate: Candidate = {
    symbol: symbol.symbol,
    allowed: filters.status === 'TRADING',
    entryInFlight: symbol.trade !== null && heldQuantity(state, symbol).isZero(),
    positionOpen: !heldQuantity(state, symbol).isZero() || !symbol.foreign.isZero(),
    coolDownUntil: symbol.coolDownUntil,
    dataAgeMs: dataAge(state, symbol, signal),
    price,
    mark: amountOf(symbol.mark),
    quantity,
    positionNotional,
    grossNotional: gross,
    maxLeverage,
  }
  const verdict = judgeEntry(standing, candidate)
  if (!verdict.allowed) return { rule: verdict.rule, text: verdict.text }
  if (quantity.isZero()) return { rule: 'size', text: `the rails leave no room for the smallest order of ${symbol.symbol}` }

  state.counter++
  const request = entryRequest(state, symbol, signal, price, quantity)
  const valid = validateOrder(request, filters, {
    ...(symbol.mark > 0 ? { mark: amountOf(symbol.mark) } : {}),
    hedge: state.config.hedge,
    position: heldQuantity(state, symbol),
    now: state.now,
  })
  if (!valid.ok) return { rule: `filter ${valid.error.venueCode}`, text: valid.error.message }

  const plan: TradePlan = {
    signalId: signal.id,
    side: signal.side,
    stop: toText(stop),
    takeProfit: toText(target),
    entryDeadline: signal.entry.type === 'LIMIT' ? state.now + signal.entry.timeoutMs : state.now + 60_000,
    exitDeadline: state.now + signal.maxHoldMs,
    ...trailOf(signal),
  }
  journalDecision(state, signal, verdict, out, { quantity: toText(quantity), price: toText(price) })
  submit(state, request, { role: 'entry', group: request.clientId, reason: signal.why, plan }, out)
  symbol.trade = {
    group: request.clientId,
    plan,
    positionSide: request.positionSide,
    orders: [request.clientId],
    startedAt: state.now,
    risk: price.minus(stop).abs().times(quantity),
    net: ZERO,
    exitReason: '',
    form: 'closePosition',
    stopFailures: 0,
    takeProfitFailures: 0,
    exitFailures: 0,
    stopNotBefore: 0,
    takeProfitNotBefore: 0,
    exitNotBefore: 0,
  }
  return null
}

const levelsMakeSense = (side: 'BUY' | 'SELL', price: Decimal, stop: Decimal, target: Decimal): boolean =>
  side === 'BUY' ? stop.lt(price) && target.gt(price) : stop.gt(price) && target.lt(price)

/** Age in local milliseconds of what the decision rests on; endless when the stream was interrupted. */
function dataAge(state: BrainState, symbol: SymbolState, signal: Signal): number {
  if (symbol.incomplete || symbol.dataAt === 0) return Number.POSITIVE_INFINITY
  const oldest = Math.min(symbol.dataAt, signal.time)
  return Math.max(0, Math.round((state.now - oldest) / Math.max(1, state.config.rate)))
}

/** The venue takes 0.1 to 10 per cent. */
function trailOf(signal: Signal): { trailPct?: DecimalText } {
  if (signal.trailFraction === undefined) return {}
  const percent = Math.min(10, Math.max(0.1, Math.round(signal.trailFraction * 1_000) / 10))
  return { trailPct: toText(decimal(textOf(percent) ?? ('0.1' as DecimalText))) }
}

function entryRequest(state: BrainState, symbol: SymbolState, signal: Signal, price: Decimal, quantity: Decimal): OrderRequest {
  const base = {
    clientId: clientId(state.config.session, symbol.symbol, 'entry', state.counter),
    symbol: symbol.symbol,
    side: signal.side,
    positionSide: positionSideOf(state.config, signal.side),
    quantity: toText(quantity),
  }
  return signal.entry.type === 'LIMIT' ? { ...base, type: 'LIMIT', price: toText(price), timeInForce: 'GTC' } : { ...base, type: 'MARKET' }
}

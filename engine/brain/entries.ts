/**
 * From a signal to an entry: rails, size, quantise, filters, rails again on what would really be sent (INV-02), intent, order. An entry
 * that counts on a leverage the venue has not confirmed waits for it, and is judged anew when the answer is there.
 * INV-07: a symbol with a trade under way takes no second entry, however close two signals are. Every pass and every refusal is
 * journaled with its rule.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { OrderRequest } from '../contract/venue.ts'
import { toText, type Decimal, type Qty } from '../money/decimal.ts'
import { quantiseQuantity } from '../money/quantise.ts'
import { validateOrder } from '../money/validate.ts'
import { clientId } from '../orders/client-id.ts'
import { blockOf, judgeEntry, type Candidate, type Verdict } from '../risk/risk.ts'
import { sizeOf, type SizeInput } from '../risk/size.ts'
import type { Signal } from '../strategy/strategy.ts'
import { heldQuantity } from './account.ts'
import { moveEntry } from './amends.ts'
import { entryLevels, planOf, type Refusal } from './entry-plan.ts'
import type { Command } from './events.ts'
import { allowedLeverage, askLeverage, isConfirmed } from './leverage.ts'
import { submit } from './order-desk.ts'
import { grossNotional, standingOf, symbolNotional } from './standing.ts'
import { positionSideOf, type BrainState, type SymbolState } from './state.ts'
import { amountOf, textOf } from './text.ts'
import { newTrade, riskOf } from './trade.ts'

/** What became of a signal. */
type Outcome = 'ordered' | 'waiting' | Refusal

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
  conclude(state, symbol, signal, tryEntry(state, symbol, signal, out), out)
}

/** The venue has answered about the leverage `asked`: the entry that waits for it goes on, with everything judged anew. */
export function resumeEntry(state: BrainState, symbol: SymbolState, asked: number, out: Command[]): void {
  const signal = symbol.waiting
  if (signal === null) return
  symbol.waiting = null
  const wanted = allowedLeverage(state, symbol, signal)
  const outcome: Outcome =
    wanted === asked && !isConfirmed(symbol, wanted)
      ? { rule: 'leverage', text: `the venue has not confirmed leverage ${wanted} for ${symbol.symbol}` }
      : tryEntry(state, symbol, signal, out)
  conclude(state, symbol, signal, outcome, out)
}

function conclude(state: BrainState, symbol: SymbolState, signal: Signal, outcome: Outcome, out: Command[]): void {
  const refusal = outcome === 'ordered' || outcome === 'waiting' ? null : outcome
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
      outcome:
        refusal !== null
          ? `${refusal.rule}: ${refusal.text}`
          : outcome === 'waiting'
            ? `waits until the venue has confirmed leverage ${allowedLeverage(state, symbol, signal)}`
            : 'ordered',
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

function tryEntry(state: BrainState, symbol: SymbolState, signal: Signal, out: Command[]): Outcome {
  if (state.ledger === null) return { rule: 'released', text: 'the account is not known yet' }
  const { filters } = symbol
  if (signal.moves !== undefined) return move(state, symbol, signal, out)
  const standing = standingOf(state)
  // What blocks every entry is asked before this one is worked out.
  const block = blockOf(standing)
  if (block !== null) return block
  const levels = entryLevels(signal, filters)
  if ('rule' in levels) return levels
  const { price, stop, target } = levels
  const maxLeverage = allowedLeverage(state, symbol, signal)
  const size = new EntrySize(state, symbol, signal, { equity: standing.equity, price, stop, maxLeverage })
  const candidate: Candidate = {
    symbol: symbol.symbol,
    allowed: filters.status === 'TRADING',
    entryInFlight: symbol.waiting !== null || (symbol.trade !== null && heldQuantity(state, symbol).isZero()),
    positionOpen: !heldQuantity(state, symbol).isZero() || !symbol.foreign.isZero(),
    coolDownUntil: symbol.coolDownUntil,
    dataAgeMs: dataAge(state, symbol, signal),
    price,
    mark: amountOf(symbol.mark),
    get quantity() {
      return size.quantity
    },
    get positionNotional() {
      return size.position
    },
    get grossNotional() {
      return size.gross
    },
    maxLeverage,
  }
  const verdict = judgeEntry(standing, candidate)
  if (!verdict.allowed) return { rule: verdict.rule, text: verdict.text }
  const { quantity } = size
  if (quantity.isZero()) return { rule: 'size', text: `the rails leave no room for the smallest order of ${symbol.symbol}` }

  if (!isConfirmed(symbol, maxLeverage)) {
    const asked = askLeverage(
      state,
      symbol,
      maxLeverage,
      signal.leverageClass === 'student' ? earnedWhy(symbol) : 'confirmed before the entry',
      out,
    )
    if (!asked && symbol.leverage.asked === 0) return { rule: 'leverage', text: `leverage ${maxLeverage} cannot be set now` }
    symbol.waiting = signal
    return 'waiting'
  }

  state.counter++
  const request = entryRequest(state, symbol, signal, price, quantity)
  const valid = validateOrder(request, filters, {
    ...(symbol.mark > 0 ? { mark: amountOf(symbol.mark) } : {}),
    hedge: state.config.hedge,
    position: heldQuantity(state, symbol),
    now: state.now,
  })
  if (!valid.ok) return { rule: `filter ${valid.error.venueCode}`, text: valid.error.message }

  const plan = planOf(signal, stop, target, state.now)
  journalDecision(state, signal, verdict, out, { quantity: toText(quantity), price: toText(price) })
  submit(state, request, { role: 'entry', group: request.clientId, reason: signal.why, plan }, out)
  symbol.trade = newTrade({
    group: request.clientId,
    plan,
    positionSide: request.positionSide,
    orders: [request.clientId],
    startedAt: state.now,
    risk: riskOf(price, stop, quantity),
  })
  return 'ordered'
}

/** Worked out when the first rail asks for it: most signals are refused before. */
class EntrySize {
  readonly #state: BrainState
  readonly #symbol: SymbolState
  readonly #signal: Signal
  readonly #of: Pick<SizeInput, 'equity' | 'price' | 'stop' | 'maxLeverage'>
  #position: Decimal | undefined
  #gross: Decimal | undefined
  #quantity: Qty | undefined

  constructor(state: BrainState, symbol: SymbolState, signal: Signal, of: Pick<SizeInput, 'equity' | 'price' | 'stop' | 'maxLeverage'>) {
    this.#state = state
    this.#symbol = symbol
    this.#signal = signal
    this.#of = of
  }

  get position(): Decimal {
    return (this.#position ??= symbolNotional(this.#state, this.#symbol))
  }

  get gross(): Decimal {
    return (this.#gross ??= grossNotional(this.#state))
  }

  get quantity(): Qty {
    if (this.#quantity === undefined) {
      const { config, rails } = this.#state
      const raw = sizeOf({
        ...this.#of,
        riskPct: config.strategySettings.riskPerTradePct,
        rails,
        positionNotional: this.position,
        grossNotional: this.gross,
      })
      this.#quantity = quantiseQuantity(raw as Qty, this.#symbol.filters, { market: this.#signal.entry.type === 'MARKET' })
    }
    return this.#quantity
  }
}

const earnedWhy = (symbol: SymbolState): string => `earned: the student ${symbol.strategy.shadow?.().why ?? ''}`

function move(state: BrainState, symbol: SymbolState, signal: Signal, out: Command[]): Outcome {
  const moved = moveEntry(state, symbol, signal, out)
  if ('rule' in moved) return moved
  journalDecision(state, signal, { allowed: true, rule: 'all', text: 'its resting entry is moved', passed: [] }, out, moved)
  return 'ordered'
}

/** Age in local milliseconds of what the decision rests on; endless when the stream was interrupted. */
function dataAge(state: BrainState, symbol: SymbolState, signal: Signal): number {
  if (symbol.incomplete || symbol.dataAt === 0) return Number.POSITIVE_INFINITY
  const oldest = Math.min(symbol.dataAt, signal.time)
  return Math.max(0, Math.round((state.now - oldest) / Math.max(1, state.config.rate)))
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

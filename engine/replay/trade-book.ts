/**
 * Closed trades out of the brain's journal entries: what the trader's own journal would say, nothing recomputed. An entry order and
 * everything of its group until the position is gone is one trade. INV-01: amounts stay decimal text.
 */
import { createHash } from 'node:crypto'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { IntentPayload, JournalEntry, JournalKinds } from '../contract/journal-kinds.ts'
import { canonicalJson } from '../journal/canonical.ts'
import { decimal, Rounding, toText, ZERO, type Decimal } from '../money/decimal.ts'

type FillPayload = JournalKinds['fill']

export interface ClosedTrade {
  readonly number: number
  readonly symbol: string
  readonly side: 'BUY' | 'SELL'
  /** Venue ms of the first and the last fill. */
  readonly entryTime: number
  readonly exitTime: number
  readonly quantity: DecimalText
  /** Averages over the fills, 8 decimals at most. */
  readonly entryPrice: DecimalText
  readonly exitPrice: DecimalText
  readonly stop: DecimalText
  readonly takeProfit: DecimalText
  readonly realized: DecimalText
  readonly fees: DecimalText
  /** Funding paid or received while it was open. */
  readonly funding: DecimalText
  /** realized − fees + funding. */
  readonly net: DecimalText
  readonly exit: 'stop' | 'takeProfit' | 'exit' | 'entry' | 'foreign'
  readonly why: string
  readonly exitReason: string
  readonly signalId: string
}

interface OpenGroup {
  readonly entry: IntentPayload
  readonly time: number
  readonly ids: string[]
  readonly fills: FillPayload[]
  funding: Decimal
}

interface Leg {
  quantity: Decimal
  value: Decimal
}

const MAX_TRADES = 1_000_000
const HASHED_AT_ONCE = 65_536

/** sha256 of texts one after the other. Many small ones cost more in the calls than in the hashing: they are gathered. */
class TextHash {
  readonly #hash = createHash('sha256')
  #gathered = ''

  update(text: string): void {
    this.#gathered += text
    if (this.#gathered.length < HASHED_AT_ONCE) return
    this.#hash.update(this.#gathered)
    this.#gathered = ''
  }

  digest(): string {
    return this.#hash.copy().update(this.#gathered).digest('hex')
  }
}

export class TradeBook {
  readonly trades: ClosedTrade[] = []
  readonly #groups = new Map<string, OpenGroup>()
  readonly #intents = new Map<string, IntentPayload>()
  readonly #hash = new TextHash()
  readonly #ordersHash = new TextHash()
  orders = 0
  fills = 0
  signals = 0
  /** Refused entries, by the rule that refused. */
  readonly refusals = new Map<string, number>()

  take(entry: JournalEntry): void {
    switch (entry.kind) {
      case 'intent':
        this.#hashOrder(entry)
        return this.#intent(entry.payload, entry.time)
      case 'fill':
        this.#hashOrder(entry)
        return this.#fill(entry.payload)
      case 'signal':
        this.signals++
        return
      case 'decision':
        if (!entry.payload.allowed) this.refusals.set(entry.payload.rule, (this.refusals.get(entry.payload.rule) ?? 0) + 1)
        return
      case 'wallet-change':
        if (entry.payload.reason === 'FUNDING_FEE') this.#funding(entry.payload)
        return
      case 'position':
        if (!entry.payload.opened) this.#close(entry.ref ?? '')
        return
      default:
        return
    }
  }

  /** What a headless run's `ordersHash` covers: every intent and fill, in order. */
  #hashOrder(entry: JournalEntry): void {
    this.#ordersHash.update(canonicalJson([entry.kind, entry.time, entry.ref ?? '', entry.payload]))
  }

  #intent(intent: IntentPayload, time: number): void {
    if (intent.action !== 'place') return
    this.orders++
    this.#intents.set(intent.clientId, intent)
    const group = intent.role === 'entry' ? intent.clientId : (intent.group ?? '')
    const known = this.#groups.get(group)
    if (known !== undefined) known.ids.push(intent.clientId)
    else if (intent.role === 'entry') {
      this.#forgetUnfilled(intent.request?.symbol ?? '')
      this.#groups.set(group, { entry: intent, time, ids: [intent.clientId], fills: [], funding: ZERO })
    }
  }

  /** One symbol has one trade at a time (INV-07): an older one without a fill is over. */
  #forgetUnfilled(symbol: string): void {
    for (const [id, group] of this.#groups) {
      if (group.fills.length > 0 || group.entry.request?.symbol !== symbol) continue
      this.#forget(id, group)
    }
  }

  #forget(id: string, group: OpenGroup): void {
    this.#groups.delete(id)
    for (const one of group.ids) this.#intents.delete(one)
  }

  #fill(fill: FillPayload): void {
    this.fills++
    const intent = this.#intents.get(fill.clientId ?? '')
    if (intent === undefined) return
    this.#groups.get(intent.role === 'entry' ? intent.clientId : (intent.group ?? ''))?.fills.push(fill)
  }

  #funding(change: JournalKinds['wallet-change']): void {
    for (const group of this.#groups.values()) {
      if (group.fills.length > 0 && (change.symbol === '' || group.entry.request?.symbol === change.symbol)) {
        group.funding = group.funding.plus(decimal(change.amount))
      }
    }
  }

  #close(id: string): void {
    const group = this.#groups.get(id)
    if (group === undefined) return
    const trade = this.#summary(group)
    this.#forget(id, group)
    if (trade === null) return
    this.#hash.update(JSON.stringify(trade))
    if (this.trades.length < MAX_TRADES) this.trades.push(trade)
  }

  #summary(group: OpenGroup): ClosedTrade | null {
    const { entry, fills } = group
    const first = fills[0]
    const last = fills.at(-1)
    const side = entry.request?.side
    if (first === undefined || last === undefined || side === undefined) return null
    const legs: { in: Leg; out: Leg } = { in: { quantity: ZERO, value: ZERO }, out: { quantity: ZERO, value: ZERO } }
    let realized: Decimal = ZERO
    let fees: Decimal = ZERO
    for (const fill of fills) {
      const leg = fill.side === side ? legs.in : legs.out
      leg.quantity = leg.quantity.plus(decimal(fill.quantity))
      leg.value = leg.value.plus(decimal(fill.quantity).times(decimal(fill.price)))
      realized = realized.plus(decimal(fill.realized))
      fees = fees.plus(decimal(fill.commission))
    }
    const average = (leg: Leg): DecimalText =>
      toText(leg.quantity.isZero() ? ZERO : leg.value.div(leg.quantity).toDecimalPlaces(8, Rounding.halfUp))
    const closing = this.#intents.get(last.clientId ?? '')
    return {
      number: this.trades.length + 1,
      symbol: first.symbol,
      side,
      entryTime: first.time,
      exitTime: last.time,
      quantity: toText(legs.in.quantity),
      entryPrice: average(legs.in),
      exitPrice: average(legs.out),
      stop: entry.plan?.stop ?? ('0' as DecimalText),
      takeProfit: entry.plan?.takeProfit ?? ('0' as DecimalText),
      realized: toText(realized),
      fees: toText(fees),
      funding: toText(group.funding),
      net: toText(realized.minus(fees).plus(group.funding)),
      exit: closing?.role ?? 'foreign',
      why: entry.reason,
      exitReason: closing?.reason ?? '',
      signalId: entry.plan?.signalId ?? '',
    }
  }

  /** sha256 over every closed trade, in the order they closed. */
  tradesHash(): string {
    return this.#hash.digest()
  }

  ordersHash(): string {
    return this.#ordersHash.digest()
  }
}

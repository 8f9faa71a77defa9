/**
 * Every movement of the wallet as the venue's income history tells it, against the journal: funding, transfers and what else is no
 * trade must be booked one by one; commissions and realised profit must sum to the same over the trades both know.
 *
 * 1. A trade that is not booked is a missing fill and reported as one: its commission and profit are left out here.
 * 2. The venue's stream and its history name one movement differently and may differ by a second: kind, second and amount are all they
 *    share, and two movements may share those too. So they are counted: as many must be booked as the history shows.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { IncomeRecord } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal } from '../money/decimal.ts'
import { amountSeverity } from './account.ts'
import { finding, type BothBooks, type Finding } from './finding.ts'

/** One movement the ledger booked that is no trade. */
export interface BookedChange {
  readonly reason: string
  readonly symbol: string
  readonly amount: DecimalText
  readonly time: number
}

export interface BookedFigures {
  readonly commission: Decimal
  readonly realized: Decimal
}

/** What was read of the venue's history, and what the journal has for the same time. */
export interface IncomeContext {
  /** Venue ms from which on the history was read. */
  readonly since: number
  readonly records: readonly IncomeRecord[]
  /** Booked movements from then on that the history must show by now. */
  readonly changes: readonly BookedChange[]
  /** How many movements of the record's kind and amount, and of its second or a neighbour, are booked; Infinity where nobody knows any more. */
  readonly booked: (record: Pick<IncomeRecord, 'type' | 'time' | 'amount'>) => number
  /** USDT booked for a trade, over both its sides; null when the trade is not booked. */
  readonly trade: (symbol: string, tradeId: string) => BookedFigures | null
}

const TRADE_TYPES = { COMMISSION: 'commission', REALIZED_PNL: 'realized' } as const
const isTradeType = (type: string): type is keyof typeof TRADE_TYPES => type in TRADE_TYPES
/** The venue rounds each record to its eighth digit. */
const DUST = decimal('0.000001' as DecimalText)
/** Shown one by one; the rest is in the next audit. */
const MAX_MISSING = 20
const EXAMPLES = 5

/** Identity of a movement, up to the second's neighbours. */
export const changeKey = (reason: string, second: number, amount: DecimalText): string =>
  `${reason === 'FUNDING_FEE' ? 'funding' : 'other'} ${second} ${decimal(amount).toFixed()}`
export const changeKeys = (reason: string, time: number, amount: DecimalText): readonly string[] => {
  const second = Math.floor(time / 1_000)
  return [second, second - 1, second + 1].map((one) => changeKey(reason, one, amount))
}

export interface IncomeComparison {
  readonly findings: readonly Finding[]
  /** USDT that the missing movements bring: they explain that much of the wallet. */
  readonly unbookedCash: Decimal
}

export function compareIncome({ local, context }: BothBooks): IncomeComparison {
  const { income } = context
  if (income === null) return { findings: [], unbookedCash: ZERO }
  const records = income.records.filter((record) => record.asset === 'USDT')
  const moved = records.filter((record) => !isTradeType(record.type) && !decimal(record.amount).isZero())
  const missing = surplus(moved, ({ type, time, amount }) => changeKeys(type, time, amount), income.booked)
  const shown = countBy(moved.map(({ type, time, amount }) => changeKey(type, Math.floor(time / 1_000), amount)))
  const keysOf = (change: BookedChange): readonly string[] => changeKeys(change.reason, change.time, change.amount)
  const invented = surplus(income.changes, keysOf, (change) => sumOf(shown, keysOf(change))).map(({ one }) => one)
  const wallet = decimal(local.wallet)
  return {
    findings: [
      ...missing.slice(0, MAX_MISSING).map(({ one, count }) => missingIncome(one, count, wallet)),
      ...invented.slice(0, MAX_MISSING).map((change) => inventedIncome(change, wallet)),
      ...tradeSums(records, income, wallet),
    ],
    unbookedCash: missing.reduce<Decimal>((sum, { one }) => sum.plus(decimal(one.amount)), ZERO),
  }
}

const countBy = (keys: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}
const sumOf = (counts: ReadonlyMap<string, number>, keys: readonly string[]): number =>
  keys.reduce((sum, key) => sum + (counts.get(key) ?? 0), 0)

/** Those for which too few counterparts are left, with how many of their like there are up to each. `keysOf`: its own second first. */
function surplus<T>(
  all: readonly T[],
  keysOf: (one: T) => readonly string[],
  counterparts: (one: T) => number,
): readonly { readonly one: T; readonly count: number }[] {
  const seen = new Map<string, number>()
  const matched = new Map<string, number>()
  const left: { one: T; count: number }[] = []
  for (const one of all) {
    const keys = keysOf(one)
    const [own = ''] = keys
    seen.set(own, (seen.get(own) ?? 0) + 1)
    if (sumOf(matched, keys) >= counterparts(one)) left.push({ one, count: sumOf(seen, keys) })
    else matched.set(own, (matched.get(own) ?? 0) + 1)
  }
  return left
}

const at = (time: number): string => new Date(time).toISOString()

function missingIncome(record: IncomeRecord, count: number, wallet: Decimal): Finding {
  const amount = decimal(record.amount)
  return finding({
    kind: 'missing-income',
    severity: amountSeverity(amount, wallet),
    symbol: record.symbol === '' ? 'USDT' : record.symbol,
    key: `${record.type} ${record.id}`,
    summary: `${record.type} ${record.amount} USDT of ${at(record.time)} is not booked`,
    local: 'not booked',
    venue: record.amount,
    atRisk: amount,
    evidence: { record, time: record.time, count },
    actions: ['repair', 'ignore'],
  })
}

function inventedIncome(change: BookedChange, wallet: Decimal): Finding {
  const amount = decimal(change.amount)
  return finding({
    kind: 'income-drift',
    severity: amountSeverity(amount, wallet),
    symbol: change.symbol === '' ? 'USDT' : change.symbol,
    key: `${change.reason} ${change.time}`,
    summary: `${change.reason} ${change.amount} USDT of ${at(change.time)} is booked, the venue's history does not show it`,
    local: change.amount,
    venue: 'none',
    atRisk: amount,
    evidence: { change, time: change.time },
    actions: ['ignore'],
  })
}

/** Commission and realised profit over the trades that both the history and the journal know. */
function tradeSums(records: readonly IncomeRecord[], income: IncomeContext, wallet: Decimal): Finding[] {
  return (Object.keys(TRADE_TYPES) as (keyof typeof TRADE_TYPES)[]).flatMap((type) => {
    const venue = new Map<string, { symbol: string; tradeId: string; amount: Decimal }>()
    for (const { symbol, tradeId, amount, type: is } of records) {
      if (is !== type || tradeId === '') continue
      const key = `${symbol} ${tradeId}`
      venue.set(key, { symbol, tradeId, amount: (venue.get(key)?.amount ?? ZERO).plus(decimal(amount)) })
    }
    let [ours, theirs]: [Decimal, Decimal] = [ZERO, ZERO]
    const trades: string[] = []
    for (const [key, { symbol, tradeId, amount }] of venue) {
      const booked = income.trade(symbol, tradeId)
      if (booked === null) continue
      // The history states what left the wallet: commissions are negative there.
      const own = type === 'COMMISSION' ? booked.commission.neg() : booked.realized
      ours = ours.plus(own)
      theirs = theirs.plus(amount)
      if (own.minus(amount).abs().gt(DUST) && trades.length < EXAMPLES)
        trades.push(`${key}: booked ${toText(own)}, venue ${toText(amount)}`)
    }
    const difference = theirs.minus(ours)
    if (trades.length === 0 && difference.abs().lte(DUST)) return []
    return [
      finding({
        kind: 'income-drift',
        severity: amountSeverity(difference, wallet),
        symbol: 'USDT',
        key: type,
        summary: `${TRADE_TYPES[type]} of ${venue.size} trades: booked ${toText(ours)}, venue ${toText(theirs)}`,
        local: toText(ours),
        venue: toText(theirs),
        atRisk: difference,
        evidence: { type, trades, time: income.since },
        actions: ['ignore'],
      }),
    ]
  })
}

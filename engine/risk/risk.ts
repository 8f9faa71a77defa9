/**
 * INV-02: the rails every entry passes after quantising and filters. Pure: what is, in; a verdict that names its rule, out.
 * Entries are blocked, exits always allowed: nothing here is ever asked about a reduce-only order.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { KillLevel, TradingState } from '../contract/kill.ts'
import type { Rails } from '../contract/settings.ts'
import { decimal, toTextPlaces, type Decimal } from '../money/decimal.ts'

export type RuleName =
  | 'trading-state'
  | 'released'
  | 'journal'
  | 'account'
  | 'user-stream'
  | 'unresolved-order'
  | 'balance-mismatch'
  | 'missing-stop'
  | 'symbol-allowed'
  | 'entry-in-flight'
  | 'position-open'
  | 'stale-data'
  | 'cool-down'
  | 'consecutive-rejects'
  | 'orders-per-minute'
  | 'max-open-positions'
  | 'daily-loss'
  | 'drawdown-day'
  | 'drawdown-peak'
  | 'price-band'
  | 'max-order'
  | 'max-position'
  | 'leverage'

/** The account and market as they stand now: what decides without knowing the order. */
export interface Standing {
  /** Venue ms. */
  readonly now: number
  readonly rails: Rails
  readonly tradingState: TradingState
  readonly tradingReason: string
  /** The start-up reconciliation was clean. */
  readonly released: boolean
  /** '' when the journal accepts rows. */
  readonly journalFault: string
  /** '' when the account's position mode is the one that orders are made for. */
  readonly accountFault: string
  readonly userStreamHealthy: boolean
  /** Orders anywhere whose outcome is not proved. */
  readonly unresolved: number
  /** '' when ledger and venue agree on the wallet. */
  readonly balanceMismatch: string
  /** Symbols holding a position whose stop could not be placed. */
  readonly withoutStop: readonly string[]
  readonly consecutiveRejects: number
  readonly ordersLastMinute: number
  /** Symbols with a position or an entry under way. */
  readonly openPositions: number
  readonly equity: Decimal
  readonly peakEquity: Decimal
  /** Equity at 00:00 UTC, less transfers since. */
  readonly dayStartEquity: Decimal
}

export interface Candidate {
  readonly symbol: string
  readonly allowed: boolean
  readonly entryInFlight: boolean
  readonly positionOpen: boolean
  /** Venue ms until which the symbol rests after a loss. */
  readonly coolDownUntil: number
  /** Age of the newest datum of the symbol, ms; Infinity = none yet. */
  readonly dataAgeMs: number
  readonly price: Decimal
  readonly mark: Decimal
  readonly quantity: Decimal
  /** Notional of the symbol's position and working entries, USDT, unsigned. */
  readonly positionNotional: Decimal
  /** The same over all symbols. */
  readonly grossNotional: Decimal
  readonly maxLeverage: number
}

export interface Verdict {
  readonly allowed: boolean
  /** The rule that refused; 'all' when every rule passed. */
  readonly rule: RuleName | 'all'
  readonly text: string
  /** Rules that passed before. */
  readonly passed: readonly RuleName[]
}

/** A sentence when the rule refuses, null when it passes. */
type StandingRule = readonly [RuleName, (s: Standing) => string | null]
type CandidateRule = readonly [RuleName, (s: Standing, c: Candidate) => string | null]

const usdt = (value: Decimal): DecimalText => toTextPlaces(value, 2)
const percentBelow = (reference: Decimal, value: Decimal): number => reference.minus(value).div(reference).times(100).toNumber()
/** Without a division: asked at every step. */
const isBelowBy = (percent: number, reference: Decimal, value: Decimal): boolean =>
  reference.gt(0) && reference.gt(value) && reference.minus(value).times(100).gte(reference.times(percent))

/** What an amount since a reference breaks of a limit, in words; null when it holds. */
type Fall<Limit> = (limit: Limit, reference: Decimal, equity: Decimal) => string | null

/** The last answer again while the same amounts are asked about: an account that stands still is judged at every signal. */
function remembered<Limit>(judge: Fall<Limit>): Fall<Limit> {
  let last: { readonly limit: Limit; readonly reference: Decimal; readonly equity: Decimal; readonly answer: string | null } | undefined
  return (limit, reference, equity) => {
    if (last?.reference !== reference || last.equity !== equity || last.limit !== limit) {
      last = { limit, reference, equity, answer: judge(limit, reference, equity) }
    }
    return last.answer
  }
}

const drawdown = (since: string): Fall<number> =>
  remembered((percent, reference, equity) =>
    isBelowBy(percent, reference, equity) ? `${percentBelow(reference, equity).toFixed(2)} % below ${since}, limit ${percent} %` : null,
  )
const drawdownOfDay = drawdown("the day's start")
const drawdownFromPeak = drawdown('the highest equity')
const dailyLoss = remembered((limit: DecimalText, dayStart, equity) => {
  const loss = dayStart.minus(equity)
  return loss.lt(decimal(limit)) ? null : `lost ${usdt(loss)} USDT today, limit ${limit}`
})

const STANDING: readonly StandingRule[] = [
  ['trading-state', (s) => (s.tradingState === 'active' ? null : `trading is ${s.tradingState}: ${s.tradingReason}`)],
  ['released', (s) => (s.released ? null : 'the start-up reconciliation has not released entries')],
  ['journal', (s) => (s.journalFault === '' ? null : s.journalFault)],
  ['account', (s) => (s.accountFault === '' ? null : s.accountFault)],
  ['user-stream', (s) => (s.userStreamHealthy ? null : 'the private stream is down')],
  ['unresolved-order', (s) => (s.unresolved === 0 ? null : `${s.unresolved} order(s) without a proved outcome`)],
  ['balance-mismatch', (s) => (s.balanceMismatch === '' ? null : s.balanceMismatch)],
  ['missing-stop', (s) => (s.withoutStop.length === 0 ? null : `no stop could be placed for ${s.withoutStop.join(', ')}`)],
  [
    'consecutive-rejects',
    (s) => (s.consecutiveRejects < s.rails.maxConsecutiveRejects ? null : `${s.consecutiveRejects} orders refused in a row`),
  ],
  ['daily-loss', (s) => dailyLoss(s.rails.maxDailyLoss, s.dayStartEquity, s.equity)],
  ['drawdown-day', (s) => drawdownOfDay(s.rails.maxDrawdownFromDayStartPct, s.dayStartEquity, s.equity)],
  ['drawdown-peak', (s) => drawdownFromPeak(s.rails.maxDrawdownFromPeakPct, s.peakEquity, s.equity)],
]

const CANDIDATE: readonly CandidateRule[] = [
  ['symbol-allowed', (_, c) => (c.allowed ? null : `${c.symbol} is not on the list of symbols`)],
  ['entry-in-flight', (_, c) => (c.entryInFlight ? `${c.symbol} has an entry in flight` : null)],
  ['position-open', (_, c) => (c.positionOpen ? `${c.symbol} has a position` : null)],
  [
    'stale-data',
    (s, c) => (c.dataAgeMs <= s.rails.maxDataAgeMs ? null : `data of ${c.symbol} is ${c.dataAgeMs} ms old, limit ${s.rails.maxDataAgeMs}`),
  ],
  [
    'cool-down',
    (s, c) => (s.now >= c.coolDownUntil ? null : `${c.symbol} rests ${Math.ceil((c.coolDownUntil - s.now) / 1_000)} s more after a loss`),
  ],
  [
    'orders-per-minute',
    (s) =>
      s.ordersLastMinute < s.rails.maxOrdersPerMinute
        ? null
        : `${s.ordersLastMinute} orders in the last minute, limit ${s.rails.maxOrdersPerMinute}`,
  ],
  [
    'max-open-positions',
    (s) => (s.openPositions < s.rails.maxOpenPositions ? null : `${s.openPositions} positions open, limit ${s.rails.maxOpenPositions}`),
  ],
  [
    'price-band',
    (s, c) => {
      if (c.mark.lte(0)) return `no mark price for ${c.symbol}`
      const away = c.price.minus(c.mark).abs().times(100)
      if (away.lte(c.mark.times(s.rails.priceBandPct))) return null
      return `price is ${away.div(c.mark).toFixed(2)} % from the mark, limit ${s.rails.priceBandPct} %`
    },
  ],
  [
    'max-order',
    (s, c) => {
      const notional = c.price.times(c.quantity)
      return notional.lte(decimal(s.rails.maxOrderNotional)) ? null : `order of ${usdt(notional)} USDT, limit ${s.rails.maxOrderNotional}`
    },
  ],
  [
    'max-position',
    (s, c) => {
      const notional = c.positionNotional.plus(c.price.times(c.quantity))
      return notional.lte(decimal(s.rails.maxPositionNotional))
        ? null
        : `position of ${usdt(notional)} USDT, limit ${s.rails.maxPositionNotional}`
    },
  ],
  [
    'leverage',
    (s, c) => {
      const gross = c.grossNotional.plus(c.price.times(c.quantity))
      if (s.equity.lte(0)) return 'no equity left'
      return gross.lte(s.equity.times(c.maxLeverage))
        ? null
        : `exposure of ${usdt(gross)} USDT is more than ${c.maxLeverage} × equity ${usdt(s.equity)}`
    },
  ],
]

/** The first rail that blocks every entry, whatever it is; null when none does. */
export function blockOf(standing: Standing): (Pick<Verdict, 'text'> & { readonly rule: RuleName }) | null {
  for (const [rule, check] of STANDING) {
    const text = check(standing)
    if (text !== null) return { rule, text }
  }
  return null
}

const STANDING_NAMES: readonly RuleName[] = STANDING.map(([rule]) => rule)

/** Every rule in order; the first that refuses decides. */
export function judgeEntry(standing: Standing, candidate: Candidate): Verdict {
  const block = blockOf(standing)
  if (block !== null) return { allowed: false, ...block, passed: STANDING_NAMES.slice(0, STANDING_NAMES.indexOf(block.rule)) }
  const passed = [...STANDING_NAMES]
  for (const [rule, check] of CANDIDATE) {
    const text = check(standing, candidate)
    if (text !== null) return { allowed: false, rule, text, passed }
    passed.push(rule)
  }
  return { allowed: true, rule: 'all', text: 'every rail passed', passed }
}

/** Rails that block every entry right now, in words. */
export const standingBlocks = (standing: Standing): readonly string[] => STANDING.flatMap(([, check]) => check(standing) ?? [])

export interface Trip {
  readonly level: KillLevel
  readonly rule: RuleName
  readonly reason: string
}

/**
 * Rails that latch the kill switch. Falling below the peak closes everything; refusals in a row and money that cannot be
 * explained stop entries and leave the protective stops where they are.
 */
export function tripOf(standing: Standing): Trip | null {
  const level: Partial<Record<RuleName, KillLevel>> = {
    'drawdown-peak': 'flatten',
    'consecutive-rejects': 'reduceOnly',
    'balance-mismatch': 'reduceOnly',
  }
  for (const [rule, check] of STANDING) {
    const trip = level[rule]
    if (trip === undefined) continue
    const reason = check(standing)
    if (reason !== null) return { level: trip, rule, reason }
  }
  return null
}

/**
 * One back-test: a tape through the brain and the exchange (tape-run.ts), and the figures a trader judges it by. Everything in
 * the report but `durationMs` and `barsPerSecond` is a function of the input: same input, same `tradesHash`.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import { fail, InvariantError, ok, type Failure, type Result } from '../contract/result.ts'
import { parseSettings, type Rails, type Settings } from '../contract/settings.ts'
import { decimal, toText, ZERO, type Decimal } from '../money/decimal.ts'
import type { Latency } from '../simulator/exchange.ts'
import { StrategyFault } from '../strategy/checked.ts'
import type { Bar, StrategyFactory } from '../strategy/strategy.ts'
import { openBacktestTape, type BacktestTape, type TapeWindow } from './backtest-tape.ts'
import { EquityCurve, type CurveFigures, type CurvePoint } from './equity-curve.ts'
import { runTape, type TapeRunOptions, type TapeRunResult } from './tape-run.ts'
import { TradeBook, type ClosedTrade } from './trade-book.ts'

export interface BacktestOptions extends Partial<TapeWindow> {
  /** A file, 'demo' or 'synthetic'. */
  readonly tape: string
  readonly symbol: string
  readonly strategy: Settings['strategy']['name']
  readonly seed: number
  readonly balance?: string
  /** Needed for an endless tape, ms. */
  readonly horizonMs?: number
  /** Order to matching and answer back, each, virtual ms. */
  readonly latencyMs?: number
  readonly riskPerTradePct?: number
  /** Those that are not as they are by default (contract/settings.ts). */
  readonly rails?: Partial<Rails>
  readonly createStrategy?: StrategyFactory
  /**
   * As a headless run on the same tape: the strategy warms up on the embedded exchange's invented history, ids are the run's.
   * Without it (and always with `from`) it knows only what the tape holds.
   */
  readonly asRun?: { readonly session: string; readonly rate: number }
  /** Keep bars for charts. */
  readonly keepBars?: boolean
}

export interface BacktestReport extends CurveFigures {
  readonly tape: string
  readonly symbol: string
  readonly strategy: string
  readonly seed: number
  readonly latencyMs: number
  readonly from: string
  readonly to: string
  readonly bars: number
  /** Holes in the tape: nothing was computed across them. */
  readonly gaps: number
  readonly missingBars: number
  readonly warmUpBars: number
  readonly signals: number
  readonly orders: number
  readonly fills: number
  readonly trades: number
  readonly wins: number
  readonly losses: number
  /** Fractions; null when there was nothing to divide by. */
  readonly winRate: number | null
  readonly profitFactor: number | null
  /** Share of bars at whose close a position was open. */
  readonly exposure: number
  readonly startBalance: DecimalText
  readonly endEquity: DecimalText
  readonly netProfit: DecimalText
  readonly netProfitPct: number
  readonly grossProfit: DecimalText
  readonly grossLoss: DecimalText
  readonly averageTrade: DecimalText
  readonly fees: DecimalText
  readonly funding: DecimalText
  readonly unrealizedPnl: DecimalText
  readonly openPositions: number
  readonly refusals: Readonly<Record<string, number>>
  /** A rail that ended trading, or null. */
  readonly tripped: string | null
  /** Ledger and exchange agree to the last digit. */
  readonly exact: boolean
  readonly tradesHash: string
  readonly ordersHash: string
  readonly durationMs: number
  readonly barsPerSecond: number
}

export interface BacktestResult {
  readonly report: BacktestReport
  readonly trades: readonly ClosedTrade[]
  readonly curve: readonly CurvePoint[]
  readonly bars: readonly Bar[]
}

/** What the embedded exchange invents before a tape, and how much of it a feed of few symbols asks for. */
const RUN_PRELUDE = { bars: 1_600, given: 501 } as const
/** Bars kept for charts; a longer run shows its last ones. */
const MAX_BARS = 600_000

export async function backtest(options: BacktestOptions): Promise<Result<BacktestResult, Failure>> {
  const tape = await openBacktestTape(options.tape, options.symbol, {
    from: options.from ?? null,
    to: options.to ?? null,
    loop: options.horizonMs !== undefined,
  })
  return tape.ok ? backtestOn(tape.value, options) : tape
}

/** As `backtest`, on a tape that is open already (a sweep plays one many times). */
export async function backtestOn(tape: BacktestTape, options: BacktestOptions): Promise<Result<BacktestResult, Failure>> {
  const parsed = parseSettings({
    symbols: [options.symbol],
    seed: options.seed,
    strategy: { name: options.strategy, ...(options.riskPerTradePct === undefined ? {} : { riskPerTradePct: options.riskPerTradePct }) },
    ...(options.rails === undefined ? {} : { rails: options.rails }),
    ...(options.balance === undefined ? {} : { startingBalance: options.balance }),
  })
  if (!parsed.ok) return parsed
  const settings = parsed.value
  const book = new TradeBook()
  const curve = new EquityCurve(decimal(settings.startingBalance).toNumber())
  const bars: Bar[] = []
  let exposed = 0
  let counted = 0
  const latency = options.latencyMs ?? 0
  const startedAt = performance.now()
  const run = await played({
    symbols: [options.symbol],
    tapes: { [options.symbol]: tape.spec },
    seed: options.seed,
    balance: settings.startingBalance,
    rails: settings.rails,
    strategy: settings.strategy,
    leverage: settings.leverage,
    horizonMs: options.horizonMs ?? null,
    ...(options.asRun === undefined || options.from !== undefined
      ? { history: { [options.symbol]: tape.history } }
      : { ...options.asRun, prelude: RUN_PRELUDE }),
    ...(options.createStrategy === undefined ? {} : { createStrategy: options.createStrategy }),
    ...(latency === 0 ? {} : { latency: latencyOf(latency) }),
    onEntry: (entry) => book.take(entry),
    onBar: (time, equity, open) => {
      counted++
      if (open) exposed++
      curve.add(time, equity)
    },
    ...(options.keepBars === true
      ? {
          onKline: (_: number, bar: Bar): void => {
            if (bars.length < MAX_BARS) bars.push(bar)
          },
        }
      : {}),
  })
  if (!run.ok) return run
  const durationMs = performance.now() - startedAt
  const { value } = run
  const sum = (pick: (trade: ClosedTrade) => Decimal): Decimal => book.trades.reduce((total, trade) => total.plus(pick(trade)), ZERO)
  const won = book.trades.filter((trade) => decimal(trade.net).gt(0)).length
  const lost = book.trades.filter((trade) => decimal(trade.net).lt(0)).length
  const grossProfit = sum((trade) => (decimal(trade.net).gt(0) ? decimal(trade.net) : ZERO))
  const grossLoss = sum((trade) => (decimal(trade.net).lt(0) ? decimal(trade.net) : ZERO))
  const netProfit = decimal(value.equity).minus(decimal(settings.startingBalance))
  const count = book.trades.length
  const report: BacktestReport = {
    tape: options.tape,
    symbol: options.symbol,
    strategy: value.state.symbols[0]?.strategy.name ?? options.strategy,
    seed: options.seed,
    latencyMs: latency,
    from: new Date(value.startTime).toISOString(),
    to: new Date(value.endTime).toISOString(),
    bars: value.bars,
    gaps: value.gaps,
    missingBars: value.missingBars,
    warmUpBars: options.asRun === undefined || options.from !== undefined ? tape.history.length : RUN_PRELUDE.given,
    signals: book.signals,
    orders: book.orders,
    fills: book.fills,
    trades: count,
    wins: won,
    losses: lost,
    winRate: count === 0 ? null : won / count,
    profitFactor: grossLoss.isZero() ? null : grossProfit.div(grossLoss.negated()).toNumber(),
    exposure: counted === 0 ? 0 : exposed / counted,
    startBalance: settings.startingBalance,
    endEquity: value.equity,
    netProfit: toText(netProfit),
    netProfitPct: netProfit.div(decimal(settings.startingBalance)).times(100).toNumber(),
    grossProfit: toText(grossProfit),
    grossLoss: toText(grossLoss),
    averageTrade: toText(count === 0 ? ZERO : grossProfit.plus(grossLoss).div(count).toDecimalPlaces(8)),
    fees: value.truth.fees,
    funding: value.truth.funding,
    unrealizedPnl: value.truth.unrealizedPnl,
    openPositions: value.truth.positions.length,
    refusals: Object.fromEntries(book.refusals),
    tripped: value.tripped,
    exact: value.equity === value.truth.equity,
    ...curve.figures(),
    tradesHash: book.tradesHash(),
    ordersHash: book.ordersHash(),
    durationMs: Math.round(durationMs),
    barsPerSecond: Math.round(value.bars / (durationMs / 1_000)),
  }
  for (const [name, one] of Object.entries(report)) {
    if (typeof one === 'number' && !Number.isFinite(one)) throw new InvariantError(`Invariant: ${name} of the report is a number`)
  }
  return ok({ report, trades: book.trades, curve: curve.points(), bars })
}

/** A strategy of one's own that does something wrong is wrong input, not a bug of ours. */
async function played(options: TapeRunOptions): Promise<Result<TapeRunResult, Failure>> {
  try {
    return await runTape(options)
  } catch (thrown) {
    if (thrown instanceof StrategyFault) return fail('strategy-fault', thrown.message)
    throw thrown
  }
}

const latencyOf = (ms: number): Latency => ({
  orderIn: { min: ms, max: ms },
  ack: { min: ms, max: ms },
  eventOut: { min: ms, max: ms },
})

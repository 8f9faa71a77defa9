/**
 * The whole back-test on one core: tape, matching, teacher, risk, orders, ledger. Three tapes of synthetic 1m bars:
 *
 * - `year`: 525,600 bars with the settings a trader starts with (a rail ends trading when the account has lost what it may lose);
 * - `throughout`: rails so wide that it trades to the last bar; the price of a trade is worked out from it;
 * - `exchange`: the embedded exchange alone, with its numbers told to nobody in particular.
 *
 * Bars a second by the wall and by the CPU time of this process (which a busy machine distorts less), beside a loop that only reads
 * the same bars. The bar is 300,000 bars/s and a year in three seconds; what is printed is what was measured.
 */
import { parseSettings } from '../engine/contract/settings.ts'
import { backtest } from '../engine/replay/backtest.ts'
import { runTape } from '../engine/replay/tape-run.ts'
import { TradeBook } from '../engine/replay/trade-book.ts'
import { createExchange } from '../engine/simulator/core.ts'
import { symbolSpec } from '../engine/simulator/symbols.ts'
import { median } from './indicators.ts'
import { foreignLoad } from './ring/machine.ts'

const BOUND = 300_000
const YEAR_BARS = 525_600
const YEAR_SECONDS = 3
const MINUTE = 60_000
const SYMBOL = 'BTCUSDT'

interface Measured<T> {
  readonly value: T
  readonly cpuMs: number
  readonly wallMs: number
}

async function measured<T>(work: () => T | Promise<T>): Promise<Measured<T>> {
  const cpu = process.cpuUsage()
  const wall = performance.now()
  const value = await work()
  const used = process.cpuUsage(cpu)
  return { value, cpuMs: (used.user + used.system) / 1_000, wallMs: performance.now() - wall }
}

const year = (bars: number) => backtest({ tape: 'synthetic', symbol: SYMBOL, strategy: 'teacher', seed: 1, horizonMs: bars * MINUTE })

/** Trades to the last bar: a large account, a small risk a trade, rails out of the way. */
async function throughout(bars: number): Promise<{ readonly trades: number; readonly exact: boolean }> {
  const rails = { maxDrawdownFromPeakPct: 90, maxDrawdownFromDayStartPct: 90, maxDailyLoss: '1000000' }
  const parsed = parseSettings({ symbols: [SYMBOL], startingBalance: '100000', strategy: { riskPerTradePct: 0.05 }, rails })
  if (!parsed.ok) throw new Error(parsed.error.message)
  const settings = parsed.value
  const book = new TradeBook()
  const run = await runTape({
    symbols: [SYMBOL],
    tapes: {},
    seed: 1,
    balance: settings.startingBalance,
    rails: settings.rails,
    strategy: settings.strategy,
    leverage: settings.leverage,
    horizonMs: bars * MINUTE,
    onEntry: (entry) => book.take(entry),
  })
  if (!run.ok) throw new Error(run.error.message)
  return { trades: book.trades.length, exact: run.value.equity === run.value.truth.equity }
}

function exchangeAlone(bars: number): void {
  const spec = symbolSpec(SYMBOL)
  if (spec === undefined) throw new Error(`no contract data for ${SYMBOL}`)
  const numbers = { mark: () => undefined, bar: () => undefined }
  const exchange = createExchange({ seed: 1, symbols: [spec], accounts: [], preludeBars: 0, sinks: { numbers } })
  exchange.advanceTo(exchange.now + bars * MINUTE)
}

const perSecond = (bars: number, ms: number): number => Math.round(bars / (ms / 1_000))

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const quick = options.quick === true
  const bars = quick ? 100_000 : YEAR_BARS
  const tradedBars = quick ? 10_000 : 40_000
  const foreignBefore = await foreignLoad(500)
  // The first run of a process carries its compiler; it is printed, and the ones after it are judged. A person who starts one back-test
  // waits for the first: the year's seconds are its.
  const cold = await measured(() => year(bars))
  const rounds = []
  for (let round = 0; round < (quick ? 2 : 5); round++) rounds.push(await measured(() => year(bars)))
  // The compiler is at work in the judged rounds too, less in each; what it comes to without is printed beside them and judges nothing.
  const later = []
  for (let round = 0; round < (quick ? 0 : 5); round++) later.push(await measured(() => year(bars)))
  const [first] = rounds
  if (first === undefined || !first.value.ok) return { bench: 'backtest', ok: false, error: 'the back-test failed' }
  const { report } = first.value.value
  const hashes = new Set(rounds.map(({ value }) => (value.ok ? value.value.report.tradesHash : '')))
  const cpu = median(rounds.map((one) => one.cpuMs))
  const wall = median(rounds.map((one) => one.wallMs))
  const traded = await measured(() => throughout(tradedBars))
  const alone = await measured(() => exchangeAlone(bars))
  const kept = await backtest({
    tape: 'synthetic',
    symbol: SYMBOL,
    strategy: 'placeholder',
    seed: 1,
    horizonMs: 2_000 * MINUTE,
    keepBars: true,
  })
  const list = kept.ok ? kept.value.bars : []
  let check = 0
  const read = await measured(() => {
    for (let i = 0; i < 1_000; i++) for (const bar of list) check += bar.open + bar.high + bar.low + bar.close + bar.volume
  })
  const perCpuSecond = perSecond(bars, cpu)
  const seconds = Math.round(cpu) / 1_000
  return {
    bench: 'backtest',
    unit: '1m bars/s',
    bars: report.bars,
    trades: report.trades,
    signals: report.signals,
    exposure: report.exposure,
    tripped: report.tripped,
    exact: report.exact,
    sameHash: hashes.size === 1,
    perCpuSecond,
    perWallSecond: perSecond(bars, wall),
    ...(quick ? {} : { laterPerCpuSecond: perSecond(bars, median(later.map((one) => one.cpuMs))) }),
    bound: BOUND,
    cpuSeconds: seconds,
    wallSeconds: Math.round(wall) / 1_000,
    firstRun: { cpuSeconds: Math.round(cold.cpuMs) / 1_000, wallSeconds: Math.round(cold.wallMs) / 1_000 },
    ...(quick ? {} : { yearBound: YEAR_SECONDS, yearOk: cold.wallMs / 1_000 <= YEAR_SECONDS }),
    ok: perCpuSecond >= BOUND && (quick || cold.wallMs / 1_000 <= YEAR_SECONDS) && hashes.size === 1 && report.exact,
    throughout: {
      bars: tradedBars,
      trades: traded.value.trades,
      exact: traded.value.exact,
      perCpuSecond: perSecond(tradedBars, traded.cpuMs),
      cpuMicrosPerTrade: Math.round(((traded.cpuMs - (cpu / bars) * tradedBars) / Math.max(1, traded.value.trades)) * 1_000),
    },
    exchangeAlone: perSecond(bars, alone.cpuMs),
    readOnlyLoop: perSecond(list.length * 1_000, read.cpuMs),
    rssMb: Math.round(process.memoryUsage().rss / 1e6),
    noise: {
      cpuSeconds: rounds.map((one) => Math.round(one.cpuMs) / 1_000),
      foreignCpuBefore: foreignBefore,
      foreignCpuAfter: await foreignLoad(500),
    },
    check: Number.isFinite(check),
  }
}

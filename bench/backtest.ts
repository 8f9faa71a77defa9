/**
 * The whole back-test on one core: tape, matching, teacher, risk, orders, ledger; 1m bars a second, beside a loop that only reads the
 * same bars. The bar is 300,000 bars/s; what is printed is what was measured, by the wall and by the CPU time of this process (which
 * a busy machine distorts less). `stages` says where the time goes: the exchange alone, with and without the streams a brain reads.
 */
import { backtest } from '../engine/replay/backtest.ts'
import { createExchange } from '../engine/simulator/core.ts'
import { symbolSpec } from '../engine/simulator/symbols.ts'

const BOUND = 300_000

function measured<T>(work: () => T): { readonly value: T; readonly cpuMs: number; readonly wallMs: number } {
  const cpu = process.cpuUsage()
  const wall = performance.now()
  const value = work()
  const used = process.cpuUsage(cpu)
  return { value, cpuMs: (used.user + used.system) / 1_000, wallMs: performance.now() - wall }
}

function exchangeOnly(bars: number, streams: readonly string[]): number {
  const spec = symbolSpec('BTCUSDT')
  if (spec === undefined) return 0
  const balance = '10000' as NonNullable<Parameters<typeof createExchange>[0]['accounts'][number]['balance']>
  const exchange = createExchange({
    seed: 1,
    symbols: [spec],
    accounts: [{ key: 'bench', secret: 'bench', balance }],
    preludeBars: 0,
    sinks: { onMarket: () => {} },
  })
  for (const stream of streams) exchange.subscribe(stream)
  const { cpuMs } = measured(() => exchange.advanceTo(exchange.now + bars * 60_000))
  return Math.round(bars / (cpuMs / 1_000))
}

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const bars = options.quick === true ? 2_000 : 10_000
  const play = (strategy: 'placeholder' | 'teacher') =>
    backtest({ tape: 'synthetic', symbol: 'BTCUSDT', strategy, seed: 1, horizonMs: bars * 60_000, keepBars: true })
  await play('teacher')
  const cpu = process.cpuUsage()
  const result = await play('teacher')
  const used = process.cpuUsage(cpu)
  if (!result.ok) return { bench: 'backtest', ok: false, error: result.error.message }
  const { report } = result.value
  const perCpuSecond = Math.round(report.bars / ((used.user + used.system) / 1e6))
  const list = result.value.bars
  let check = 0
  const rounds = 200
  const read = measured(() => {
    for (let round = 0; round < rounds; round++)
      for (const bar of list) check += bar.openTime + bar.open + bar.high + bar.low + bar.close + bar.volume
  })
  return {
    bench: 'backtest',
    unit: '1m bars/s',
    bars: report.bars,
    trades: report.trades,
    exposure: report.exposure,
    exact: report.exact,
    wall: report.barsPerSecond,
    perCpuSecond,
    bound: BOUND,
    ok: perCpuSecond >= BOUND,
    readOnlyLoop: Math.round((list.length * rounds) / (read.cpuMs / 1_000)),
    stages: {
      exchangeAlone: exchangeOnly(bars, []),
      exchangeWithStreams: exchangeOnly(bars, ['btcusdt@kline_1m', 'btcusdt@markPrice@1s']),
    },
    check: Number.isFinite(check),
  }
}

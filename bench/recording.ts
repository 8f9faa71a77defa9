/**
 * What it costs the brain to record every session: microseconds a tick in the brain's own thread, the longest it is held by one call
 * (a block is packed every 16 KB), and the disk it takes. Recording is on by default because of these figures: at 200 ticks a second it
 * may take a thousandth of a core.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBrain } from '../engine/brain/state.ts'
import { parseSettings } from '../engine/contract/settings.ts'
import { TICK_WORDS, TickKind, writeTick } from '../engine/contract/tick.ts'
import { openRecording, RECORDINGS_FOLDER } from '../engine/processes/brain/recording.ts'
import { createPlaceholder } from '../engine/strategy/placeholder.ts'

const BATCH = 16
const TICKS_PER_SECOND = 200
/** Share of a core at TICKS_PER_SECOND. */
const BAR = 0.001

/** Best bid and ask, trades and marks of a walking price, as a feed of one busy symbol gives them. */
function market(count: number): Float64Array {
  const view = new Float64Array(count * TICK_WORDS)
  let seed = 7
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 32
  }
  let price = 60_000
  let time = 1_795_000_000_000_000
  for (let i = 0; i < count; i++) {
    time += Math.round(random() * 10_000)
    price = Math.round((price + (random() - 0.5)) * 10) / 10
    const quantity = Math.round(random() * 5_000) / 1_000
    if (i % 4 === 0) writeTick(view, i, 0, TickKind.trade, time, price, quantity, 3_000_000_000 + i, i % 2, 0)
    else
      writeTick(view, i, 0, TickKind.bookTop, time, price, quantity, price + 0.1, Math.round(random() * 5_000) / 1_000, 9_000_000_000 + i)
  }
  return view
}

export function run(options: { quick?: boolean } = {}): object {
  const ticks = options.quick === true ? 200_000 : 1_000_000
  const settings = parseSettings({})
  if (!settings.ok) return { bench: 'recording', ok: false, error: settings.error.message }
  const { rails, strategy } = settings.value
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-recording-'))
  try {
    const recording = openRecording({ dataDir, session: 'bench', build: 'bench', log: () => {}, totalBytes: 2 ** 31 })
    recording.begin(
      createBrain({
        session: 'bench000',
        symbols: [],
        filters: [],
        tiers: new Map(),
        rails,
        strategySettings: strategy,
        createStrategy: createPlaceholder,
        leverage: 1,
        hedge: false,
        rate: 1,
        proofMs: 1,
        tradingState: 'active',
        counter: 0,
      }),
      1,
    )
    const view = market(ticks)
    const calls = Math.floor(ticks / BATCH)
    const took = new Float64Array(calls)
    const cpu = process.cpuUsage()
    for (let i = 0; i < calls; i++) {
      const from = performance.now()
      recording.ticks(view.subarray(i * BATCH * TICK_WORDS, (i + 1) * BATCH * TICK_WORDS), BATCH, i)
      took[i] = performance.now() - from
    }
    const used = process.cpuUsage(cpu)
    recording.close()
    const folder = join(dataDir, RECORDINGS_FOLDER, 'bench')
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    took.sort()
    const perTickUs = (used.user + used.system) / ticks
    const share = (perTickUs * TICKS_PER_SECOND) / 1e6
    const round = (value: number, digits = 3): number => Math.round(value * 10 ** digits) / 10 ** digits
    return {
      bench: 'recording',
      unit: 'share of a core at 200 ticks a second',
      share: round(share, 6),
      bound: BAR,
      ok: share <= BAR && recording.ended === '',
      ticks,
      cpuPerTickUs: round(perTickUs),
      callUs: { p50: round((took[Math.floor(calls * 0.5)] ?? 0) * 1_000), p999: round((took[Math.floor(calls * 0.999)] ?? 0) * 1_000) },
      bytesPerTick: round(bytes / ticks, 1),
      megabytesPerDay: Math.round((bytes / ticks) * TICKS_PER_SECOND * 86_400 * 1e-6),
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

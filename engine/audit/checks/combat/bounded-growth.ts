/** C4.1: a million candles in, 5,000 held, and the heap no larger at the end than after warm-up (INV-11). */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { STRUCTURE_DEFAULTS } from '../../../structure/stream.ts'
import { defineCheck, verdict } from '../../check.ts'
import { seeded } from '../../material.ts'

const CANDLES = 1_000_000
const SAMPLE_EVERY = 100_000
const WARM_UP = 200_000
/** Noise of a collected heap between two samples, bytes. */
const NOISE = 1_000_000

/** A full collection, so that what is measured is what is held. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  return typeof gc === 'function' ? () => void Reflect.apply(gc, undefined, []) : () => {}
}

export const boundedGrowth = defineCheck({
  id: 'C4.1',
  suite: 'combat',
  dimension: 'resources',
  title: 'Bounded growth',
  risk: 'CRITICAL',
  invariant: 'INV-11',
  run: async ({ seams, seed, signal }) => {
    const collect = collector()
    const random = seeded(seed)
    const series = new seams.BarSeries()
    let events = 0
    const structure = new seams.StructureStream(STRUCTURE_DEFAULTS, { onStructure: () => void events++ })
    const samples: number[] = []
    let price = 65_000
    for (let i = 0; i < CANDLES; i++) {
      const time = 1_600_000_000_000 + i * 60_000
      const open = price
      price = Math.max(1_000, price + (random() - 0.5) * 60)
      const high = Math.max(open, price) + random() * 10
      const low = Math.min(open, price) - random() * 10
      series.upsert(time, open, high, low, price, 1, true)
      structure.push({ openTime: time, open, high, low, close: price, volume: 1 })
      if (i >= WARM_UP && i % SAMPLE_EVERY === 0) {
        collect()
        samples.push(process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers)
        await new Promise((resolve) => setImmediate(resolve))
        signal.throwIfAborted()
      }
    }
    const first = samples[0] ?? 0
    const last = samples.at(-1) ?? 0
    const growth = last - first
    const problems: string[] = []
    if (series.size !== 5_000) problems.push(`the series holds ${series.size} bars`)
    if (growth > NOISE) problems.push(`the heap grew by ${growth} bytes between candle ${WARM_UP} and ${CANDLES}`)
    if (events < 1_000) problems.push(`only ${events} structure events: nothing was really fed`)
    return verdict(
      problems,
      `${CANDLES} candles in, ${series.size} held, heap ${growth >= 0 ? '+' : ''}${growth} bytes after warm-up`,
      'series hold 5,000; heap growth within 1 MB of noise',
      { candles: CANDLES, held: series.size, growthBytes: growth },
    )
  },
  sabotages: [
    {
      name: 'the series forgets its limit',
      seams: (real) => ({
        ...real,
        BarSeries: class extends real.BarSeries {
          constructor() {
            super(CANDLES)
          }
        },
      }),
    },
    {
      name: 'every bar is kept somewhere',
      seams: (real) => {
        const kept: object[] = []
        return {
          ...real,
          StructureStream: class extends real.StructureStream {
            override push(bar: Parameters<InstanceType<typeof real.StructureStream>['push']>[0]): void {
              kept.push(bar)
              super.push(bar)
            }
          },
        }
      },
    },
  ],
})

/** Bars 11 and 12: kill -9 of either side, 200 times each, with the negative control that proves the test can fail. */
import { killProducers, killReaders } from '../../engine/ring/crash/kill-rounds.ts'
import { loadBinding } from '../../engine/ring/native-binding.ts'
import type { Bar } from './figures.ts'

const slow = { slowNs: 2_000, naive: false }
const naive = { slowNs: 2_000, naive: true }

export async function producerKillsBar(kills: number, controlKills: number, log: (text: string) => void): Promise<Bar> {
  const claim = `${kills} producer kills: torn 0, delivered + lost = published, ≥ ${Math.ceil(kills / 10)} of them inside a slot; without the re-check > 0 torn`
  const { binding, reason } = loadBinding('testing')
  if (binding === null) return { bar: 11, claim, ok: null, skipped: reason }
  const half = Math.ceil(kills / 2)
  const overwriting = await killProducers({ backend: 'native', kills: half, capacity: 64, lossless: false, batch: 16, hooks: slow })
  log(`${half} producer kills, overwriting: ${JSON.stringify(overwriting)}`)
  const lossless = await killProducers({ backend: 'native', kills: kills - half, capacity: 16_384, lossless: true, batch: 16, hooks: slow })
  log(`${kills - half} producer kills, lossless: ${JSON.stringify(lossless)}`)
  const shipped = await killProducers({ backend: 'native', kills: Math.ceil(kills / 4), capacity: 16_384, lossless: false, batch: 16 })
  log(`producer kills, the shipped binary: ${JSON.stringify(shipped)}`)
  const control = await killProducers({ backend: 'native', kills: controlKills, capacity: 64, lossless: false, batch: 16, hooks: naive })
  log(`negative control: ${JSON.stringify(control)}`)
  const clean = [overwriting, lossless, shipped].every((seen) => seen.torn === 0 && seen.unaccounted === 0 && seen.exact)
  const ok = clean && lossless.lost === 0 && overwriting.insideSlot + lossless.insideSlot >= kills / 10 && control.torn > 0
  return { bar: 11, claim, ok, measured: { overwriting, lossless, shipped, control } }
}

export async function readerKillsBar(kills: number, log: (text: string) => void): Promise<Bar> {
  const claim = `${kills} reader kills, lossless: missing 0, repeats at most one batch per kill`
  const half = Math.ceil(kills / 2)
  const plan = { backend: 'native', capacity: 16_384, lossless: true, batch: 256 } as const
  const ackOnDrain = await killReaders({ ...plan, kills: half })
  log(`${half} reader kills, ack on drain: ${JSON.stringify(ackOnDrain)}`)
  const manualAck = await killReaders({ ...plan, kills: kills - half, manualAck: true })
  log(`${kills - half} reader kills, manual ack: ${JSON.stringify(manualAck)}`)
  const ok = [ackOnDrain, manualAck].every((seen) => seen.missing === 0 && seen.torn === 0 && seen.worstRepeat <= plan.batch)
  return { bar: 12, claim, ok, measured: { ackOnDrain, manualAck } }
}

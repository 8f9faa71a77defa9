/** The whole engine, real processes, on a hedged account: orders carry their side, the reconciler agrees, flatten leaves nothing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { AccountView } from '../contract/processes.ts'
import { parseSettings } from '../contract/settings.ts'
import type { EngineHandle } from './engine-handle.ts'
import { startEngine } from './engine.ts'
import { nodeSpawner } from './node-spawner.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function hedged(): { engine: EngineHandle; account: () => AccountView | null } {
  const dataDir = mkdtempSync(join(tmpdir(), 'aegis-hedge-'))
  ends.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const settings = parseSettings({
    symbols: ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'],
    positionMode: 'hedge',
    tape: { kind: 'synthetic' },
    seed: 7,
    speed: 600,
    strategy: { rsiPeriod: 2 },
    rails: { maxDataAgeMs: 600_000, coolDownSeconds: 0, maxDailyLoss: '9000', maxDrawdownFromPeakPct: 90, maxDrawdownFromDayStartPct: 90 },
  })
  if (!settings.ok) throw new Error(settings.error.message)
  const started = startEngine(settings.value, { spawner: nodeSpawner(), dataDir, build: 'test', host: 'node' })
  if (!started.ok) throw new Error(started.error.message)
  const engine = started.value
  ends.push(() => engine.stop())
  let account: AccountView | null = null
  engine.on((event) => {
    if (event.kind === 'account') account = event.view
  })
  return { engine, account: () => account }
}

it('trades by sides, agrees with the venue, and flatten closes every side', async () => {
  const { engine, account } = hedged()
  expect(await engine.ready).toEqual({ ok: true, value: null })
  const sides = new Set<string>()
  const deadline = performance.now() + 45_000
  const guarded = (): boolean => {
    for (const position of account()?.positions ?? []) sides.add(position.positionSide)
    return sides.size === 2 && (account()?.positions ?? []).some((position) => position.stopPrice !== null)
  }
  while (!guarded() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  expect([...sides].sort()).toEqual(['LONG', 'SHORT'])
  const stops = (account()?.orders ?? []).filter((order) => order.role === 'stop')
  expect(stops.every((order) => order.positionSide === 'LONG' || order.positionSide === 'SHORT')).toBe(true)

  const report = await engine.reconcile('manual')
  if (!report.ok) throw new Error(report.error.message)
  expect(report.value.conclusive).toBe(true)
  expect(report.value.mismatches.filter((one) => one.state === 'open' && one.severity === 'crit')).toEqual([])

  const state = await engine.kill('flatten', 'the test ends', 'person')
  expect(state.stillOpen).toEqual({ orders: 0, positions: [] })
  const truth = await engine.simulator.account()
  expect(truth).toMatchObject({ ok: true, value: { positions: [], openOrders: 0 } })
})

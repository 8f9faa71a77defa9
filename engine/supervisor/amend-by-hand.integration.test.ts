/** The trader moves a working order through the whole engine: host → brain → venue → private stream → screen. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { decimal, toText } from '../money/decimal.ts'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { AccountView, OrderRow } from '../contract/processes.ts'
import { parseSettings } from '../contract/settings.ts'
import { startEngine } from './engine.ts'
import { nodeSpawner } from './node-spawner.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))
const STEP = decimal('0.001' as DecimalText)

it('a resting entry made smaller by hand shows the venue’s new terms; what cannot be is said', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aegis-amend-'))
  ends.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const settings = parseSettings({
    symbols: ['BTCUSDT', 'ETHUSDT'],
    tape: { kind: 'synthetic' },
    seed: 7,
    speed: 60,
    strategy: { rsiPeriod: 2 },
    rails: { maxDataAgeMs: 600_000, coolDownSeconds: 0 },
  })
  if (!settings.ok) throw new Error(settings.error.message)
  const started = startEngine(settings.value, { spawner: nodeSpawner(), dataDir, build: 'test', host: 'node' })
  if (!started.ok) throw new Error(started.error.message)
  const engine = started.value
  ends.push(() => engine.stop())
  const seen = new Map<string, Set<DecimalText>>()
  const latest: { orders: AccountView['orders'] } = { orders: [] }
  engine.on((event) => {
    if (event.kind !== 'account') return
    latest.orders = event.view.orders
    for (const order of event.view.orders)
      seen.set(order.clientId, (seen.get(order.clientId) ?? new Set<DecimalText>()).add(order.quantity))
  })
  const working = (): OrderRow | undefined => latest.orders.find((order) => order.role === 'entry' && order.state === 'Open')
  expect(await engine.ready).toEqual({ ok: true, value: null })
  expect(await engine.amendOrder({ clientId: 'nobody' })).toMatchObject({ ok: true, value: { done: false, text: 'no such order' } })

  const deadline = performance.now() + 60_000
  let shown = false
  while (!shown && performance.now() < deadline) {
    const order = working()
    if (order === undefined || decimal(order.quantity).lte(STEP)) {
      await pause()
      continue
    }
    const quantity = toText(decimal(order.quantity).minus(STEP))
    const asked = await engine.amendOrder({ clientId: order.clientId, quantity })
    if (!asked.ok) throw new Error(asked.error.message)
    // It may have filled or gone meanwhile: then the next one is tried.
    while (asked.value.done && !shown && latest.orders.some((one) => one.clientId === order.clientId)) {
      shown = [...(seen.get(order.clientId) ?? [])].some((text) => decimal(text).eq(decimal(quantity)))
      await pause()
    }
  }
  expect(shown).toBe(true)
})

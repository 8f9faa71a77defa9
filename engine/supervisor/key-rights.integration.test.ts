/** What the key may do, judged by real processes at a real (embedded) venue before anything is traded with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { Credentials } from '../contract/processes.ts'
import { InvariantError, type Result } from '../contract/result.ts'
import { parseSettings } from '../contract/settings.ts'
import { startSimulator, type Simulator } from '../simulator/server.ts'
import { createVenue } from '../venue/index.ts'
import type { EngineEvent, EngineHandle } from './engine-handle.ts'
import { startEngine } from './engine.ts'
import { nodeSpawner } from './node-spawner.ts'
import { readStatus } from './status-file.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new InvariantError(`Invariant: ${result.error.code}: ${result.error.message}`)
  return result.value
}
const until = async (what: string, condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> => {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

interface Running {
  readonly engine: EngineHandle
  readonly dataDir: string
  readonly events: EngineEvent[]
  warnings(): readonly string[]
}
const start = (over: object, credentials?: Credentials): Running => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aegis-key-'))
  ends.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const engine = must(
    startEngine(must(parseSettings({ tape: { kind: 'synthetic' }, ...over })), {
      spawner: nodeSpawner(),
      dataDir,
      build: 'test',
      host: 'node',
      ...(credentials === undefined ? {} : { credentials }),
    }),
  )
  ends.push(() => engine.stop())
  const events: EngineEvent[] = []
  engine.on((event) => events.push(event))
  return {
    engine,
    dataDir,
    events,
    warnings: () => events.flatMap((event) => (event.kind === 'log' && event.line.text.startsWith('key: ') ? [event.line.text] : [])),
  }
}
/** Ticks the brain has seen: the market moves, whatever the key is. */
const ticks = ({ events }: Running): number =>
  events.reduce((most, event) => (event.kind === 'counters' ? Math.max(most, event.counters.ticks) : most), 0)

describe('the key, before anything is traded', () => {
  it.each(['withdraw', 'transfer'])('a key with the right to %s is refused: the market shows, nothing is traded', async (keyRights) => {
    const running = start({ keyRights, speed: 300 })
    const ready = await running.engine.ready
    expect(ready).toMatchObject({ ok: false, error: { code: 'key-refused', message: expect.stringContaining('withdraw or transfer') } })
    expect(running.engine.key?.use).toBe('refused')
    expect(running.engine.tradingState).toBe('halted')
    expect(running.engine.released).toBe(false)
    expect(running.warnings()).toHaveLength(1)
    await until('the market to move', () => ticks(running) > 500)
    expect(must(await running.engine.simulator.account())).toMatchObject({ orders: 0, fills: 0 })
    await until('the brain to say why', () =>
      running.events.some((event) => event.kind === 'risk' && event.view.state === 'halted' && event.view.reason.includes('withdraw')),
    )
    await until('the status file', () => readStatus(running.dataDir)?.key?.use === 'refused')
  })

  it('a venue that cannot tell: it is said loudly, and trading goes on', async () => {
    const running = start({ keyRights: 'untold', speed: 60 })
    expect(await running.engine.ready).toEqual({ ok: true, value: null })
    expect(running.engine.key?.use).toBe('trade')
    expect(running.warnings()).toEqual([
      'key: The venue does not tell whether this key may withdraw or transfer funds. Check it there yourself.',
      'key: The venue does not tell whether this key is restricted to your address.',
    ])
    expect(running.engine.released).toBe(true)
  })

  it('a venue that does not answer: nothing is released before it does', async () => {
    const simulator = await venueWith({})
    must(
      simulator.fault({
        on: 'request',
        path: 'GET /sapi/v1/account/apiRestrictions',
        times: 1_000,
        effect: { do: 'unknown', executed: false },
      }),
    )
    const running = start({ mode: 'live', upstream: { rest: simulator.rest, ws: simulator.ws } }, keyOf(simulator))
    await until('the verdict', () => running.engine.key !== null)
    expect(running.engine.key?.use).toBe('unchecked')
    await until('a running brain', () => ticks(running) > 0)
    expect(running.engine.released).toBe(false)
    simulator.clearFaults()
    expect(await running.engine.ready).toEqual({ ok: true, value: null })
    expect(running.engine.key).toEqual({ use: 'trade', warnings: [] })
    expect(running.engine.released).toBe(true)
  })

  it('a reading key: entries never begin, HALT says that it cannot act, and is confirmed once a person did it at the venue', async () => {
    const full = { key: 'fullkey', secret: 'fullsecret' }
    const simulator = await venueWith({ permissions: { trade: false }, moreKeys: [full] })
    const hands = createVenue({
      endpoints: { rest: simulator.rest, ws: simulator.ws, rate: 1, real: false },
      credentials: full,
      source: 'brain',
      random: () => 0.5,
    })
    ends.push(() => hands.close())
    const mark = Number(must(await hands.public.markPrices()).find((one) => one.symbol === 'BTCUSDT')?.mark)
    const price = (Math.round(mark * 0.9 * 10) / 10).toFixed(1)
    must(
      (await hands.private?.place({
        clientId: 'by-hand-1',
        symbol: 'BTCUSDT',
        side: 'BUY',
        positionSide: 'BOTH',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: '0.01' as DecimalText,
        price: price as DecimalText,
      })) ?? { ok: false, error: { code: 'closed', message: 'no hands' } },
    )
    const running = start({ mode: 'live', upstream: { rest: simulator.rest, ws: simulator.ws } }, keyOf(simulator))
    expect(await running.engine.ready).toEqual({ ok: true, value: null })
    expect(running.engine.key).toMatchObject({ use: 'read-only', warnings: [expect.stringContaining('only read')] })
    expect(running.engine.tradingState).toBe('halted')
    expect(running.engine.released).toBe(false)

    await until('the dead-man’s switch', () =>
      running.events.some((event) => event.kind === 'deadMan' && event.state.text === 'off: the key may only read'),
    )

    const first = await running.engine.kill('halt', 'test', 'person')
    expect(first.latch?.confirmedAt).toBe(null)
    expect(first.stillOpen?.orders).toBe(1)
    const cancel = first.items.find((item) => item.what === 'cancel-regular')
    expect(cancel).toMatchObject({ outcome: 'failed', detail: expect.stringMatching(/only read.*Do it at the venue/) })

    must((await hands.private?.cancelAll('BTCUSDT')) ?? { ok: false, error: { code: 'closed', message: 'no hands' } })
    await until('the confirmation', () => running.engine.killState.latch?.confirmedAt !== null)
  })
})

const keyOf = ({ key, secret }: Simulator): Credentials => ({ key, secret })

async function venueWith(options: Parameters<typeof startSimulator>[0]): Promise<Simulator> {
  const simulator = must(await startSimulator({ seed: 7, ...options }))
  ends.push(() => simulator.close())
  return simulator
}

/** `auto:N` against a real (embedded) venue, and an engine that runs on what was chosen. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { settingsForMode } from '../cockpit/modes.ts'
import { parseSettings, type Settings } from '../contract/settings.ts'
import { startSimulator, type Simulator } from '../simulator/server.ts'
import { startEngine } from '../supervisor/engine.ts'
import { nodeSpawner } from '../supervisor/node-spawner.ts'
import { createVenue } from '../venue/index.ts'
import { withChosenSymbols } from './universe.ts'

const LISTED = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'DOGEUSDT']
const ends: (() => unknown)[] = []
let upstream: Simulator
beforeAll(async () => {
  const started = await startSimulator({ seed: 3, symbols: LISTED })
  if (!started.ok) throw new Error(started.error.message)
  upstream = started.value
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
afterAll(() => upstream.close())

const settings = (over: object): Settings => {
  const parsed = parseSettings({ upstream: { rest: upstream.rest, ws: upstream.ws }, ...over })
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}
const chosen = async (over: object): Promise<Settings> => {
  const answer = await withChosenSymbols(settings(over))
  if (!answer.ok) throw new Error(answer.error.message)
  return answer.value
}
const byVolume = async (): Promise<readonly string[]> => {
  const venue = createVenue({
    endpoints: { rest: upstream.rest, ws: upstream.ws, rate: 1, real: false },
    source: 'feed',
    random: () => 0.5,
  })
  const volumes = await venue.public.dayVolumes()
  await venue.close()
  if (!volumes.ok) throw new Error(volumes.error.message)
  return [...volumes.value].sort((a, b) => Number(b.quoteVolume) - Number(a.quoteVolume)).map(({ symbol }) => symbol)
}

describe('symbols chosen by volume', () => {
  it('paper: the most traded of the venue, as it ranks them itself; named ones first', async () => {
    const ranked = await byVolume()
    expect([...ranked].sort()).toEqual([...LISTED].sort())
    expect((await chosen({ mode: 'paper', symbols: ['auto:3'] })).symbols).toEqual(ranked.slice(0, 3))
    const last = ranked.at(-1) ?? ''
    const kept = await chosen({ mode: 'paper', symbols: [last, 'auto:3'] })
    expect(kept.symbols).toEqual([last, ...ranked.slice(0, 2)])
    expect(kept.universe).toEqual({ limit: 3, named: [last] })
  })

  it('simulated: the first of the embedded exchange’s catalogue', async () => {
    expect((await chosen({ symbols: ['auto:3'] })).symbols).toEqual(['BTCUSDT', 'ETHUSDT', 'SOLUSDT'])
    expect((await chosen({ symbols: ['XRPUSDT', 'auto:2'] })).symbols).toEqual(['XRPUSDT', 'BTCUSDT'])
  })

  it('named symbols are taken as they are, without asking anybody', async () => {
    const given = settings({ mode: 'paper', symbols: ['ADAUSDT'], upstream: { rest: 'http://127.0.0.1:9', ws: 'ws://127.0.0.1:9' } })
    expect(await withChosenSymbols(given)).toEqual({ ok: true, value: given })
  })

  it('a venue that cannot be asked, or does not list a named symbol, is one clear line', async () => {
    const nobody = { rest: 'http://127.0.0.1:9', ws: 'ws://127.0.0.1:9' }
    expect(await withChosenSymbols(settings({ mode: 'paper', symbols: ['auto:2'], upstream: nobody }))).toMatchObject({
      ok: false,
      error: {
        code: 'universe',
        message: expect.stringMatching(/^the most traded symbols could not be read from http:\/\/127\.0\.0\.1:9: /),
      },
    })
    expect(await withChosenSymbols(settings({ mode: 'paper', symbols: ['ADAUSDT', 'auto:2'] }))).toMatchObject({
      ok: false,
      error: { code: 'universe', message: `${upstream.rest} does not list ADAUSDT` },
    })
  })

  it.each(['auto:0', 'auto:201', 'auto:', 'auto:x', 'AUTO:3'])('%s is refused by name', (entry) => {
    expect(parseSettings({ symbols: [entry] })).toMatchObject({
      ok: false,
      error: { message: expect.stringMatching(/^symbols\.0: expected a symbol/) },
    })
  })

  it('the engine runs on them and the feed says which they are', async () => {
    const wanted = settingsForMode(await chosen({ mode: 'paper', symbols: ['auto:2'] }), 'paper')
    const dataDir = mkdtempSync(join(tmpdir(), 'aegis-universe-'))
    ends.push(() => rmSync(dataDir, { recursive: true, force: true }))
    const started = startEngine(wanted, { spawner: nodeSpawner(), dataDir, build: 'test', host: 'node' })
    if (!started.ok) throw new Error(started.error.message)
    ends.push(() => started.value.stop())
    const said: string[] = []
    started.value.on((event) => {
      if (event.kind === 'log' && event.source === 'feed') said.push(event.line.text)
    })
    expect(await started.value.ready).toEqual({ ok: true, value: null })
    expect(said).toContain(`symbols: ${wanted.symbols.join(', ')}`)
    expect(wanted.symbols).toHaveLength(2)
  })
})

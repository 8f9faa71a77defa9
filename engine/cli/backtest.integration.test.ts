/** The whole engine in its processes, the back-test in one, the incident replay: the same orders and fills, to the hash. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Io } from './command.ts'
import { aegis } from './main.ts'

async function json(args: readonly string[]): Promise<{ readonly code: number; readonly document: Record<string, unknown> }> {
  let text = ''
  const io: Io = { out: (more) => void (text += more), err: () => {}, stopped: new Promise(() => {}) }
  const code = await aegis([...args, '--json'], io)
  return { code, document: JSON.parse(text) as Record<string, unknown> }
}

it('run --headless, backtest and replay agree', async () => {
  const data = mkdtempSync(join(tmpdir(), 'aegis-parity-'))
  try {
    const tape = ['--tape', 'demo', '--seed', '3', '--strategy', 'placeholder']
    const run = await json(['run', '--headless', ...tape, '--speed', '3600', '--for', '2s', '--data', data])
    expect(run.code).toBe(0)
    expect(run.document['fills']).toBeGreaterThan(4)
    const test = await json(['backtest', ...tape, '--for', '2h'])
    expect(test.code).toBe(0)
    expect(test.document).toMatchObject({ ordersHash: run.document['ordersHash'], endEquity: run.document['equity'], bars: 120 })
    const replay = await json(['replay', '--data', data])
    expect(replay).toMatchObject({ code: 0, document: { identical: true, runs: [{ cut: '', divergence: null, unrecorded: 0 }] } })
    const list = await json(['replay', '--list', '--data', data])
    expect(list).toMatchObject({
      code: 0,
      document: {
        sessions: [{ session: replay.document['session'], runs: 1, problem: null, symbols: ['BTCUSDT'], strategy: 'placeholder' }],
      },
    })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})

/** `--strategy-file`: one file, run by the back-test and by the engine's own brain process, and every mistake in it one clear line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { hashStrategyFile, loadStrategy } from '../processes/brain/strategy-file.ts'
import { aegis as runCommand } from './main.ts'

const EXAMPLE = fileURLToPath(new URL('../strategy/examples/range-breakout.ts', import.meta.url))
const ATR = fileURLToPath(new URL('../indicators/atr.ts', import.meta.url))
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'aegis-strategy-'))
  folders.push(path)
  return path
}
async function aegis(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  const io = {
    out: (text: string) => (stdout += text),
    err: (line: string) => (stderr += `${line}\n`),
    stopped: new Promise<void>(() => {}),
  }
  const code = await runCommand(args, io)
  return { code, stdout, stderr }
}

it('the example trades the demo in a back-test, the same every time', async () => {
  const run = async (): Promise<{ trades: number; tradesHash: string; exact: boolean; strategy: string }> => {
    const { code, stdout } = await aegis('backtest', '--tape', 'demo', '--strategy-file', EXAMPLE, '--json')
    expect(code).toBe(0)
    return JSON.parse(stdout)
  }
  const one = await run()
  expect(one).toMatchObject({ strategy: 'range-breakout', exact: true })
  expect(one.trades).toBeGreaterThan(10)
  expect(await run()).toMatchObject({ tradesHash: one.tradesHash })
})

it('the engine’s brain process loads and trades it, and its session replays to the same decisions', async () => {
  const mine = join(folder(), 'range-breakout.ts')
  writeFileSync(mine, readFileSync(EXAMPLE, 'utf8').replace("'../../indicators/atr.ts'", `'${ATR}'`))
  const data = join(folder(), 'data')
  const { code, stdout, stderr } = await aegis(
    'run',
    '--headless',
    '--tape',
    'demo',
    '--strategy-file',
    mine,
    '--speed',
    '3600',
    '--for',
    '3s',
    '--data',
    data,
    '--json',
  )
  expect(stderr).not.toContain('stays down')
  const document: { signals: number; orders: number; mismatches: number } = JSON.parse(stdout)
  expect(document.signals).toBeGreaterThan(0)
  expect(document.mismatches).toBe(0)
  expect(code).toBe(0)
  const replayed = await aegis('replay', '--data', data, '--json')
  expect(JSON.parse(replayed.stdout)).toMatchObject({ identical: true })
  expect(replayed.code).toBe(0)
  writeFileSync(mine, '// gone\n')
  expect(await aegis('replay', '--data', data)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('has changed since it was chosen'),
  })
})

it('a student’s session replays to the same decisions, facts and leverage included', async () => {
  const data = join(folder(), 'data')
  const run = await aegis(
    'run',
    '--headless',
    '--tape',
    'demo',
    '--strategy',
    'student',
    '--speed',
    '3600',
    '--for',
    '5s',
    '--data',
    data,
    '--json',
  )
  expect(run.code).toBe(0)
  const replayed = await aegis('replay', '--data', data, '--json')
  expect(JSON.parse(replayed.stdout)).toMatchObject({ identical: true, runs: [{ divergence: null }] })
  const rows = (await aegis('journal', 'export', '--data', data)).stdout
  expect(rows).toContain('"kind":"shadow"')
  expect(rows).toContain('"kind":"leverage"')
})

it('every mistake is one clear line, exit 2, before anything is traded', async () => {
  const at = folder()
  const write = (name: string, text: string): string => {
    const file = join(at, name)
    writeFileSync(file, text)
    return file
  }
  const shape = (body: string): string => `export default () => ({ name: 'mine', warmUpBars: 0, reset() {}, ${body} })\n`
  const bad: readonly (readonly [string, RegExp])[] = [
    [join(at, 'absent.ts'), /cannot be read/],
    [write('strategy.txt', ''), /expected a \.ts, \.mts, \.js or \.mjs file/],
    [write('syntax.ts', 'export default (('), /cannot be loaded/],
    [write('named.mjs', 'export const create = () => {}'), /default export must be a function/],
    [write('shape.ts', 'export default () => ({ name: "mine" })'), /is no strategy \(warmUpBars/],
    [write('signal.ts', shape('onBar: () => ({ side: "BUY" })')), /strategy mine, BTCUSDT bar .*: bad signal \(id/],
    [write('throws.mjs', shape('onBar() { throw new Error("no data") }')), /onBar threw Error: no data/],
  ]
  for (const [file, message] of bad) {
    const { code, stdout, stderr } = await aegis('backtest', '--tape', 'demo', '--strategy-file', file, '--json')
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  }
  const both = await aegis('run', '--headless', '--strategy', 'teacher', '--strategy-file', EXAMPLE)
  expect(both).toMatchObject({ code: 2, stderr: 'aegis: --strategy and --strategy-file exclude each other\n' })
  const broken = await aegis('run', '--headless', '--tape', 'demo', '--strategy-file', join(at, 'shape.ts'))
  expect(broken.stderr).toMatch(/^aegis: .*is no strategy/)
  expect(broken.code).toBe(2)
})

it('a file that was changed after it was chosen does not run', async () => {
  const file = join(folder(), 'mine.mjs')
  const text = 'export default () => ({ name: "mine", warmUpBars: 0, onBar() {}, reset() {} })\n'
  writeFileSync(file, text)
  const hash = hashStrategyFile(file)
  const settings = { name: 'placeholder', rsiPeriod: 14, atrPeriod: 14, riskPerTradePct: 0.5 } as const
  const chosen = { ...settings, file: { path: file, sha256: hash.ok ? hash.value : '' } }
  expect((await loadStrategy(chosen)).ok).toBe(true)
  writeFileSync(file, `${text}// more`)
  expect(await loadStrategy(chosen)).toMatchObject({ ok: false, error: { message: expect.stringContaining('has changed') } })
})

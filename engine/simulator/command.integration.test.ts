/** `aegis simulator`: one ready line, runs until stopped; bad input is one line and nothing started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runSimulatorCommand, type SimulatorCommandOptions } from './command.ts'
import { publicGet } from './protocol/raw-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'simulator-command-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the command until its ready line came, calls `during`, stops it. */
async function run(
  options: SimulatorCommandOptions,
  during: (ready: { rest: string; ws: string; key: string; secret: string }) => Promise<void>,
): Promise<readonly string[]> {
  const lines: string[] = []
  let stop = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  let ready = (_line: string): void => {}
  const first = new Promise<string>((resolve) => {
    ready = resolve
  })
  const finished = runSimulatorCommand(options, {
    out: (line) => {
      lines.push(line)
      ready(line)
    },
    stopped,
  })
  const failed = finished.then((result) => {
    if (!result.ok) throw new Error(result.error.message)
    return ''
  })
  await during(JSON.parse(await Promise.race([first, failed])) as never)
  stop()
  expect((await finished).ok).toBe(true)
  return lines
}

it('prints rest, ws, key and secret, serves, and ends when stopped', async () => {
  let rest = ''
  const lines = await run({ seed: '3', symbols: 'BTCUSDT,ETHUSDT', key: 'abc', secret: 'def' }, async (ready) => {
    rest = ready.rest
    expect(ready).toEqual({
      rest: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      ws: ready.rest.replace('http', 'ws'),
      key: 'abc',
      secret: 'def',
    })
    const { symbols } = (await publicGet(ready.rest, '/fapi/v1/exchangeInfo')).body as { symbols: { symbol: string }[] }
    expect(symbols.map((row) => row.symbol)).toEqual(['BTCUSDT', 'ETHUSDT'])
  })
  expect(lines).toHaveLength(1)
  await expect(publicGet(rest, '/fapi/v1/ping')).rejects.toThrow()
})

it('plays a CSV of klines at a speed', async () => {
  const file = join(folder, 'BTCUSDT.csv')
  const rows = Array.from(
    { length: 30 },
    (_, i) => `${1_600_000_020_000 + i * 60_000},${10_000 + i},${10_010 + i},${9_990 + i},${10_005 + i},12.5,x`,
  )
  writeFileSync(file, `open_time,open,high,low,close,volume,close_time\n${rows.join('\n')}\n`)
  await run({ tape: file, speed: '600' }, async ({ rest }) => {
    const price = async (): Promise<number> =>
      Number(((await publicGet(rest, '/fapi/v1/ticker/price?symbol=BTCUSDT')).body as { price: string }).price)
    expect(await price()).toBeGreaterThan(9_900)
    expect(await price()).toBeLessThan(10_100)
  })
})

describe('bad input', () => {
  const refused = async (options: SimulatorCommandOptions): Promise<string> => {
    const result = await runSimulatorCommand(options, { out: () => expect.unreachable('started'), stopped: Promise.resolve() })
    expect(result.ok).toBe(false)
    const message = result.ok ? '' : result.error.message
    expect(message).not.toContain('\n')
    return message
  }
  it('is named', async () => {
    expect(await refused({ port: 'x' })).toContain('--port')
    expect(await refused({ port: '70000' })).toContain('--port')
    expect(await refused({ seed: '-1' })).toContain('--seed')
    expect(await refused({ speed: 'fast' })).toContain('--speed')
    expect(await refused({ speed: '0' })).toContain('--speed')
    expect(await refused({ key: 'a b' })).toContain('--key')
    expect(await refused({ symbols: 'btc usdt' })).toContain('--symbols')
    expect(await refused({ symbols: 'BTCUSDT,BTCUSDT' })).toContain('twice')
    expect(await refused({ symbols: 'NOSUCHUSDT' })).toContain('NOSUCHUSDT')
    expect(await refused({ tape: join(folder, 'missing.csv') })).toContain('missing.csv')
    writeFileSync(join(folder, 'corrupt.csv'), '1600000020000,1,2,oops,1,1\n')
    expect(await refused({ tape: join(folder, 'corrupt.csv') })).toContain('line 1')
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    expect(await refused({ port: String(port) })).toContain('in use')
    taken.close()
  })
})

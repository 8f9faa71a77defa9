/** `aegis run --record` and `--no-record`: what is kept, what is refused in one line, and `aegis replay --list`. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RECORDINGS_FOLDER } from '../processes/brain/recording.ts'
import { aegis } from './main.ts'
import { settingsFrom } from './settings-flags.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aegis-record-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Told {
  readonly code: number
  readonly out: string
  readonly err: readonly string[]
}
async function cli(...args: readonly string[]): Promise<Told> {
  let out = ''
  const err: string[] = []
  const code = await aegis(args, { out: (text) => void (out += text), err: (line) => void err.push(line), stopped: new Promise(() => {}) })
  return { code, out, err }
}
const RUN = ['run', '--headless', '--tape', 'demo', '--speed', '3600', '--for', '500ms', '--json']

it('records by default, at most 2 GB; the flags override a settings file', () => {
  const on = (values: Parameters<typeof settingsFrom>[0]): unknown => {
    const settings = settingsFrom(values)
    return settings.ok ? settings.value.recording : settings.error.message
  }
  expect(on({})).toEqual({ on: true, maxMegabytes: 2_048 })
  expect(on({ 'no-record': true })).toEqual({ on: false, maxMegabytes: 2_048 })
  expect(on({ record: true })).toEqual({ on: true, maxMegabytes: 2_048 })
  expect(on({ record: true, 'no-record': true })).toContain('exclude each other')
})

it('keeps the recording of a run with --data, lists it, and keeps none with --no-record', async () => {
  const [kept, none] = [join(folder, 'kept'), join(folder, 'none')]
  expect((await cli(...RUN, '--data', kept)).code).toBe(0)
  const list = await cli('replay', '--list', '--data', kept, '--json')
  expect(list.code).toBe(0)
  const document = JSON.parse(list.out) as { readonly bytes: number; readonly sessions: readonly { readonly bytes: number }[] }
  expect(document.sessions).toHaveLength(1)
  expect(document.bytes).toBe(document.sessions[0]?.bytes)
  expect((await cli('replay', '--list', '--data', kept)).out).toMatch(
    /^\w{8} {2}until \d{4}-.* MB {2}1 brain {2}placeholder on BTCUSDT, build /,
  )
  expect((await cli(...RUN, '--no-record', '--data', none)).code).toBe(0)
  expect(existsSync(join(none, RECORDINGS_FOLDER))).toBe(false)
  expect(await cli('replay', '--list', '--data', none)).toMatchObject({ code: 0, err: [] })
})

it('refuses in one line what makes no sense', async () => {
  for (const args of [
    [...RUN, '--record'],
    [...RUN, '--record', '--no-record', '--data', folder],
    ['replay', '--list', '--session', 'abcdefgh', '--data', folder],
    ['replay', '--list', '--data', join(folder, 'nowhere')],
  ]) {
    const told = await cli(...args)
    expect([told.code, told.out, told.err.length]).toEqual([2, '', 1])
  }
})

/** The flags that make up Settings, for every command that starts an engine. A settings file gives the base, flags override it. */
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { ok, type Result } from '../contract/result.ts'
import { KEY_RIGHTS, parseSettings, POSITION_MODES, type Settings, type StrategySettings, type Tape } from '../contract/settings.ts'
import { hashStrategyFile } from '../processes/brain/strategy-file.ts'
import { parseNumber, usage, type Usage } from './command.ts'

export const SETTINGS_FLAGS = {
  mode: { type: 'string' },
  tape: { type: 'string' },
  speed: { type: 'string' },
  seed: { type: 'string' },
  symbols: { type: 'string' },
  balance: { type: 'string' },
  'key-rights': { type: 'string' },
  strategy: { type: 'string' },
  'strategy-file': { type: 'string' },
  'trail-atr': { type: 'string' },
  'position-mode': { type: 'string' },
  'upstream-rest': { type: 'string' },
  'upstream-ws': { type: 'string' },
  settings: { type: 'string' },
  data: { type: 'string' },
  record: { type: 'boolean' },
  'no-record': { type: 'boolean' },
} as const

export const SETTINGS_USAGE: readonly (readonly [string, string])[] = [
  ['--mode simulated|paper', 'simulated: a tape; paper: real public prices, fills by the embedded exchange'],
  ['--tape FILE|demo|synthetic', 'CSV of 1m klines in Binance column order, recorded frames, or one of the built-in tapes'],
  ['--speed X', 'simulated seconds per real second'],
  ['--seed N', 'same seed and tape: same market'],
  ['--symbols A,B|auto:N', 'default BTCUSDT; auto:10 takes the ten most traded USDT perpetuals, BTCUSDT,auto:10 that one first'],
  ['--balance USDT', 'starting balance of the embedded exchange'],
  ['--key-rights R', "what the embedded exchange's key may do: trade, read-only, withdraw, transfer, untold"],
  ['--strategy NAME', 'placeholder, teacher or student'],
  ['--strategy-file FILE', 'a strategy of your own (engine/strategy/WRITING-A-STRATEGY.md)'],
  ['--trail-atr N', 'stops follow the close at N × ATR once the position is one R ahead (0.1 to 20; default: they stay)'],
  ['--position-mode one-way|hedge', "one position per symbol (default), or a long and a short one; the account's own must agree"],
  ['--settings FILE', 'JSON with any setting; flags override it'],
  ['--data DIR', 'where journal, latch, recordings and reports live'],
  ['--record, --no-record', 'keep what the brain sees for `aegis replay` (default: on; at most 2 GB, oldest sessions go first)'],
]

export type SettingsValues = {
  [K in keyof typeof SETTINGS_FLAGS]?: (typeof SETTINGS_FLAGS)[K]['type'] extends 'boolean' ? boolean : string
}

/** $XDG_DATA_HOME/aegis, ~/.local/share/aegis, or the platform's own place. */
export function defaultDataDir(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env['AEGIS_DATA'] !== undefined && env['AEGIS_DATA'] !== '') return resolve(env['AEGIS_DATA'])
  if (process.platform === 'win32') return join(env['LOCALAPPDATA'] ?? homedir(), 'aegis')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'aegis')
  return join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'aegis')
}

function tapeOf(text: string): Result<Tape, Usage> {
  if (text === 'demo' || text === 'synthetic') return ok({ kind: text })
  const file = resolve(text)
  try {
    if (!statSync(file).isFile()) return usage(`--tape ${text} is not a file`)
    accessSync(file, constants.R_OK)
  } catch {
    return usage(`--tape ${text} does not exist or cannot be read`)
  }
  return ok({ kind: /\.csv(\.gz)?$/i.test(file) ? 'klines' : 'frames', file })
}

/** `--strategy-file` as the settings carry it: its place and what it holds. */
export function strategyFileOf(text: string, name: string | undefined): Result<NonNullable<StrategySettings['file']>, Usage> {
  if (name !== undefined) return usage('--strategy and --strategy-file exclude each other')
  const path = resolve(text)
  const hash = hashStrategyFile(path)
  return hash.ok ? ok({ path, sha256: hash.value }) : usage(hash.error.message)
}

function settingsFile(path: string): Result<Record<string, unknown>, Usage> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return ok({ ...parsed })
    return usage(`--settings ${path} is not a JSON object`)
  } catch (thrown) {
    return usage(`--settings ${path} cannot be read: ${thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : ''}`)
  }
}

/** @param fixed what the command itself decides (lock-step, a default speed); overrides flags. */
export function settingsFrom(values: SettingsValues, fixed: Readonly<Record<string, unknown>> = {}): Result<Settings, Usage> {
  const base = values.settings === undefined ? ok<Record<string, unknown>>({}) : settingsFile(values.settings)
  if (!base.ok) return base
  const input: Record<string, unknown> = { ...base.value }
  if (values.mode !== undefined) input['mode'] = values.mode
  if (values.tape !== undefined) {
    const tape = tapeOf(values.tape)
    if (!tape.ok) return tape
    input['tape'] = tape.value
  }
  for (const [flag, min, max] of [
    ['speed', 0.01, 100_000],
    ['seed', 0, 2 ** 31 - 1],
  ] as const) {
    const text = values[flag]
    if (text === undefined) continue
    const number = parseNumber(flag, text, min, max)
    if (!number.ok) return number
    input[flag] = number.value
  }
  if (values.symbols !== undefined) input['symbols'] = values.symbols.split(',').map((symbol) => symbol.trim())
  if (values.balance !== undefined) input['startingBalance'] = values.balance
  if (values['key-rights'] !== undefined) {
    if (!KEY_RIGHTS.some((one) => one === values['key-rights'])) return usage(`--key-rights expects one of ${KEY_RIGHTS.join(', ')}`)
    input['keyRights'] = values['key-rights']
  }
  if (values.strategy !== undefined) {
    const given = input['strategy']
    input['strategy'] = { ...(typeof given === 'object' ? given : {}), name: values.strategy }
  }
  if (values['strategy-file'] !== undefined) {
    const file = strategyFileOf(values['strategy-file'], values.strategy)
    if (!file.ok) return file
    const given = input['strategy']
    input['strategy'] = { ...(typeof given === 'object' ? given : {}), file: file.value }
  }
  if (values['trail-atr'] !== undefined) {
    const distance = parseNumber('trail-atr', values['trail-atr'], 0.1, 20)
    if (!distance.ok) return distance
    const given = input['strategy']
    input['strategy'] = { ...(typeof given === 'object' ? given : {}), trailAtr: distance.value }
  }
  if (values['position-mode'] !== undefined) {
    if (!POSITION_MODES.some((one) => one === values['position-mode']))
      return usage(`--position-mode expects one of ${POSITION_MODES.join(', ')}`)
    input['positionMode'] = values['position-mode']
  }
  if (values.record === true && values['no-record'] === true) return usage('--record and --no-record exclude each other')
  if (values.record === true || values['no-record'] === true) {
    const given = input['recording']
    input['recording'] = { ...(typeof given === 'object' ? given : {}), on: values.record === true }
  }
  if (values['upstream-rest'] !== undefined || values['upstream-ws'] !== undefined)
    input['upstream'] = { rest: values['upstream-rest'], ws: values['upstream-ws'] }
  const parsed = parseSettings({ ...input, ...fixed })
  if (!parsed.ok) return usage(parsed.error.message)
  if (values.speed !== undefined && parsed.value.mode !== 'simulated')
    return usage(`--speed goes with --mode simulated: ${parsed.value.mode} runs in real time`)
  return parsed
}

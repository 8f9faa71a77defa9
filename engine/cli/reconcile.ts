/**
 * `aegis reconcile`: a full comparison of both books now. A running engine's reconciler does it, asked over the loopback line every host
 * announces; where none runs, this command does it itself (./own-comparison.ts).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import WebSocket from 'ws'
import { COCKPIT_PATH, COCKPIT_SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX, type HostMessage } from '../contract/cockpit-wire.ts'
import type { ReconciliationReport } from '../contract/mismatch.ts'
import { webSocketPort } from '../contract/ports/web-socket.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import { isRunning, readStatus } from '../supervisor/status-file.ts'
import { parseFlags, refuse, type Command } from './command.ts'
import { existingDataDir } from './data-flag.ts'
import { compareOurselves } from './own-comparison.ts'
import { SETTINGS_FLAGS, settingsFrom, type SettingsValues } from './settings-flags.ts'

const FLAGS = {
  data: SETTINGS_FLAGS.data,
  settings: SETTINGS_FLAGS.settings,
  'upstream-rest': SETTINGS_FLAGS['upstream-rest'],
  json: { type: 'boolean' },
} as const
const ANSWER_MS = 35_000

/** Written by a host, mode 0600. */
export const HOST_FILE = 'host.json'
export const HostFileSchema = v.object({ origin: v.string(), token: v.string(), pid: v.number() })

/** The host that announced itself and still lives; null when there is none. */
function announced(dataDir: string): v.InferOutput<typeof HostFileSchema> | null {
  try {
    const host = v.parse(HostFileSchema, JSON.parse(readFileSync(join(dataDir, HOST_FILE), 'utf8')))
    process.kill(host.pid, 0)
    return host
  } catch {
    return null
  }
}

function ask(origin: string, token: string): Promise<Result<ReconciliationReport>> {
  const socket = new WebSocket(
    `${origin.replace(/^http/, 'ws')}${COCKPIT_PATH}`,
    [COCKPIT_SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}${token}`],
    { origin },
  )
  const port = webSocketPort(socket)
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(fail('timeout', 'the engine did not answer')), ANSWER_MS)
    const finish = (result: Result<ReconciliationReport>): void => {
      clearTimeout(timer)
      resolve(result)
      port.close()
    }
    port.onClose(() => finish(fail('closed', 'the engine closed the line')))
    port.onMessage((message) => {
      const reply = message as HostMessage
      if ('id' in reply && reply.id === 1) finish(reply.result as Result<ReconciliationReport>)
    })
    port.send({ id: 1, call: 'reconcile', arg: null })
  })
}

interface Compared {
  /** Who compared. */
  readonly by: 'engine' | 'command'
  readonly report: ReconciliationReport
}

async function compare(dataDir: string, values: SettingsValues): Promise<Result<Compared, Failure>> {
  const host = announced(dataDir)
  if (host !== null) {
    const report = await ask(host.origin, host.token)
    if (!report.ok) return report
    const { conclusive, error } = report.value
    return conclusive
      ? ok({ by: 'engine', report: report.value })
      : fail('inconclusive', `nothing concluded: ${error ?? 'the venue could not be asked'}`)
  }
  const engine = readStatus(dataDir)
  if (engine !== null && isRunning(engine))
    return fail('not-asked', `the engine on ${dataDir} runs without a cockpit and takes no questions; it compares by itself every 30 s`)
  const rest = values['upstream-rest']
  /* no stream is opened; settings name both addresses or neither */
  const given = rest === undefined ? values : { ...values, 'upstream-ws': rest.replace(/^http/, 'ws') }
  const settings = settingsFrom(given)
  if (!settings.ok) return settings
  const addressed = rest !== undefined || settings.value.mode === 'live'
  const report = await compareOurselves({ dataDir, settings: settings.value, addressed, keyFile: process.env['AEGIS_KEY_FILE'] })
  return report.ok ? ok({ by: 'command', report: report.value }) : report
}

export const reconcile: Command = {
  name: 'reconcile',
  summary: 'compare both books now: by the running engine, or from its journal where none runs',
  usage: [
    ['--data DIR', "the engine's data folder"],
    ['--settings FILE', 'where no engine runs: the settings it ran with'],
    ['--upstream-rest URL', 'where no engine runs: the venue of its account; the API key from the file that AEGIS_KEY_FILE names'],
    ['--json', 'one JSON document; `by` says who compared'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { data, json, ...settings } = flags.value.values
    const dataDir = existingDataDir(data)
    if (!dataDir.ok) return refuse(io, dataDir.error)
    const done = await compare(dataDir.value, settings)
    if (!done.ok) return refuse(io, done.error)
    const { by, report } = done.value
    const { compared, mismatches, durationMs } = report
    if (json === true) io.out(`${JSON.stringify({ by, ...report })}\n`)
    else {
      io.out(
        `compared ${compared.positions} positions, ${compared.orders} orders, ${compared.fills} fills, ${compared.balances} balances in ${Math.round(durationMs)} ms${by === 'command' ? ' (from the journal: no engine runs)' : ''}: ${mismatches.length} mismatches\n`,
      )
      for (const one of mismatches) io.out(`  ${one.severity} ${one.symbol} ${one.summary}\n`)
    }
    return mismatches.every((one) => one.state !== 'open') ? 0 : 1
  },
}

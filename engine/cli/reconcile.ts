/** `aegis reconcile`: asks the running engine's reconciler for a full comparison now, over the loopback line every host announces. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import WebSocket from 'ws'
import { COCKPIT_PATH, COCKPIT_SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX, type HostMessage } from '../contract/cockpit-wire.ts'
import type { ReconciliationReport } from '../contract/mismatch.ts'
import { webSocketPort } from '../contract/ports/web-socket.ts'
import { fail, type Result } from '../contract/result.ts'
import { isRunning, readStatus } from '../supervisor/status-file.ts'
import { parseFlags, refuse, type Command } from './command.ts'
import { existingDataDir } from './data-flag.ts'

const FLAGS = { data: { type: 'string' }, json: { type: 'boolean' } } as const
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

export const reconcile: Command = {
  name: 'reconcile',
  summary: 'compare both books now, on the running engine',
  usage: [
    ['--data DIR', "the engine's data folder"],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    const dataDir = existingDataDir(values.data)
    if (!dataDir.ok) return refuse(io, dataDir.error)
    const host = announced(dataDir.value)
    if (host === null) {
      const engine = readStatus(dataDir.value)
      const why =
        engine !== null && isRunning(engine)
          ? `the engine on ${dataDir.value} runs without a cockpit and takes no questions; it compares by itself every 30 s`
          : `no engine runs on ${dataDir.value}: start one, it compares before it may trade`
      return refuse(io, { code: 'not-running', message: why })
    }
    const report = await ask(host.origin, host.token)
    if (!report.ok) return refuse(io, report.error)
    const { conclusive, compared, mismatches, durationMs, error } = report.value
    if (values.json === true) io.out(`${JSON.stringify(report.value)}\n`)
    else {
      io.out(
        conclusive
          ? `compared ${compared.positions} positions, ${compared.orders} orders, ${compared.fills} fills, ${compared.balances} balances in ${Math.round(durationMs)} ms: ${mismatches.length} mismatches\n`
          : `nothing concluded: ${error ?? 'the venue could not be asked'}\n`,
      )
      for (const one of mismatches) io.out(`  ${one.severity} ${one.symbol} ${one.summary}\n`)
    }
    return conclusive && mismatches.every((one) => one.state !== 'open') ? 0 : 1
  },
}

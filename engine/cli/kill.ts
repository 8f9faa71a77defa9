/**
 * `aegis kill`: latches by file (INV-08), so it works whatever state the engine is in; a running engine acts within a tenth of a
 * second, a stopped one starts halted and carries the kill out then. Exit 0 only when the venue confirmed.
 */
import { higherLevel, latchStore } from '../supervisor/latch.ts'
import { isRunning, readStatus } from '../supervisor/status-file.ts'
import type { KillLevel } from '../contract/kill.ts'
import { parseDuration, parseFlags, refuse, type Command } from './command.ts'
import { existingDataDir } from './data-flag.ts'

const FLAGS = {
  data: { type: 'string' },
  flatten: { type: 'boolean' },
  'reduce-only': { type: 'boolean' },
  reason: { type: 'string' },
  wait: { type: 'string' },
  json: { type: 'boolean' },
} as const

const POLL_MS = 50

export const kill: Command = {
  name: 'kill',
  summary: 'halt: cancel every order and latch, engine running or not',
  usage: [
    ['--flatten', 'also close every position'],
    ['--reduce-only', 'only forbid entries'],
    ['--reason TEXT', 'kept with the latch'],
    ['--wait 10s', 'how long to wait for the confirmation of the venue'],
    ['--data DIR', "the engine's data folder"],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    if (values.flatten === true && values['reduce-only'] === true)
      return refuse(io, { code: 'usage', message: '--flatten and --reduce-only exclude each other' })
    const wait = parseDuration('wait', values.wait ?? '10s')
    if (!wait.ok) return refuse(io, wait.error)
    const dataDir = existingDataDir(values.data)
    if (!dataDir.ok) return refuse(io, dataDir.error)
    const store = latchStore(dataDir.value)
    const before = store.read()
    const asked: KillLevel = values.flatten === true ? 'flatten' : values['reduce-only'] === true ? 'reduceOnly' : 'halt'
    const level = before === null ? asked : higherLevel(before.level, asked)
    const at = Date.now()
    try {
      store.write({ v: 1, level, reason: (values.reason ?? 'command line').slice(0, 200), by: 'cli', at, confirmedAt: null })
    } catch (thrown) {
      return refuse(io, {
        code: 'data-dir',
        message: `the latch cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      })
    }
    const engine = readStatus(dataDir.value)
    const running = engine !== null && isRunning(engine)
    const deadline = performance.now() + wait.value
    while (running && performance.now() < deadline && (store.read()?.confirmedAt ?? null) === null)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    const latch = store.read()
    const confirmed = latch !== null && latch.confirmedAt !== null
    const ms = Date.now() - at
    if (values.json === true) io.out(`${JSON.stringify({ latch, running, confirmed, ms })}\n`)
    else if (confirmed) io.out(`${level}: confirmed by the venue after ${ms} ms; latched until released in the cockpit\n`)
    else if (running) io.out(`${level}: latched, NOT confirmed by the venue within ${values.wait ?? '10s'}; the engine keeps trying\n`)
    else
      io.out(
        `${level}: latched; no engine runs on ${dataDir.value}: what is open at the venue stays open until one is started, which then carries this out\n`,
      )
    return confirmed ? 0 : 1
  },
}

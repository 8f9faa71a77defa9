/** `aegis run`: the engine with its cockpit in the browser, or headless. */
import { settingsForMode } from '../cockpit/modes.ts'
import { ok } from '../contract/result.ts'
import { parseDuration, parseFlags, refuse, type Command } from './command.ts'
import { runHeadless } from './headless.ts'
import { hostProgram } from './host-program.ts'
import { checkStrategy, checkTape, dataDirFor } from './launch.ts'
import { SETTINGS_FLAGS, SETTINGS_USAGE, settingsFrom } from './settings-flags.ts'
import { withChosenSymbols } from './universe.ts'

const FLAGS = {
  ...SETTINGS_FLAGS,
  headless: { type: 'boolean' },
  for: { type: 'string' },
  json: { type: 'boolean' },
  port: { type: 'string' },
  open: { type: 'boolean' },
} as const

export const run: Command = {
  name: 'run',
  summary: 'run the engine with the cockpit in the browser, or headless on a tape',
  usage: [
    ['--headless', 'no cockpit; ends with one JSON document; lock-step on a tape'],
    ['--for 60s', 'headless: how long (s, m, h); virtual time on a tape is this × --speed'],
    ...SETTINGS_USAGE,
    ['--port N', 'cockpit on this port of 127.0.0.1 (default: any free one)'],
    ['--open', 'open the cockpit in the browser'],
    ['--json', 'the result as one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    if (values.headless !== true) {
      for (const flag of ['for', 'json'] as const)
        if (values[flag] !== undefined) return refuse(io, { code: 'usage', message: `--${flag} goes with --headless` })
      return hostProgram(values, io)
    }
    for (const flag of ['port', 'open'] as const)
      if (values[flag] !== undefined) return refuse(io, { code: 'usage', message: `--${flag} does not go with --headless` })
    const forMs = values.for === undefined ? ok(null) : parseDuration('for', values.for)
    if (!forMs.ok) return refuse(io, forMs.error)
    const parsed = settingsFrom(values)
    if (!parsed.ok) return refuse(io, parsed.error)
    if (parsed.value.mode === 'live')
      return refuse(io, { code: 'locked', message: 'live is locked: it lacks API keys and a passing audit certificate' })
    /* only a tape can wait: a relay of the real venue cannot */
    const named = await withChosenSymbols(parsed.value)
    if (!named.ok) return refuse(io, named.error)
    const chosen = settingsForMode(named.value, named.value.mode)
    if (values.record === true && values.data === undefined)
      return refuse(io, { code: 'usage', message: '--record goes with --data: without it the folder ends with the run' })
    const recording = { ...chosen.recording, on: chosen.recording.on && values.data !== undefined }
    const settings = { ...chosen, recording, lockStep: chosen.mode === 'simulated' }
    const tape = checkTape(settings)
    if (!tape.ok) return refuse(io, tape.error)
    const strategy = await checkStrategy(settings)
    if (!strategy.ok) return refuse(io, strategy.error)
    const result = await runHeadless(
      { settings, forMs: forMs.value, dataDir: dataDirFor(values.data), keep: values.data !== undefined },
      io,
    )
    if (!result.ok) return refuse(io, result.error)
    const { document, code } = result.value
    if (values.json === true) io.out(`${JSON.stringify(document)}\n`)
    else {
      const { simulator, ...rest } = document
      for (const [name, value] of Object.entries({ ...rest, exchangeEquity: simulator?.equity ?? '?' }))
        io.out(`${name.padEnd(16)} ${value}\n`)
    }
    return code
  },
}

/** `aegis simulator`: the embedded exchange as a program of its own. */
import { runSimulatorCommand } from '../simulator/command.ts'
import { parseFlags, refuse, type Command } from './command.ts'

const FLAGS = {
  port: { type: 'string' },
  seed: { type: 'string' },
  tape: { type: 'string' },
  symbols: { type: 'string' },
  speed: { type: 'string' },
  key: { type: 'string' },
  secret: { type: 'string' },
  balance: { type: 'string' },
  'key-rights': { type: 'string' },
  'control-token': { type: 'string' },
  json: { type: 'boolean' },
} as const

export const simulator: Command = {
  name: 'simulator',
  summary: "the embedded exchange alone: Binance's futures protocol on 127.0.0.1",
  usage: [
    ['--port N', 'default: any free one; the ready line says it'],
    ['--tape FILE|demo|synthetic', 'what it plays, for ever'],
    ['--speed X --seed N --symbols A,B --balance USDT', 'as in run'],
    ['--key K --secret S', 'the account; default: random, in the ready line'],
    ['--key-rights R', 'what the key may do: trade, read-only, withdraw, transfer, untold'],
    ['--control-token T', 'allows fault injection over HTTP'],
    ['--json', 'the ready line is JSON either way'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { json: _json, ...options } = flags.value.values
    const result = await runSimulatorCommand(options, { out: (line) => io.out(`${line}\n`), stopped: io.stopped })
    return result.ok ? 0 : refuse(io, result.error)
  },
}

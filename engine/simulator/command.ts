/**
 * `aegis simulator`: the embedded exchange as a program of its own, for any client that can be pointed at a base URL.
 * Prints one line when it is ready and runs until it is told to stop.
 */
import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { decimalText } from '../contract/decimal-text.ts'
import { KEY_RIGHTS, TapeSchema, type Tape } from '../contract/settings.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import { PERMISSIONS_OF } from './protocol/accounts.ts'
import { chooseTape } from './protocol/tape-choice.ts'
import { startSimulator } from './server.ts'

/** What the command line gives, as text; names as on the command line. */
export interface SimulatorCommandOptions {
  readonly port?: string | undefined
  readonly seed?: string | undefined
  /** A CSV of klines, or recorded frames (.gz or .ndjson); 'synthetic' and 'demo' by name. */
  readonly tape?: string | undefined
  readonly symbols?: string | undefined
  readonly speed?: string | undefined
  readonly key?: string | undefined
  readonly secret?: string | undefined
  readonly balance?: string | undefined
  /** What the key may do, one of KEY_RIGHTS. */
  readonly 'key-rights'?: string | undefined
  readonly 'control-token'?: string | undefined
}

const integerText = (name: string, min: number, max: number) =>
  v.pipe(
    v.string(),
    v.regex(/^\d{1,10}$/, `--${name} expects a whole number`),
    v.transform(Number),
    v.minValue(min, `--${name} must be at least ${min}`),
    v.maxValue(max, `--${name} must be at most ${max}`),
  )
const credential = (name: string) => v.pipe(v.string(), v.regex(/^[\w-]{1,128}$/, `--${name} expects 1 to 128 letters, digits, - or _`))

const OptionsSchema = v.object({
  port: v.optional(integerText('port', 0, 65_535)),
  seed: v.optional(integerText('seed', 0, 2 ** 31 - 1)),
  tape: v.optional(v.pipe(v.string(), v.nonEmpty('--tape expects a file'))),
  symbols: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',').map((symbol) => symbol.trim())),
      v.array(v.pipe(v.string(), v.regex(/^[A-Z0-9]{2,20}$/, '--symbols expects names such as BTCUSDT,ETHUSDT'))),
      v.check((symbols) => new Set(symbols).size === symbols.length, '--symbols names a symbol twice'),
    ),
  ),
  speed: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d+(\.\d+)?$/, '--speed expects a number'),
      v.transform(Number),
      v.minValue(0.01, '--speed must be at least 0.01'),
      v.maxValue(100_000, '--speed must be at most 100000'),
    ),
  ),
  key: v.optional(credential('key')),
  secret: v.optional(credential('secret')),
  balance: v.optional(v.pipe(v.string(), v.regex(/^\d{1,12}(\.\d{1,8})?$/, '--balance expects an amount of USDT'), decimalText)),
  'key-rights': v.optional(v.picklist(KEY_RIGHTS, `--key-rights expects one of ${KEY_RIGHTS.join(', ')}`)),
  'control-token': v.optional(v.pipe(v.string(), v.minLength(8, '--control-token expects at least 8 characters'))),
})

const tapeOf = (text: string | undefined): Tape => {
  if (text === undefined || text === 'synthetic') return { kind: 'synthetic' }
  if (text === 'demo') return { kind: 'demo' }
  return v.parse(TapeSchema, { kind: /\.csv(\.gz)?$/i.test(text) ? 'klines' : 'frames', file: text })
}

const token = (): string => randomBytes(32).toString('hex')

export interface SimulatorCommandIo {
  /** One line to standard output. */
  out(line: string): void
  /** Resolves when the program is to end (SIGTERM, SIGINT). */
  readonly stopped: Promise<void>
}

/**
 * Runs until `io.stopped`. Fails with 'usage' for bad input: one clear line, exit 2, nothing started.
 * Keys default to random ones, told in the ready line; the seed defaults to 1.
 */
export async function runSimulatorCommand(
  options: SimulatorCommandOptions,
  io: SimulatorCommandIo,
): Promise<Result<null, Failure<'usage'>>> {
  const parsed = v.safeParse(OptionsSchema, options)
  if (!parsed.success) return fail('usage', parsed.issues[0].message)
  const { port, seed, symbols, speed, key, secret, balance, tape } = parsed.output
  const names = symbols ?? ['BTCUSDT']
  const chosen = chooseTape(tapeOf(tape), names, true)
  if (!chosen.ok) return fail('usage', chosen.error.message)
  const controlToken = parsed.output['control-token']
  const rights = parsed.output['key-rights']
  const started = await startSimulator({
    ...chosen.value,
    symbols: names,
    key: key ?? token(),
    secret: secret ?? token(),
    ...(port === undefined ? {} : { port }),
    ...(seed === undefined ? {} : { seed }),
    ...(speed === undefined ? {} : { speed }),
    ...(balance === undefined ? {} : { balance }),
    ...(rights === undefined ? {} : { permissions: PERMISSIONS_OF[rights] }),
    ...(controlToken === undefined ? {} : { controlToken }),
  })
  if (!started.ok) return fail('usage', started.error.message)
  const { rest, ws, key: usedKey, secret: usedSecret } = started.value
  io.out(JSON.stringify({ rest, ws, key: usedKey, secret: usedSecret }))
  await io.stopped
  await started.value.close()
  return ok(null)
}

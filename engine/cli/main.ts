/** The `aegis` command: one table of commands, one way in and out. */
import { analyze } from './analyze.ts'
import { audit, chaos } from './proof.ts'
import { backtest } from './backtest.ts'
import { refuse, usage, type Command, type ExitCode, type Io } from './command.ts'
import { doctor } from './doctor.ts'
import { journal } from './journal.ts'
import { kill } from './kill.ts'
import { ledger } from './ledger.ts'
import { reconcile } from './reconcile.ts'
import { replay } from './replay.ts'
import { run } from './run.ts'
import { simulator } from './simulator.ts'
import { status } from './status.ts'
import { codeVersion } from '../supervisor/code-version.ts'
import { validate } from './validate.ts'

export const COMMANDS: readonly Command[] = [
  run,
  simulator,
  audit,
  chaos,
  doctor,
  status,
  kill,
  reconcile,
  journal,
  ledger,
  analyze,
  validate,
  backtest,
  replay,
]

const table = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}\n`).join('')
}

function help(io: Io, of?: Command): void {
  if (of !== undefined) {
    io.out(`aegis ${of.name}: ${of.summary}\n\n${table(of.usage)}`)
    return
  }
  io.out(`usage: aegis <command> [options]\n\n${table(COMMANDS.map((one) => [one.name, one.summary]))}\n`)
  io.out(
    'aegis help <command> lists its options; aegis --version tells the build. Exit codes: 0 success, 1 what was checked failed, 2 wrong usage or input.\n',
  )
}

/** @returns the exit code; writes only through `io`. */
export async function aegis(args: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = args
  if (name === '--version' || name === '-v') {
    if (rest.some((one) => one !== '--json')) return refuse(io, usage(`unexpected "${rest.find((one) => one !== '--json') ?? ''}"`).error)
    const { version, build } = codeVersion()
    io.out(rest.length > 0 ? `${JSON.stringify({ version, build })}\n` : `aegis ${version} (build ${build})\n`)
    return 0
  }
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const of = COMMANDS.find((one) => one.name === rest[0])
    if (rest[0] !== undefined && of === undefined) {
      io.err(`aegis: there is no command "${rest[0]}" (see aegis help)`)
      return 2
    }
    if (rest[1] !== undefined) return refuse(io, usage(`unexpected "${rest[1]}"`).error)
    help(io, of)
    return name === undefined ? 2 : 0
  }
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) {
    io.err(`aegis: there is no command "${name}" (see aegis help)`)
    return 2
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    help(io, command)
    return 0
  }
  return command.run(rest, io)
}

/** Real stdin, stdout and signals; ends the process. A second signal ends it at once. */
export async function runAegis(args: readonly string[]): Promise<void> {
  let stop: () => void = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  let signals = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      signals += 1
      if (signals > 1) process.exit(130)
      stop()
    })
  }
  /* a reader that left (| head) is no error of ours */
  process.stdout.on('error', () => process.exit(0))
  const io: Io = {
    out: (text) => void process.stdout.write(text),
    err: (line) => void process.stderr.write(`${line}\n`),
    ...(process.stderr.isTTY ? { terminal: { write: (text) => void process.stderr.write(text) } } : {}),
    stopped,
  }
  let code: number
  try {
    code = await aegis(args, io)
  } catch (thrown) {
    io.err(`aegis: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`)
    code = 1
  }
  process.exitCode = code
  /* a pipe may take time; whatever still holds the loop may not */
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
}

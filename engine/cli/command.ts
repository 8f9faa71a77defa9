/**
 * What a command is. Exit codes: 0 success, 1 what it checked failed, 2 wrong usage or input (one clear line on stderr).
 * stdout carries the result only: text for people, or one JSON document with --json; everything else goes to stderr.
 */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'

export type ExitCode = 0 | 1 | 2

export interface Io {
  out(text: string): void
  err(line: string): void
  /** stderr when a person watches it; absent in a pipe. */
  readonly terminal?: { write(text: string): void }
  /** Resolves at the first SIGINT or SIGTERM. */
  readonly stopped: Promise<void>
}

export interface Command {
  readonly name: string
  /** One line for `aegis help`. */
  readonly summary: string
  /** Lines of usage: option and meaning. */
  readonly usage: readonly (readonly [string, string])[]
  run(args: readonly string[], io: Io): Promise<ExitCode>
}

export type Usage = Failure<'usage'>
export const usage = (message: string): { readonly ok: false; readonly error: Usage } => fail('usage', message)

type Values<O extends ParseArgsOptionsConfig> = {
  [K in keyof O]?: O[K] extends { multiple: true } ? string[] : O[K] extends { type: 'boolean' } ? boolean : string
}

/** Strict: an unknown flag, a missing value, too many words are one clear line. */
export function parseFlags<O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  words: { readonly max: number } = { max: 0 },
): Result<{ readonly values: Values<O>; readonly words: readonly string[] }, Usage> {
  try {
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true })
    const extra = parsed.positionals[words.max]
    if (extra !== undefined) return usage(`unexpected "${extra}"`)
    return ok({ values: parsed.values, words: parsed.positionals })
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return usage(message.split(/\.\s|\n/)[0] ?? message)
  }
}

/** "60s", "5m", "2h", "1d", "1500ms", or bare seconds → ms. */
export function parseDuration(flag: string, text: string): Result<number, Usage> {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text)
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? 's']
  const value = match === null || unit === undefined ? NaN : Number(match[1]) * unit
  return Number.isFinite(value) && value > 0 && value <= 366 * 86_400_000
    ? ok(value)
    : usage(`--${flag} expects a time such as 60s, 5m or 2h`)
}

export function parseNumber(flag: string, text: string, min: number, max: number): Result<number, Usage> {
  const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  return value >= min && value <= max ? ok(value) : usage(`--${flag} expects a number from ${min} to ${max}`)
}

export const refuse = (io: Io, error: Failure): ExitCode => {
  io.err(`aegis: ${error.message}`)
  return 2
}

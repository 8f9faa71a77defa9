/** Starting an engine from the command line: tape checked before anything is written, data folder kept or temporary. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { Settings } from '../contract/settings.ts'
import { symbolSpec } from '../simulator/symbols.ts'
import { tryStrategy } from '../processes/brain/strategy-file.ts'
import { chooseTape } from '../simulator/protocol/tape-choice.ts'
import { codeVersion } from '../supervisor/code-version.ts'
import { startEngine } from '../supervisor/engine.ts'
import type { EngineDeps, EngineHandle } from '../supervisor/engine-handle.ts'
import { nodeSpawner } from '../supervisor/node-spawner.ts'

export interface DataDir {
  readonly path: string
  /** Removes a temporary folder, or one this start created and then failed in. */
  discard(): void
}

/** `--data`, or a temporary folder that goes with the run. */
export function dataDirFor(given: string | undefined): DataDir {
  if (given === undefined) {
    const path = mkdtempSync(join(tmpdir(), 'aegis-run-'))
    return { path, discard: () => rmSync(path, { recursive: true, force: true }) }
  }
  const path = resolve(given)
  const existed = existsSync(path)
  return {
    path,
    discard() {
      if (!existed) rmSync(path, { recursive: true, force: true })
    },
  }
}

/** The tape can be played: existing, readable, whole, its symbols known to the exchange. Code 'tape…' or 'unknown-symbol', one clear line. */
export function checkTape(settings: Settings): Result<null, Failure> {
  if (settings.mode !== 'simulated') return ok(null)
  const unknown = settings.symbols.find((symbol) => symbolSpec(symbol) === undefined)
  if (unknown !== undefined) return fail('unknown-symbol', `the embedded exchange has no contract data for ${unknown}`)
  const tape = chooseTape(settings.tape, settings.symbols)
  return tape.ok ? ok(null) : tape
}

/** A strategy of one's own can be loaded and is one: what is wrong with it is one clear line before anything starts. */
export async function checkStrategy(settings: Settings): Promise<Result<null, Failure>> {
  const strategy = await tryStrategy(settings.strategy, settings.symbols[0] ?? '')
  return strategy.ok ? ok(null) : strategy
}

export function launchEngine(
  settings: Settings,
  dataDir: string,
  simulator: NonNullable<EngineDeps['simulator']> = {},
): Result<EngineHandle, Failure> {
  if (settings.mode === 'live') return fail('locked', 'live is locked: it lacks API keys and a passing audit certificate')
  return startEngine(settings, { spawner: nodeSpawner(), dataDir, build: codeVersion().build, host: 'node', simulator })
}

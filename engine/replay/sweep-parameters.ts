/**
 * What a sweep may vary: every number of the strategy's settings and the strategy itself. `name=a,b,c` per parameter; the grid is
 * their product in the order given. Ranges are those of the settings (contract/settings.ts).
 */
import * as v from 'valibot'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import { parseSettings, StrategySchema, type StrategySettings } from '../contract/settings.ts'

export type SweepValue = number | string
export type Combination = Readonly<Record<string, SweepValue>>

export interface SweepParameter {
  readonly name: string
  readonly values: readonly SweepValue[]
}

/** More is refused: nobody can read it, and the best of so many is chance. */
export const MAX_COMBINATIONS = 10_000
const MAX_VALUES = 1_000

const DEFAULTS: ReadonlyMap<string, unknown> = new Map(Object.entries(v.parse(StrategySchema, {})))
export const sweepNames = (): readonly string[] => [...DEFAULTS.keys()]

/** The strategy's settings of one combination; what it does not name stays as in `base`. Code 'bad-settings' outside a range. */
export function settingsOf(base: StrategySettings, combination: Combination): Result<StrategySettings, Failure> {
  const parsed = parseSettings({ strategy: { ...base, ...combination } })
  return parsed.ok ? ok(parsed.value.strategy) : parsed
}

function valueOf(name: string, text: string): Result<SweepValue, Failure> {
  const number = typeof DEFAULTS.get(name) === 'number'
  if (number && !/^-?\d+(\.\d+)?$/.test(text)) return fail('usage', `--sweep ${name}: "${text}" is not a number`)
  const value = number ? Number(text) : text
  const parsed = parseSettings({ strategy: { [name]: value } })
  return parsed.ok ? ok(value) : fail('usage', `--sweep ${name}=${text}: ${parsed.error.message.replace(/^[^:]*: /, '')}`)
}

/** One `name=a,b,c`. */
export function parseSweepParameter(text: string): Result<SweepParameter, Failure> {
  const at = text.indexOf('=')
  const name = text.slice(0, Math.max(0, at)).trim()
  if (at < 0) return fail('usage', '--sweep expects NAME=VALUE,VALUE,…')
  if (!DEFAULTS.has(name)) return fail('usage', `--sweep: there is no parameter "${name}" (there is: ${sweepNames().join(', ')})`)
  const parts = text
    .slice(at + 1)
    .split(',')
    .map((part) => part.trim())
  if (parts.length > MAX_VALUES) return fail('usage', `--sweep ${name}: ${parts.length} values; at most ${MAX_VALUES}`)
  const values: SweepValue[] = []
  for (const part of parts) {
    if (part === '') return fail('usage', `--sweep ${name}: a value is missing`)
    const value = valueOf(name, part)
    if (!value.ok) return value
    if (values.includes(value.value)) return fail('usage', `--sweep ${name}: ${part} stands there twice`)
    values.push(value.value)
  }
  return ok({ name, values })
}

/** Every `--sweep`; a name comes once, and the product of all stays bounded. */
export function parseSweep(texts: readonly string[]): Result<readonly SweepParameter[], Failure> {
  const list: SweepParameter[] = []
  for (const text of texts) {
    const one = parseSweepParameter(text)
    if (!one.ok) return one
    if (list.some((known) => known.name === one.value.name)) return fail('usage', `--sweep ${one.value.name} is given twice`)
    list.push(one.value)
  }
  const size = list.reduce((product, one) => product * one.values.length, 1)
  return size > MAX_COMBINATIONS ? fail('usage', `--sweep: ${size} combinations; at most ${MAX_COMBINATIONS}`) : ok(list)
}

/** The product, the last parameter running fastest. */
export function gridOf(parameters: readonly SweepParameter[]): readonly Combination[] {
  let grid: readonly Combination[] = [{}]
  for (const { name, values } of parameters) grid = grid.flatMap((one) => values.map((value) => ({ ...one, [name]: value })))
  return grid
}

export const combinationText = (combination: Combination): string =>
  Object.entries(combination)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || 'as configured'

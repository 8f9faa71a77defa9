/**
 * What a sweep may vary: the strategy, every figure of its settings, and every rail. `name=a,b,c` per parameter; the grid is their
 * product in the order given. Ranges are those of the settings (contract/settings.ts). A rail is called `rails.maxDailyLoss`; its
 * name alone will do, as long as nothing of the strategy is called the same.
 */
import * as v from 'valibot'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import { parseSettings, RailsSchema, StrategySchema, type Rails, type StrategySettings } from '../contract/settings.ts'

export type SweepValue = number | string
export type Combination = Readonly<Record<string, SweepValue>>

export interface SweepParameter {
  readonly name: string
  readonly values: readonly SweepValue[]
}

/** More is refused: nobody can read it, and the best of so many is chance. */
export const MAX_COMBINATIONS = 10_000
const MAX_VALUES = 1_000

/** What one combination decides, whole. */
export interface SweptSettings {
  readonly strategy: StrategySettings
  readonly rails: Rails
}

interface Known {
  readonly section: keyof SweptSettings
  readonly key: string
  /** A figure, a word, or decimal text (INV-01). */
  readonly kind: 'number' | 'word' | 'money'
}

const RAILS = 'rails.'
const kindOf = (value: unknown, section: keyof SweptSettings): Known['kind'] =>
  typeof value !== 'string' ? 'number' : section === 'rails' ? 'money' : 'word'

/** By the name a report gives it. A file is no value among others, and what has no default is a figure that may be absent. */
const KNOWN: ReadonlyMap<string, Known> = (() => {
  const strategy: Readonly<Record<string, unknown>> = v.parse(StrategySchema, {})
  const rails: Readonly<Record<string, unknown>> = v.parse(RailsSchema, {})
  return new Map([
    ...Object.keys(StrategySchema.entries)
      .filter((key) => key !== 'file')
      .map((key): [string, Known] => [key, { section: 'strategy', key, kind: kindOf(strategy[key], 'strategy') }]),
    ...Object.keys(RailsSchema.entries).map((key): [string, Known] => [
      RAILS + key,
      { section: 'rails', key, kind: kindOf(rails[key], 'rails') },
    ]),
  ])
})()
export const sweepNames = (): readonly string[] => [...KNOWN.keys()]

/** The settings of one combination; what it does not name stays as in `base`. Code 'bad-settings' outside a range. */
export function settingsOf(base: SweptSettings, combination: Combination): Result<SweptSettings, Failure> {
  const strategy: Record<string, unknown> = { ...base.strategy }
  const rails: Record<string, unknown> = { ...base.rails }
  for (const [name, value] of Object.entries(combination)) {
    const known = KNOWN.get(name)
    if (known === undefined) return fail('bad-settings', `${name}: there is no such parameter`)
    const section = known.section === 'rails' ? rails : strategy
    section[known.key] = value
  }
  const parsed = parseSettings({ strategy, rails })
  return parsed.ok ? ok({ strategy: parsed.value.strategy, rails: parsed.value.rails }) : parsed
}

function valueOf(name: string, { section, key, kind }: Known, text: string): Result<SweepValue, Failure> {
  if (kind !== 'word' && !/^-?\d+(\.\d+)?$/.test(text)) return fail('usage', `--sweep ${name}: "${text}" is not a number`)
  const value = kind === 'number' ? Number(text) : text
  const parsed = parseSettings({ [section]: { [key]: value } })
  return parsed.ok ? ok(value) : fail('usage', `--sweep ${name}=${text}: ${parsed.error.message.replace(/^[^:]*: /, '')}`)
}

/** One `name=a,b,c`. */
export function parseSweepParameter(text: string): Result<SweepParameter, Failure> {
  const at = text.indexOf('=')
  const given = text.slice(0, Math.max(0, at)).trim()
  if (at < 0) return fail('usage', '--sweep expects NAME=VALUE,VALUE,…')
  const name = KNOWN.has(given) ? given : RAILS + given
  const known = KNOWN.get(name)
  if (known === undefined) return fail('usage', `--sweep: there is no parameter "${given}" (there is: ${sweepNames().join(', ')})`)
  const parts = text
    .slice(at + 1)
    .split(',')
    .map((part) => part.trim())
  if (parts.length > MAX_VALUES) return fail('usage', `--sweep ${name}: ${parts.length} values; at most ${MAX_VALUES}`)
  const values: SweepValue[] = []
  for (const part of parts) {
    if (part === '') return fail('usage', `--sweep ${name}: a value is missing`)
    const value = valueOf(name, known, part)
    if (!value.ok) return value
    const same = (one: SweepValue): boolean => (known.kind === 'money' ? Number(one) === Number(part) : one === value.value)
    if (values.some(same)) return fail('usage', `--sweep ${name}: ${part} stands there twice`)
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

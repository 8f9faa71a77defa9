/** Memory of processes as Linux counts it. PSS shares a page among those that map it, so a sum over processes counts nothing twice. */
import { readFileSync } from 'node:fs'

export interface Memory {
  readonly rssMb: number
  readonly pssMb: number
  /** Written or allocated by this process alone. */
  readonly privateMb: number
}

const MB = 1_024

/** null where /proc does not tell (not Linux, or the process is gone). */
export function memoryOf(pid: number): Memory | null {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  } catch {
    return null
  }
  const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? NaN)
  return { rssMb: kb('Rss') / MB, pssMb: kb('Pss') / MB, privateMb: kb('Private_Dirty') / MB }
}

/** A process that tells nothing makes every sum with it no number, never a smaller one. */
export const NOTHING: Memory = { rssMb: NaN, pssMb: NaN, privateMb: NaN }

export const rounded = ({ rssMb, pssMb, privateMb }: Memory): Memory => ({
  rssMb: Math.round(rssMb),
  pssMb: Math.round(pssMb),
  privateMb: Math.round(privateMb),
})

export function total(all: readonly Memory[]): Memory {
  const sum = (of: (one: Memory) => number): number => all.reduce((at, one) => at + of(one), 0)
  return { rssMb: sum((one) => one.rssMb), pssMb: sum((one) => one.pssMb), privateMb: sum((one) => one.privateMb) }
}

/** The machine under the benchmark: pinning, a shared clock, and how much of it belongs to somebody else right now. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

const NS_PER_SECOND = 1e9

/** CLOCK_MONOTONIC in nanoseconds: the same clock in every process; exact below 2^53 (104 days of uptime). */
export function nowNs(): number {
  const [seconds, ns] = process.hrtime()
  return seconds * NS_PER_SECOND + ns
}

const canPin = process.platform === 'linux' && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0

/** Command line that runs `command` on one CPU where the system can pin. */
export function pinned(cpu: number, command: string, args: readonly string[]): { command: string; args: string[] } {
  if (!canPin) return { command, args: [...args] }
  // Not availableParallelism(): that is 1 in a process that is pinned itself.
  return { command: 'taskset', args: ['-c', String(cpu % cpus().length), command, ...args] }
}

/** CPU seconds the whole machine has used so far; NaN where it cannot be told. */
function busySeconds(): number {
  try {
    const fields = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number)
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields
    return (user + nice + system + irq + softirq + steal) / 100
  } catch {
    return Number.NaN
  }
}

/** CPUs others are using: measured over `ms` in which this process sleeps. */
export async function foreignLoad(ms = 80): Promise<number> {
  const [before, from] = [busySeconds(), nowNs()]
  await new Promise((resolve) => setTimeout(resolve, ms))
  return Math.max(0, (busySeconds() - before) / ((nowNs() - from) / NS_PER_SECOND))
}

/** Waits, at most `limitMs`, until others use less than 0.35 CPU; returns what they use when the run begins. */
export async function quietMoment(limitMs: number): Promise<number> {
  let load = await foreignLoad()
  for (const until = performance.now() + limitMs; load >= 0.35 && performance.now() < until;) load = await foreignLoad()
  return load
}

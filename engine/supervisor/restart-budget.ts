/**
 * How often a process may come back by itself. Pure: time comes as an argument.
 * The first restart is immediate (the brain must be back within a second); the following back off; too many within the
 * window mean that restarting does not help, and a person has to look.
 */
export interface RestartPolicy {
  readonly windowMs: number
  /** Delay before the n-th restart within the window; its length is the budget. */
  readonly delaysMs: readonly number[]
}

export const RESTART_POLICY: RestartPolicy = { windowMs: 60_000, delaysMs: [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 8_000] }

export interface RestartBudget {
  /** Delay in ms before the restart, or null when the budget is spent. Counts this restart. */
  next(nowMs: number): number | null
  /** A person said: try again. */
  reset(): void
}

export function restartBudget(policy: RestartPolicy = RESTART_POLICY): RestartBudget {
  let recent: number[] = []
  return {
    next(nowMs) {
      recent = recent.filter((at) => nowMs - at < policy.windowMs)
      const delay = policy.delaysMs[recent.length]
      if (delay === undefined) return null
      recent.push(nowMs)
      return delay
    },
    reset() {
      recent = []
    },
  }
}

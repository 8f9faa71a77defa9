/** User Timing marks for the start of the cockpit: when its state, and when its first candles, were on screen. Read by bench/startup. */
import type { Session } from './replica/session.ts'

export const MILESTONES = { usable: 'aegis:usable', candles: 'aegis:candles' } as const

/** Two frames later the picture that a change asked for has been painted. */
function markPainted(name: string): void {
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark(name)))
}

/** Sets each mark once in the life of the page. */
export function markMilestones({ replica, candles }: Session): void {
  const stopState = replica.subscribe((now) => {
    if (now.sync.kind !== 'live') return
    stopState()
    markPainted(MILESTONES.usable)
  })
  const stopCandles = candles.onChange(({ symbol }) => {
    if (candles.bars(symbol).length === 0) return
    stopCandles()
    markPainted(MILESTONES.candles)
  })
}

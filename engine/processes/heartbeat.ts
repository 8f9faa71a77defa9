/** An engine process says four times a second that it lives, and how well: the supervisor tells a stall from a death by it. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Heartbeat } from '../contract/processes.ts'

const EVERY_MS = 250
/** The monitor's own timer resolution, which it adds to every delay it sees. */
const RESOLUTION_MS = 10

/** Starts at once; returns a function that ends it. */
export function startHeartbeat(emit: (beat: Heartbeat) => void): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let cpu = process.cpuUsage()
  let cpuAt = performance.now()
  const timer = setInterval(() => {
    const used = process.cpuUsage(cpu)
    const at = performance.now()
    const { rss, heapUsed } = process.memoryUsage()
    const p99Ms = delay.percentile(99) / 1e6 - RESOLUTION_MS
    emit({
      rssBytes: rss,
      heapBytes: heapUsed,
      // Nothing measured yet is no number.
      loopDelayP99Ms: Number.isFinite(p99Ms) ? Math.max(0, p99Ms) : 0,
      cpuFraction: (used.user + used.system) / 1_000 / Math.max(1, at - cpuAt),
    })
    delay.reset()
    cpu = process.cpuUsage()
    cpuAt = at
  }, EVERY_MS)
  return () => {
    clearInterval(timer)
    delay.disable()
  }
}

/** What a process says about its own health, four times a second. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Heartbeat } from '../../contract/processes.ts'

const RESOLUTION_MS = 10

/** A reader of this process's vital signs since the last reading. */
export function createVitals(): () => Heartbeat {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let cpu = process.cpuUsage()
  let at = performance.now()
  return () => {
    const used = process.cpuUsage(cpu)
    const now = performance.now()
    const { rss, heapUsed } = process.memoryUsage()
    const loopDelayP99Ms = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS)
    const cpuFraction = (used.user + used.system) / 1_000 / Math.max(1, now - at)
    delay.reset()
    cpu = process.cpuUsage()
    at = now
    return { rssBytes: rss, heapBytes: heapUsed, loopDelayP99Ms: Number.isFinite(loopDelayP99Ms) ? loopDelayP99Ms : 0, cpuFraction }
  }
}

/** The host's own health, measured like every process's. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ProcessRow } from '../contract/cockpit.ts'

export interface HostMeter {
  row(): ProcessRow
  close(): void
}

const RESOLUTION_MS = 10

export function hostMeter(startedAt: number): HostMeter {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let cpu = process.cpuUsage()
  let cpuAt = performance.now()
  return {
    row() {
      const used = process.cpuUsage(cpu)
      const at = performance.now()
      const row: ProcessRow = {
        name: 'host',
        pid: process.pid,
        state: 'running',
        restarts: 0,
        startedAt,
        lastHeartbeatAt: Date.now(),
        rssBytes: process.memoryUsage.rss(),
        loopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS),
        cpuFraction: (used.user + used.system) / 1_000 / Math.max(1, at - cpuAt),
        lastExit: null,
        detectedMs: null,
        recoveredMs: null,
      }
      delay.reset()
      cpu = process.cpuUsage()
      cpuAt = at
      return row
    },
    close() {
      delay.disable()
    },
  }
}

/** How engine events change the cockpit's state: one total function from event to slices. Lists stay bounded (INV-11). */
import { LIMITS, type CockpitState, type LogRow, type StatusView } from '../contract/cockpit.ts'
import { unreachable } from '../contract/result.ts'
import type { EngineEvent } from '../supervisor/engine-handle.ts'
import type { StateStore } from './state-store.ts'

/** The reconciler compares positions this often. */
const RECONCILE_EVERY_MS = 30_000

export const EMPTY_STATUS: StatusView = {
  feed: null,
  orderRttMs: null,
  clockSkewMs: null,
  dbLagMs: null,
  usedWeight: null,
  weightLimit: 2_400,
  bannedUntil: 0,
  counters: null,
  key: null,
  deadMan: null,
  progress: null,
}

export const EMPTY_RECONCILIATION: CockpitState['reconciliation'] = { running: false, last: null, mismatches: [], nextAt: null }

export function applyEngineEvent(store: StateStore, event: EngineEvent, nextLogId: () => number): void {
  const status = (part: Partial<StatusView>): void => store.update('status', (before) => ({ ...before, ...part }))
  switch (event.kind) {
    case 'processes':
    case 'stopped':
      return
    case 'kill':
      return store.set('kill', event.state)
    case 'log': {
      const { level } = event.line
      if (level === 'debug') return
      const row: LogRow = { id: nextLogId(), time: event.time, level, source: event.source, text: event.line.text }
      return store.update('log', (rows) => [...rows.slice(-(LIMITS.log - 1)), row])
    }
    case 'account':
      return store.set('account', event.view)
    case 'risk':
      return store.set('risk', event.view)
    case 'learning':
      return store.set('learning', event.view)
    case 'fill':
      return store.update('fills', (rows) =>
        rows.some((row) => row.tradeId === event.row.tradeId && row.symbol === event.row.symbol)
          ? rows
          : [...rows.slice(-(LIMITS.fills - 1)), event.row],
      )
    case 'signal':
      return store.update('signals', (rows) => [...rows.filter((row) => row.id !== event.row.id).slice(-(LIMITS.signals - 1)), event.row])
    case 'counters': {
      const { metrics, userStreamHealthy: _healthy, userFrames: _frames, ...counters } = event.counters
      return status({
        counters,
        orderRttMs: metrics.orderRttMs,
        clockSkewMs: metrics.clockSkewMs,
        dbLagMs: counters.dbLagMs,
        usedWeight: metrics.usedWeight,
        weightLimit: metrics.weightLimit,
        bannedUntil: metrics.bannedUntil,
      })
    }
    case 'feed':
      return status({ feed: event.status })
    case 'budget':
      return status({ usedWeight: event.observation.usedWeight, bannedUntil: event.observation.bannedUntil })
    case 'venue':
      return status({
        usedWeight: event.metrics.usedWeight,
        weightLimit: event.metrics.weightLimit,
        bannedUntil: event.metrics.bannedUntil,
      })
    case 'report':
      return store.update('reconciliation', (before) => ({
        ...before,
        last: event.report,
        nextAt: event.report.startedAt + event.report.durationMs + RECONCILE_EVERY_MS,
      }))
    case 'reconciling':
      return store.update('reconciliation', (before) => ({ ...before, running: event.running }))
    case 'mismatches':
      return store.update('reconciliation', (before) => ({ ...before, mismatches: event.list.slice(0, LIMITS.mismatches) }))
    case 'deadMan':
      return status({ deadMan: event.state })
    case 'key':
      return status({ key: event.verdict })
    case 'progress':
      return status({ progress: event.progress })
    case 'ended':
      return store.update('log', (rows) => [
        ...rows.slice(-(LIMITS.log - 1)),
        { id: nextLogId(), time: Date.now(), level: 'info', source: 'simulator', text: 'the tape has ended: prices stand still' },
      ])
    default:
      unreachable(event)
  }
}

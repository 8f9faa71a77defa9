/**
 * Keeps the replica and the candles in step with a host: subscribes, applies, and subscribes again after a gap or a lost line.
 * Freeze (WCAG 2.2.2) stops what tables and charts *show*; the replica, the banner and the kill switch go on.
 */
import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Bridge } from '../bridge/bridge.ts'
import { CandleBook } from './candle-book.ts'
import { nowMs } from './clock.ts'
import { applyLink, applyMessage, emptyReplica, type Replica } from './replica.ts'

/** Asking for a snapshot again is tried at most this often, ms. */
const RESUBSCRIBE_MS = 1_000

export interface Session {
  readonly replica: StoreApi<Replica>
  readonly candles: CandleBook
  stop(): void
}

export function startSession(bridge: Bridge): Session {
  const replica = createStore<Replica>(() => emptyReplica(nowMs()))
  const candles = new CandleBook()
  let stopState = (): void => {}
  let stopCandles = (): void => {}
  let opened = false
  let lastSubscribe = Number.NEGATIVE_INFINITY
  let pending: ReturnType<typeof setTimeout> | null = null

  const subscribe = (): void => {
    lastSubscribe = nowMs()
    stopState()
    stopCandles()
    stopState = bridge.subscribe('state', (message) => {
      const step = applyMessage(replica.getState(), message, nowMs())
      if (step.replica !== replica.getState()) replica.setState(step.replica, true)
      if (step.resubscribe) again()
    })
    stopCandles = bridge.subscribe('candles', (message) => candles.apply(message))
  }
  /** Subscribes again, and goes on trying while no snapshot arrives. */
  const again = (): void => {
    if (pending !== null) return
    const wait = Math.max(0, lastSubscribe + RESUBSCRIBE_MS - nowMs())
    pending = setTimeout(() => {
      pending = null
      if (!opened || replica.getState().sync.kind === 'live') return
      subscribe()
      again()
    }, wait)
  }
  const stopLink = bridge.onLink((link) => {
    replica.setState(applyLink(replica.getState(), link, nowMs()), true)
    const open = link.kind === 'open'
    if (open && !opened) subscribe()
    opened = open
    if (open) again()
  })
  return {
    replica,
    candles,
    stop() {
      if (pending !== null) clearTimeout(pending)
      stopLink()
      stopState()
      stopCandles()
    },
  }
}

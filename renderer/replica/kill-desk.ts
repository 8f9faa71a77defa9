/**
 * The trader's side of the kill switch: what was asked here, when, and whether the engine took it. A request made without a line
 * is kept and sent as soon as there is one (never dropped, never upgraded); the engine's latch is the truth (INV-08).
 */
import { createStore, type StoreApi } from 'zustand/vanilla'
import type { KillLevel, KillState } from '../../engine/contract/kill.ts'
import type { Bridge } from '../bridge/bridge.ts'

export type Asked =
  | { readonly kind: 'none' }
  /** No line: waits for one. */
  | { readonly kind: 'queued'; readonly level: KillLevel; readonly askedAt: number }
  | { readonly kind: 'sent'; readonly level: KillLevel; readonly askedAt: number }
  | { readonly kind: 'accepted'; readonly level: KillLevel; readonly askedAt: number; readonly acceptedAt: number }
  | { readonly kind: 'refused'; readonly level: KillLevel; readonly askedAt: number; readonly message: string }

export interface KillDesk {
  readonly asked: StoreApi<Asked>
  request(level: KillLevel): void
  stop(): void
}

const RANK: Readonly<Record<KillLevel, number>> = { reduceOnly: 0, halt: 1, flatten: 2 }
const REASONS: Readonly<Record<KillLevel, string>> = {
  reduceOnly: 'reduce only pressed in the cockpit',
  halt: 'HALT pressed in the cockpit',
  flatten: 'Flatten pressed in the cockpit',
}

/** `wall` is the time of day in ms, for the times that are shown. */
export function createKillDesk(bridge: Pick<Bridge, 'call' | 'onLink'>, wall: () => number): KillDesk {
  const asked = createStore<Asked>(() => ({ kind: 'none' }))
  let open = false
  const send = async (level: KillLevel, askedAt: number): Promise<void> => {
    const mine: Asked = { kind: 'sent', level, askedAt }
    asked.setState(mine, true)
    const result = await bridge.call('halt', { level, reason: REASONS[level] })
    if (asked.getState() !== mine) return
    if (result.ok) asked.setState({ kind: 'accepted', level, askedAt, acceptedAt: acceptance(result.value, wall()) }, true)
    else if (result.error.code === 'not-connected' || result.error.code === 'closed') {
      asked.setState({ kind: 'queued', level, askedAt }, true)
      if (open) void send(level, askedAt)
    } else asked.setState({ kind: 'refused', level, askedAt, message: result.error.message }, true)
  }
  const stop = bridge.onLink((link) => {
    open = link.kind === 'open'
    const waiting = asked.getState()
    if (open && waiting.kind === 'queued') void send(waiting.level, waiting.askedAt)
  })
  return {
    asked,
    request(level) {
      const waiting = asked.getState()
      if (!open) {
        const keep = waiting.kind === 'queued' && RANK[waiting.level] > RANK[level] ? waiting.level : level
        asked.setState({ kind: 'queued', level: keep, askedAt: wall() }, true)
      } else void send(level, wall())
    },
    stop,
  }
}

const acceptance = (state: KillState, now: number): number => state.acceptedAt ?? now

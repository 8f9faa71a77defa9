/** What every component may reach: the stores of one window. React holds no state of the engine and decides nothing. */
import { createContext, useContext } from 'react'
import { useStore } from 'zustand'
import type { StoreApi } from 'zustand/vanilla'
import type { CockpitState } from '../engine/contract/cockpit.ts'
import type { Bridge } from './bridge/bridge.ts'
import type { Announcer } from './replica/announcer.ts'
import type { EquityCurve } from './replica/equity-curve.ts'
import { panelState, type PanelState, type Source } from './replica/freshness.ts'
import type { KillDesk } from './replica/kill-desk.ts'
import type { ChartTimeframe } from './replica/long-bars.ts'
import type { Preferences } from './replica/preferences.ts'
import type { Replica } from './replica/replica.ts'
import type { Session } from './replica/session.ts'

export type DialogName = 'replay' | 'mode' | 'resume' | 'keys' | 'settings' | 'about'
export interface Ui {
  /** Chosen by the trader; falls back to the engine's first symbol. */
  readonly symbol: string | null
  readonly dialog: DialogName | null
  /** The table under the chart. */
  readonly chartTable: boolean
  readonly timeframe: ChartTimeframe
  /** By the renderer's clock; null = not frozen. */
  readonly frozenAt: number | null
  /** What went wrong with the last command, if anything. */
  readonly problem: { readonly title: string; readonly text: string } | null
}

export interface Screen {
  readonly bridge: Bridge
  readonly session: Session
  /** What is shown: the replica, or the replica as it was when frozen. */
  readonly view: StoreApi<Replica>
  readonly clock: StoreApi<number>
  readonly preferences: StoreApi<Preferences>
  readonly ui: StoreApi<Ui>
  readonly kill: KillDesk
  readonly announcer: Announcer
  readonly equity: EquityCurve
}

export const ScreenContext = createContext<Screen | null>(null)

export function useScreen(): Screen {
  const screen = useContext(ScreenContext)
  if (screen === null) throw new Error('Invariant: no screen around this component')
  return screen
}

/** A part of the state as shown (frozen if frozen); null before the first snapshot. */
export function useView<T>(select: (state: CockpitState) => T): T | null {
  return useStore(useScreen().view, (replica) => (replica.state === null ? null : select(replica.state)))
}
/** A part of the state as it is, frozen or not: for kill, banner, top bar. */
export function useLive<T>(select: (state: CockpitState) => T): T | null {
  return useStore(useScreen().session.replica, (replica) => (replica.state === null ? null : select(replica.state)))
}
export const useUi = <T>(select: (ui: Ui) => T): T => useStore(useScreen().ui, select)
export const usePreferences = <T>(select: (preferences: Preferences) => T): T => useStore(useScreen().preferences, select)

/** Re-renders with the shared clock (4 a second). */
export const useNow = (): number => useStore(useScreen().clock)

/** The state of a panel whose source is picked from the replica. */
export function usePanelState(source: (replica: Replica) => Source): PanelState {
  const { view } = useScreen()
  const now = useNow()
  const replica = useStore(view)
  return panelState(replica, source(replica), Math.max(now, replica.receipt.message))
}

/** The symbol in view: the trader's choice while the engine trades it, else the engine's first. */
export function useSymbol(): string {
  const chosen = useUi((ui) => ui.symbol)
  const symbols = useLive((state) => state.engine.symbols)
  if (symbols === null) return chosen ?? ''
  return chosen !== null && symbols.includes(chosen) ? chosen : (symbols[0] ?? '')
}

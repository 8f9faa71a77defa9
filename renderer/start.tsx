/** Puts one window together around a bridge. */
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createStore } from 'zustand/vanilla'
import { App } from './app.tsx'
import type { Bridge } from './bridge/bridge.ts'
import { markMilestones } from './milestones.ts'
import { createAnnouncer } from './replica/announcer.ts'
import { nowMs, startClock } from './replica/clock.ts'
import { followEquity } from './replica/equity-curve.ts'
import { createKillDesk } from './replica/kill-desk.ts'
import { createPreferences } from './replica/preferences.ts'
import { startSession } from './replica/session.ts'
import { ScreenContext, type Screen, type Ui } from './screen.ts'
import { applyTokens } from './theme/use-theme.ts'

function storage(): Storage | null {
  try {
    return window.localStorage
  } catch {
    return null
  }
}

export function startScreen(bridge: Bridge): void {
  const session = startSession(bridge)
  markMilestones(session)
  const ui = createStore<Ui>(() => ({ symbol: null, dialog: null, chartTable: false, timeframe: '1m', frozenAt: null, problem: null }))
  const view = createStore(() => session.replica.getState())
  const follow = (): void => {
    if (ui.getState().frozenAt === null) view.setState(session.replica.getState(), true)
  }
  session.replica.subscribe(follow)
  ui.subscribe((now, before) => {
    if (now.frozenAt !== before.frozenAt) follow()
  })
  const preferences = createPreferences(storage())
  const { theme, palette } = preferences.getState()
  const light = theme === 'light' || (theme === 'system' && matchMedia('(prefers-color-scheme: light)').matches)
  applyTokens(document.documentElement, light ? 'light' : 'dark', palette)
  const announcer = createAnnouncer(
    (urgency, text) => {
      const region = document.getElementById(`say-${urgency}`)
      if (region !== null) region.textContent = text
    },
    nowMs,
    (ms, callback) => {
      const timer = setTimeout(callback, ms)
      return () => clearTimeout(timer)
    },
  )
  const screen: Screen = {
    bridge,
    session,
    view,
    clock: startClock(),
    preferences,
    ui,
    kill: createKillDesk(bridge, Date.now),
    announcer,
    equity: followEquity(session.replica),
  }
  const root = document.getElementById('root')
  if (root === null) throw new Error('Invariant: the page has no #root')
  createRoot(root).render(
    <StrictMode>
      <ScreenContext value={screen}>
        <App />
      </ScreenContext>
    </StrictMode>,
  )
}

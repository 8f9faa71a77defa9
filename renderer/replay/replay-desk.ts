/**
 * Scrubbing through a recorded session: which there are, the one that is open, the moment in view and the books at it. The host
 * replays; here is only what is shown. While the slider moves one question is under way at a time, and the newest place wins.
 */
import { createStore, type StoreApi } from 'zustand/vanilla'
import type { ChartBar, CockpitApi } from '../../engine/contract/cockpit.ts'
import {
  REPLAY_LIMITS,
  type RecordedSession,
  type ReplayBooks,
  type ReplayMoment,
  type ReplayStatus,
} from '../../engine/contract/replay.ts'

export interface ReplayView {
  /** null until asked. */
  readonly sessions: readonly RecordedSession[] | null
  readonly status: ReplayStatus
  readonly moments: readonly ReplayMoment[]
  /** Index of the moment in view; -1 = none. */
  readonly index: number
  readonly decisionsOnly: boolean
  readonly books: ReplayBooks | null
  readonly symbol: string
  readonly bars: readonly ChartBar[]
  readonly problem: string | null
}

export interface ReplayDesk {
  readonly view: StoreApi<ReplayView>
  list(): Promise<void>
  open(session: string): Promise<void>
  go(index: number): void
  /** To the next moment (of those shown) in that direction. */
  step(by: 1 | -1): void
  showDecisionsOnly(only: boolean): void
  chooseSymbol(symbol: string): Promise<void>
  close(): void
}

export const POLL_MS = 150
const NOTHING: Omit<ReplayView, 'sessions' | 'decisionsOnly'> = {
  status: { state: 'none' },
  moments: [],
  index: -1,
  books: null,
  symbol: '',
  bars: [],
  problem: null,
}

export const isDecision = (moment: ReplayMoment): boolean => moment.kind !== 'bar'
export const shownMoments = (view: ReplayView): readonly ReplayMoment[] =>
  view.decisionsOnly ? view.moments.filter(isDecision) : view.moments

export function createReplayDesk(api: Pick<CockpitApi, 'call'>, wait: (ms: number) => Promise<void>): ReplayDesk {
  const view = createStore<ReplayView>()(() => ({ ...NOTHING, sessions: null, decisionsOnly: false }))
  /** Counts openings: answers to an older one are dropped. */
  let opening = 0
  let asking = false

  const trouble = (text: string): void => view.setState({ problem: text })

  const readBooks = async (): Promise<void> => {
    if (asking) return
    asking = true
    for (;;) {
      const mine = opening
      const { index } = view.getState()
      if (index < 0) break
      const answer = await api.call('replayAt', { index })
      if (mine !== opening) continue
      if (!answer.ok) {
        trouble(answer.error.message)
        break
      }
      view.setState({ books: answer.value, problem: null })
      if (view.getState().index === index) break
    }
    asking = false
  }
  const go = (index: number): void => {
    const { moments } = view.getState()
    if (moments.length === 0) return
    view.setState({ index: Math.max(0, Math.min(moments.length - 1, index)) })
    void readBooks()
  }
  const readBars = async (mine: number, symbol: string): Promise<void> => {
    view.setState({ symbol, bars: [] })
    const answer = await api.call('replayBars', { symbol })
    if (mine !== opening || view.getState().symbol !== symbol) return
    if (answer.ok) view.setState({ bars: answer.value.bars })
    else trouble(answer.error.message)
  }
  const readMoments = async (mine: number, count: number): Promise<boolean> => {
    const moments: ReplayMoment[] = []
    while (moments.length < count) {
      const page = await api.call('replayMoments', { from: moments.length, count: REPLAY_LIMITS.page })
      if (mine !== opening) return false
      if (!page.ok) {
        trouble(page.error.message)
        return false
      }
      if (page.value.moments.length === 0) break
      moments.push(...page.value.moments)
    }
    view.setState({ moments })
    return true
  }

  return {
    view,
    async list() {
      const answer = await api.call('recordings', null)
      view.setState(answer.ok ? { sessions: answer.value.sessions, problem: null } : { sessions: [], problem: answer.error.message })
    },
    async open(session) {
      const mine = ++opening
      view.setState({ ...NOTHING, status: { state: 'reading', session, done: 0, total: 0 } })
      let answer = await api.call('replayOpen', { session })
      while (mine === opening && answer.ok && answer.value.state === 'reading') {
        view.setState({ status: answer.value })
        await wait(POLL_MS)
        answer = await api.call('replayStatus', null)
      }
      if (mine !== opening) return
      if (!answer.ok) return view.setState({ status: { state: 'failed', session, problem: answer.error.message } })
      const status = answer.value
      if (status.state !== 'ready') return view.setState({ status })
      if (!(await readMoments(mine, status.summary.moments))) return
      await readBars(mine, status.summary.symbols[0] ?? '')
      if (mine !== opening) return
      view.setState({ status })
      const { moments } = view.getState()
      go(status.summary.identical ? moments.findIndex(isDecision) : moments.length - 1)
    },
    go,
    step(by) {
      const { moments, index, decisionsOnly } = view.getState()
      for (let next = index + by; next >= 0 && next < moments.length; next += by) {
        const moment = moments[next]
        if (moment === undefined || (decisionsOnly && !isDecision(moment))) continue
        return go(next)
      }
    },
    showDecisionsOnly(only) {
      view.setState({ decisionsOnly: only })
      const { moments, index } = view.getState()
      const now = moments[index]
      if (!only || now === undefined || isDecision(now)) return
      const later = moments.findIndex((moment) => moment.index > index && isDecision(moment))
      go(later >= 0 ? later : moments.findLastIndex(isDecision))
    },
    chooseSymbol: (symbol) => readBars(opening, symbol),
    close() {
      opening += 1
      view.setState(NOTHING)
      void api.call('replayClose', null)
    },
  }
}

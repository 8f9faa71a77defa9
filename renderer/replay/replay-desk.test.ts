/** What the scrubber shows: pages joined, steps and jumps kept inside, the newest place wins, an older opening is forgotten. */
import { describe, expect, it } from 'vitest'
import type { CockpitApi, CockpitMethod } from '../../engine/contract/cockpit.ts'
import type { ReplayMoment, ReplayStatus, ReplaySummary } from '../../engine/contract/replay.ts'
import { fail, ok } from '../../engine/contract/result.ts'
import { createReplayDesk, shownMoments, type ReplayDesk } from './replay-desk.ts'

const COUNT = 2_500
const moment = (index: number): ReplayMoment => ({
  index,
  input: index + 1,
  time: index * 1_000,
  kind: index % 5 === 0 ? 'fill' : 'bar',
  symbol: 'BTCUSDT',
  side: null,
  text: `moment ${index}`,
})
const summary = (session: string, identical: boolean): ReplaySummary => ({
  session,
  build: 'b',
  identical,
  runs: 1,
  inputs: COUNT,
  ticks: 1,
  compared: 1,
  unrecorded: 0,
  cut: '',
  replayedHash: '',
  divergence: null,
  symbols: ['BTCUSDT', 'ETHUSDT'],
  moments: COUNT,
  leftOut: 0,
})

/** A host that answers `replayAt` when told to. */
function host(identical = true) {
  const asked: (readonly [CockpitMethod, unknown])[] = []
  const held: (() => void)[] = []
  let hold = false
  let polls = 0
  let session = ''
  const status = (): ReplayStatus =>
    polls++ < 2 ? { state: 'reading', session, done: polls, total: 3 } : { state: 'ready', session, summary: summary(session, identical) }
  const answer = (method: CockpitMethod, arg: unknown): unknown => {
    const given = typeof arg === 'object' && arg !== null ? arg : {}
    if (method === 'recordings') return ok({ sessions: [] })
    if (method === 'replayOpen' && 'session' in given) {
      session = String(given.session)
      polls = 0
      return session === 'gone' ? fail('no-recording', 'there is no recording of session gone') : ok(status())
    }
    if (method === 'replayStatus') return ok(status())
    if (method === 'replayMoments' && 'from' in given && 'count' in given) {
      const from = Number(given.from)
      return ok({ moments: Array.from({ length: Math.min(Number(given.count), COUNT - from) }, (_, i) => moment(from + i)) })
    }
    if (method === 'replayBars') return ok({ bars: [] })
    if (method === 'replayAt' && 'index' in given)
      return ok({ moment: moment(Number(given.index)), entry: '{}', account: null, risk: null })
    return ok(null)
  }
  const call = (async (method: CockpitMethod, arg: unknown) => {
    asked.push([method, arg])
    if (hold && method === 'replayAt') await new Promise<void>((resolve) => held.push(resolve))
    return answer(method, arg)
  }) as CockpitApi['call']
  return {
    call,
    asked: (method: CockpitMethod): readonly unknown[] => asked.filter(([one]) => one === method).map(([, arg]) => arg),
    hold(next: boolean): void {
      hold = next
      if (!next) for (const go of held.splice(0)) go()
    },
    letOneGo: (): void => held.shift()?.(),
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
async function opened(identical = true): Promise<{ readonly desk: ReplayDesk; readonly at: ReturnType<typeof host> }> {
  const at = host(identical)
  const desk = createReplayDesk(at, () => Promise.resolve())
  await desk.open('mine')
  await settle()
  return { desk, at }
}

describe('replay desk', () => {
  it('reads until ready, joins the pages, and begins at the first decision', async () => {
    const { desk, at } = await opened()
    const view = desk.view.getState()
    expect(view.status.state).toBe('ready')
    expect(view.moments.map(({ index }) => index)).toEqual(Array.from({ length: COUNT }, (_, i) => i))
    expect(at.asked('replayMoments')).toEqual([
      { from: 0, count: 1_000 },
      { from: 1_000, count: 1_000 },
      { from: 2_000, count: 1_000 },
    ])
    expect(view).toMatchObject({ index: 0, symbol: 'BTCUSDT', books: { moment: moment(0) }, problem: null })
  })

  it('begins at the end when the replay differs: that is where it does', async () => {
    expect((await opened(false)).desk.view.getState().index).toBe(COUNT - 1)
  })

  it('steps by moment, or by decision, and never leaves the recording', async () => {
    const { desk } = await opened()
    desk.step(-1)
    expect(desk.view.getState().index).toBe(0)
    desk.step(1)
    expect(desk.view.getState().index).toBe(1)
    desk.showDecisionsOnly(true)
    expect(desk.view.getState().index).toBe(5)
    desk.step(1)
    expect(desk.view.getState().index).toBe(10)
    expect(shownMoments(desk.view.getState())).toHaveLength(COUNT / 5)
    desk.go(99_999)
    expect(desk.view.getState().index).toBe(COUNT - 1)
    desk.showDecisionsOnly(false)
    desk.showDecisionsOnly(true)
    expect(desk.view.getState().index).toBe(COUNT - 5)
    await settle()
    expect(desk.view.getState().books?.moment.index).toBe(COUNT - 5)
  })

  it('asks one question at a time while the slider moves, and shows the newest place', async () => {
    const { desk, at } = await opened()
    at.hold(true)
    for (let i = 1; i <= 300; i++) desk.go(i)
    await settle()
    expect(at.asked('replayAt')).toHaveLength(2)
    at.letOneGo()
    await settle()
    expect(at.asked('replayAt').slice(1)).toEqual([{ index: 1 }, { index: 300 }])
    at.hold(false)
    await settle()
    expect(desk.view.getState().books?.moment.index).toBe(300)
  })

  it('forgets what an older opening is still answered', async () => {
    const { desk, at } = await opened()
    at.hold(true)
    desk.go(7)
    desk.close()
    at.hold(false)
    await settle()
    expect(desk.view.getState()).toMatchObject({ index: -1, books: null, status: { state: 'none' } })
    expect(at.asked('replayClose')).toHaveLength(1)
  })

  it('says what cannot be opened', async () => {
    const at = host()
    const desk = createReplayDesk(at, () => Promise.resolve())
    await desk.open('gone')
    expect(desk.view.getState().status).toEqual({ state: 'failed', session: 'gone', problem: 'there is no recording of session gone' })
  })
})

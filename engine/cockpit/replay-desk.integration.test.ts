/** A recorded run of the whole engine, scrubbed: every decision with the books after it, bounded, and the first divergence by name. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aegis } from '../cli/main.ts'
import type { ReplayMoment, ReplayStatus } from '../contract/replay.ts'
import type { Result } from '../contract/result.ts'
import { RecordKind, RECORDINGS_FOLDER } from '../processes/brain/recording.ts'
import { replayIncident } from '../replay/incident.ts'
import { ScrubBook } from '../replay/scrub-book.ts'
import { replayDesk, type ReplayDesk } from './replay-desk.ts'

interface RunDocument {
  readonly fills: number
  readonly orders: number
  readonly realizedPnl: string
}
let data: string
let run: RunDocument
let session: string
let desk: ReplayDesk

const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

async function settled(of: ReplayDesk): Promise<ReplayStatus> {
  for (;;) {
    const status = of.status()
    if (status.state !== 'reading') return status
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function allMoments(of: ReplayDesk, count: number): Promise<readonly ReplayMoment[]> {
  const list: ReplayMoment[] = []
  while (list.length < count) {
    const page = must(await of.moments({ from: list.length, count: 50 })).moments
    if (page.length === 0) break
    list.push(...page)
  }
  return list
}

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'aegis-scrub-'))
  let text = ''
  const args = ['run', '--headless', '--tape', 'demo', '--seed', '3', '--strategy', 'placeholder', '--speed', '3600', '--for', '2s']
  const code = await aegis([...args, '--record', '--data', data, '--json'], {
    out: (more) => void (text += more),
    err: () => {},
    stopped: new Promise(() => {}),
  })
  expect(code).toBe(0)
  run = JSON.parse(text) as RunDocument
  desk = replayDesk({ dataDir: () => data, session: () => 'none' })
  session = must(await desk.recordings()).sessions[0]?.session ?? ''
})
afterAll(async () => {
  await desk.close()
  rmSync(data, { recursive: true, force: true })
})

it('lists what is recorded, and says which session runs now', async () => {
  expect(must(await desk.recordings()).sessions).toMatchObject([{ session, runs: 1, current: false, problem: null, symbols: ['BTCUSDT'] }])
  const running = replayDesk({ dataDir: () => data, session: () => session })
  expect(must(await running.recordings()).sessions[0]?.current).toBe(true)
})

it('steps through every decision of the run, with the books right after it', async () => {
  expect(await desk.at({ index: 0 })).toMatchObject({ ok: false, error: { code: 'no-replay' } })
  expect(await desk.open('nosuch')).toMatchObject({ ok: false, error: { code: 'no-recording' } })
  expect(must(await desk.open(session))).toMatchObject({ state: 'reading', session })
  const status = await settled(desk)
  if (status.state !== 'ready') throw new Error(JSON.stringify(status))
  expect(status.summary).toMatchObject({ identical: true, divergence: null, runs: 1, leftOut: 0, cut: '', symbols: ['BTCUSDT'] })

  const moments = await allMoments(desk, status.summary.moments)
  expect(moments).toHaveLength(status.summary.moments)
  expect(moments.map(({ index }) => index)).toEqual(moments.map((_, i) => i))
  for (const [i, moment] of moments.entries()) expect(moment.input).toBeGreaterThanOrEqual(moments[i - 1]?.input ?? 0)
  const of = (kind: string): readonly ReplayMoment[] => moments.filter((moment) => moment.kind === kind)
  expect(of('fill')).toHaveLength(run.fills)
  expect(of('bar')).toHaveLength(120)
  expect(of('intent').filter(({ text }) => text.startsWith('place'))).toHaveLength(run.orders)

  const last = must(await desk.at({ index: moments.length - 1 }))
  expect(last.account.realizedPnl).toBe(run.realizedPnl)
  const filled = of('fill')[0]
  const books = must(await desk.at({ index: filled?.index ?? -1 }))
  expect(books.moment).toEqual(filled)
  expect(books.account.positions).toMatchObject([{ symbol: 'BTCUSDT' }])
  const before = must(await desk.at({ index: moments.findIndex(({ input }) => input === filled?.input) - 1 }))
  expect(before.account.positions).toHaveLength(0)
  expect(await desk.at({ index: moments.length })).toMatchObject({ ok: false, error: { code: 'no-moment' } })

  const { bars } = must(await desk.bars({ symbol: 'BTCUSDT' }))
  expect(bars.length).toBeGreaterThan(120)
  expect(must(await desk.bars({ symbol: 'NONE' })).bars).toEqual([])
  await desk.close()
  expect(desk.status()).toEqual({ state: 'none' })
  expect(await desk.moments({ from: 0, count: 1 })).toMatchObject({ ok: false, error: { code: 'no-replay' } })
})

it('keeps the newest decisions when there are too many, and counts the others', () => {
  const [all, few] = [new ScrubBook(() => {}), new ScrubBook(() => {}, 10)]
  must(replayIncident(data, session, all))
  must(replayIncident(data, session, few))
  const decisions = (book: ScrubBook): readonly ReplayMoment[] => book.moments(0, 10_000).filter(({ kind }) => kind !== 'bar')
  expect(decisions(few)).toHaveLength(10)
  expect(few.leftOut).toBe(decisions(all).length - 10)
  const plain = ({ index: _index, ...rest }: ReplayMoment): object => rest
  expect(decisions(few).map(plain)).toEqual(decisions(all).slice(-10).map(plain))
  expect(few.moments(0, 1)[0]?.input).toBeGreaterThanOrEqual(decisions(few)[0]?.input ?? Infinity)
})

/** The recording with one event in its middle that the live brain never saw. */
function plantEvent(file: string): void {
  const whole = readFileSync(file)
  const event = Buffer.from(JSON.stringify({ type: 'tradingState', at: 0, state: 'halted', reason: 'never happened' }))
  const raw = Buffer.concat([Buffer.from([RecordKind.event, 0, 0, 0, 0]), event])
  raw.writeUInt32LE(event.length, 1)
  const packed = deflateRawSync(raw)
  const head = Buffer.alloc(8)
  head.writeUInt32LE(packed.length, 0)
  head.writeUInt32LE(raw.length, 4)
  let at = 0
  while (at < whole.length / 2) at += 8 + whole.readUInt32LE(at)
  writeFileSync(file, Buffer.concat([whole.subarray(0, at), head, packed, whole.subarray(at)]))
}

it('says where a replay first differs from what the live brain wrote, and shows the books up to there', async () => {
  const folder = join(data, RECORDINGS_FOLDER, session)
  const file = join(folder, readdirSync(folder)[0] ?? '')
  const whole = readFileSync(file)
  plantEvent(file)
  must(await desk.open(session))
  const status = await settled(desk)
  writeFileSync(file, whole)
  if (status.state !== 'ready') throw new Error(JSON.stringify(status))
  expect(status.summary.identical).toBe(false)
  expect(status.summary.divergence?.replayed).toContain('never happened')
  const moments = await allMoments(desk, status.summary.moments)
  expect(moments.at(-1)).toMatchObject({ kind: 'trading-state', text: 'halted: never happened', input: status.summary.divergence?.input })
})

it('shows a thread that dies as a failed replay', async () => {
  const entry = join(data, 'dies.mjs')
  writeFileSync(
    entry,
    `import { parentPort, workerData } from 'node:worker_threads'
if (workerData.wanted === 'replay') throw new Error('planted death')
const known = { session: '${session}', bytes: 1 }
parentPort.postMessage({ v: 1, kind: 'event', seq: 1, ts: 0, topic: 'sessions', data: { ok: true, value: [known] } })`,
  )
  const own = replayDesk({ dataDir: () => data, session: () => '', entry: new URL(`file://${entry}`) })
  must(await own.open(session))
  expect(await settled(own)).toMatchObject({ state: 'failed', problem: "the replay's thread ended: planted death" })
})

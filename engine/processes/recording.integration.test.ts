/** The space of recordings: bounded over all sessions, the oldest whole ones go, never the current one, and foreign files stay. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as v from 'valibot'
import { createBrain } from '../brain/state.ts'
import { RailsSchema, StrategySchema } from '../contract/settings.ts'
import { createPlaceholder } from '../strategy/placeholder.ts'
import { openRecording, RECORDINGS_FOLDER, type Recording } from './brain/recording.ts'
import { makeRoom, sessionSpaces } from './brain/recording-space.ts'

let dataDir: string
let root: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'recording-'))
  root = join(dataDir, RECORDINGS_FOLDER)
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

/** A session of segments of 1,000 bytes, last written at `seconds`. */
function plant(session: string, segments: number, seconds: number): void {
  mkdirSync(join(root, session), { recursive: true })
  for (let i = 0; i < segments; i++) {
    const file = join(root, session, `000000000001-${String(i).padStart(5, '0')}.rec`)
    writeFileSync(file, Buffer.alloc(1_000))
    utimesSync(file, seconds, seconds)
  }
}
const sessions = (): readonly string[] => sessionSpaces(root).map(({ session }) => session)
const bytes = (): number => sessionSpaces(root).reduce((sum, one) => sum + one.bytes, 0)

it('takes the oldest whole sessions until the rest fits', () => {
  plant('newest', 2, 300)
  plant('oldest', 3, 100)
  plant('middle', 4, 200)
  expect(makeRoom(root, 'newest', 9_000)).toBe(9_000)
  expect(sessions()).toEqual(['oldest', 'middle', 'newest'])
  expect(makeRoom(root, 'newest', 8_999)).toBe(6_000)
  expect(sessions()).toEqual(['middle', 'newest'])
  expect(existsSync(join(root, 'oldest'))).toBe(false)
})

it('never takes the current session, however old, nor a file that is no segment', () => {
  plant('current', 5, 1)
  plant('other', 1, 200)
  writeFileSync(join(root, 'other', 'notes.txt'), 'mine')
  writeFileSync(join(root, 'readme'), 'mine')
  expect(makeRoom(root, 'current', 0)).toBe(5_000)
  expect(sessions()).toEqual(['current'])
  expect(readdirSync(join(root, 'other'))).toEqual(['notes.txt'])
  expect(readdirSync(root)).toContain('readme')
})

it('has nothing to do where nothing was recorded', () => {
  expect(makeRoom(join(root, 'none'), 'x', 0)).toBe(0)
})

const state = () =>
  createBrain({
    session: 'testtest',
    symbols: [],
    filters: [],
    tiers: new Map(),
    rails: v.parse(RailsSchema, {}),
    strategySettings: v.parse(StrategySchema, {}),
    createStrategy: createPlaceholder,
    leverage: 1,
    hedge: false,
    rate: 1,
    proofMs: 1,
    tradingState: 'active',
    counter: 0,
  })

const noise = Float64Array.from({ length: 800 }, (_, i) => Math.sin(i * 12.9898) * 43_758.5453)
function write(recording: Recording, batches: number): void {
  for (let i = 0; i < batches; i++)
    recording.ticks(
      noise.map((one) => one * (i + 1)),
      100,
      i,
    )
}

it('makes room for itself at its start and while it grows, and tells nobody', () => {
  plant('a', 100, 100)
  plant('b', 100, 200)
  plant('c', 100, 300)
  const said: string[] = []
  const options = { dataDir, session: 'mine', build: 'test', log: (text: string): void => void said.push(text) }
  const recording = openRecording({ ...options, segmentBytes: 50_000, totalBytes: 340_000 })
  recording.begin(state(), 1)
  expect(sessions()).toEqual(['b', 'c'])
  write(recording, 30)
  recording.close()
  expect(recording.ended).toBe('')
  expect(said).toEqual([])
  expect(sessions()).toEqual(['c', 'mine'])
  expect(bytes()).toBeLessThanOrEqual(340_000)
  expect(readdirSync(join(root, 'mine')).length).toBeGreaterThan(2)
})

it('stops at its largest size when it alone fills the space, and says so once', () => {
  plant('old', 10, 100)
  const said: string[] = []
  const options = { dataDir, session: 'mine', build: 'test', log: (text: string): void => void said.push(text) }
  const recording = openRecording({ ...options, segmentBytes: 100_000, totalBytes: 400_000 })
  recording.begin(state(), 1)
  write(recording, 500)
  recording.close()
  expect(recording.ended).toContain('largest size')
  expect(said).toHaveLength(1)
  expect(sessions()).toEqual(['mine'])
  const folder = join(root, 'mine')
  expect(readdirSync(folder).toSorted()[0]).toBe('000000000001-00000.rec')
  expect(readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)).toBeLessThanOrEqual(400_000)
})

it('counts what an earlier brain of the same session wrote', () => {
  const options = { dataDir, session: 'mine', build: 'test', log: () => {}, segmentBytes: 50_000, totalBytes: 200_000 }
  for (const seq of [1, 2, 3, 4]) {
    const recording = openRecording(options)
    recording.begin(state(), seq)
    write(recording, 20)
    recording.close()
  }
  expect(bytes()).toBeLessThanOrEqual(200_000)
  expect(readdirSync(join(root, 'mine')).some((name) => name.startsWith('000000000001'))).toBe(true)
})

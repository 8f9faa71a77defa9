/** A recorded session replays bit by bit, over a restart too; a changed decision is found; a cut recording is said to be cut. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { expect, it } from 'vitest'
import type { Recorder } from '../brain/recorder.ts'
import { brainOnSimulator, type Harness } from '../processes/fixtures/brain-on-simulator.ts'
import { beginningOf, openRecording, RecordKind, RECORDINGS_FOLDER, type Recording } from '../processes/brain/recording.ts'
import { replayIncident } from './incident.ts'

const SESSION = 'testtest'

/** What the brain's process does with its recording, for the harness: begun at the first input of each new brain. */
function blackBox(dataDir: string, harness: () => Harness | undefined, segmentBytes: number): { recorder: Recorder; next(): void } {
  let recording: Recording | null = null
  let begun = false
  const waiting: ((to: Recording) => void)[] = []
  const put = (write: (to: Recording) => void): void => {
    const h = harness()
    if (h !== undefined && !begun) {
      begun = true
      recording = openRecording({ dataDir, session: SESSION, build: 'test', log: () => {}, segmentBytes, totalBytes: 1e9 })
      recording.begin(h.runtime().state, beginningOf(h.journal(), SESSION))
    }
    if (recording === null) waiting.push(write)
    else {
      for (const one of waiting.splice(0)) one(recording)
      write(recording)
    }
  }
  return {
    recorder: {
      ticks: (view, count, at) => {
        const copy = view.slice(0, count * 8)
        put((to) => to.ticks(copy, count, at))
      },
      event: (event) => put((to) => to.event(event)),
    },
    next() {
      recording?.close()
      recording = null
      begun = false
    },
  }
}

it('replays a recorded session to identical decisions, and shows the first that differs', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'incident-'))
  let harness: Harness | undefined
  const box = blackBox(dataDir, () => harness, 20_000)
  try {
    harness = await brainOnSimulator({
      dataDir,
      simulator: { horizonMs: 500 * 60_000, seed: 7 },
      settings: { seed: 7 },
      recorder: box.recorder,
    })
    const half = harness.simulator.exchange.now + 250 * 60_000
    await harness.play(() => (harness?.simulator.exchange.now ?? 0) > half)
    harness.runtime().publish(true)
    await harness.runtime().barrier({ step: 0, time: harness.simulator.exchange.now, ringHead: 0, userFrames: 0 })
    box.next()
    await harness.restart()
    await harness.play()
    box.next()
    await harness.close()

    const report = replayIncident(dataDir, SESSION)
    if (!report.ok) throw new Error(report.error.message)
    expect(report.value.runs).toHaveLength(2)
    const run = report.value.runs[1]
    expect(report.value.identical).toBe(true)
    expect(run?.compared).toBeGreaterThan(50)
    expect(run).toMatchObject({ divergence: null, unrecorded: 0, cut: '' })
    expect(run?.replayedHash).toBe(run?.recordedHash)

    const folder = join(dataDir, RECORDINGS_FOLDER, SESSION)
    const files = readdirSync(folder)
      .toSorted()
      .map((name) => join(folder, name))
    expect(files.length).toBeGreaterThan(1)
    const last = files.at(-1) ?? ''
    const whole = readFileSync(last)

    truncateSync(last, whole.length - 5)
    expect(replayIncident(dataDir, SESSION)).toMatchObject({
      ok: true,
      value: { identical: true, runs: [{ cut: '' }, { cut: expect.stringContaining('ends in') }] },
    })
    writeFileSync(last, whole)

    // One event that the live brain never saw, in front of the last segment: the replay must say where it shows.
    const event = Buffer.from(JSON.stringify({ type: 'tradingState', at: 0, state: 'halted', reason: 'never happened' }))
    const raw = Buffer.concat([Buffer.from([RecordKind.event, 0, 0, 0, 0]), event])
    raw.writeUInt32LE(event.length, 1)
    const packed = deflateRawSync(raw)
    const head = Buffer.alloc(8)
    head.writeUInt32LE(packed.length, 0)
    head.writeUInt32LE(raw.length, 4)
    const middle = files[Math.floor(files.length / 2)] ?? ''
    appendFileSync(middle, Buffer.concat([head, packed]))
    const changed = replayIncident(dataDir, SESSION)
    if (!changed.ok) throw new Error(changed.error.message)
    expect(changed.value.identical).toBe(false)
    expect(changed.value.runs.find((one) => !one.identical)?.divergence?.replayed).toContain('never happened')
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})

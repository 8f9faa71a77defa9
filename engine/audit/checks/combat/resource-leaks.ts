/** C4.2: 50 start/stop cycles with dropped sockets leave no descriptor, listener, process or shared memory behind (INV-11). */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCheck, skipped, verdict } from '../../check.ts'
import { seeded } from '../../material.ts'
import type { Seams } from '../../seams.ts'

const CYCLES = 50
const WARM_UP = 5
const ALLOWED = 4

interface Holdings {
  readonly descriptors: number
  readonly listeners: number
  readonly children: number
}

/** What this process holds right now, by the kernel's own books. */
function holdings(): Holdings {
  const children = readdirSync('/proc/self/task').flatMap((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter((pid) => pid !== '')
    } catch {
      return []
    }
  })
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    listeners: process.eventNames().reduce((n, name) => n + process.listenerCount(name), 0),
    children: children.length,
  }
}

/** One life: exchange, adapter with its user stream, ring, journal; the sockets are cut in the middle. */
async function life(seams: Seams, directory: string, cycle: number): Promise<string[]> {
  const problems: string[] = []
  const simulator = await seams.startSimulator({ seed: cycle + 1, autoplay: false, timebase: 'wall' })
  if (!simulator.ok) return [`cycle ${cycle}: the exchange does not start: ${simulator.error.message}`]
  const { value: server } = simulator
  const venue = seams.createVenue({
    endpoints: { rest: server.rest, ws: server.ws, rate: 1, real: false },
    credentials: { key: server.key, secret: server.secret },
    source: 'brain',
    random: seeded(cycle),
  })
  await venue.clock.sync()
  const streaming = await venue.userStream?.start()
  if (streaming?.ok !== true) problems.push(`cycle ${cycle}: the private stream does not connect`)
  server.fault({ on: 'time', effect: { do: 'cutSockets' } })
  const read = await venue.private?.openOrders()
  if (read?.ok !== true) problems.push(`cycle ${cycle}: a signed read fails`)
  const ring = join(directory, 'ring')
  const producer = seams.createProducer(ring)
  const reader = seams.createReader(ring, { index: 0 })
  if (!producer.ok || !reader.ok) problems.push(`cycle ${cycle}: the ring does not open`)
  if (reader.ok) reader.value.close()
  if (producer.ok) producer.value.close()
  const journal = seams.openJournal(join(directory, 'journal.sqlite'), { build: 'audit', session: 'aaaaaaaa', process: 'brain' })
  if (journal.ok) journal.value.close()
  else problems.push(`cycle ${cycle}: the journal does not open`)
  await venue.userStream?.stop()
  await venue.close()
  await server.close()
  return problems
}

/** Sockets are torn down by the kernel a moment after they are closed here. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 250))

export const resourceLeaks = defineCheck({
  id: 'C4.2',
  suite: 'combat',
  dimension: 'resources',
  title: 'Resources',
  risk: 'RISKY',
  invariant: 'INV-11',
  run: async ({ seams, directory, signal }) => {
    if (process.platform !== 'linux')
      return skipped('descriptors are counted in /proc, which this system has not', `≤ warm-up + ${ALLOWED} descriptors`)
    const problems: string[] = []
    let before: Holdings | undefined
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      if (cycle === WARM_UP) {
        await settle()
        before = holdings()
      }
      problems.push(...(await life(seams, directory, cycle)))
      signal.throwIfAborted()
    }
    await settle()
    const after = holdings()
    const grown = {
      descriptors: after.descriptors - (before?.descriptors ?? 0),
      listeners: after.listeners - (before?.listeners ?? 0),
      children: after.children - (before?.children ?? 0),
    }
    if (grown.descriptors > ALLOWED) problems.push(`${grown.descriptors} descriptors more than after warm-up`)
    if (grown.listeners > 0) problems.push(`${grown.listeners} process listeners more than after warm-up`)
    if (grown.children > 0) problems.push(`${grown.children} child processes are left`)
    return verdict(
      problems,
      `${CYCLES} lives: descriptors ${grown.descriptors >= 0 ? '+' : ''}${grown.descriptors}, listeners +${grown.listeners}, children +${grown.children}`,
      `descriptors ≤ warm-up + ${ALLOWED}, no listener, no process left`,
      { cycles: CYCLES, ...grown },
    )
  },
  sabotages: [
    {
      name: 'the ring is not closed',
      seams: (real) => ({
        ...real,
        createReader: (path, options) => {
          const opened = real.createReader(path, options)
          return opened.ok
            ? { ok: true, value: Object.assign(Object.create(opened.value) as typeof opened.value, { close: () => {} }) }
            : opened
        },
        createProducer: (path, options) => real.createProducer(`${path}-${Math.trunc(performance.now() * 1_000)}`, options),
      }),
    },
    {
      name: 'every adapter leaves a listener on the process',
      seams: (real) => ({
        ...real,
        createVenue: (options) => {
          process.setMaxListeners(0)
          process.on('aegis-audit-leak', () => {})
          return real.createVenue(options)
        },
      }),
    },
  ],
})

/** C3.2: concurrent changes of the account all count; a crash between any two steps of an intent loses nothing (INV-03, INV-06). */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { JournalEntry } from '../../../contract/journal-kinds.ts'
import { toText } from '../../../money/decimal.ts'
import type { Ledger } from '../../../money/ledger.ts'
import { defineCheck, verdict } from '../../check.ts'
import { seeded, shuffled, text } from '../../material.ts'
import type { Seams } from '../../seams.ts'

const yieldTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** `count` tasks, each taking `amount`, interleaved over turns of the event loop by the seed. */
async function withdraw(seams: Seams, count: number, amount: string, start: string, seed: number): Promise<string> {
  const ledger: Ledger = seams.createLedger({ wallet: text(start) })
  const random = seeded(seed)
  await Promise.all(
    shuffled([...Array(count).keys()], random).map(async (k) => {
      if (random() < 0.5) await yieldTurn()
      await seams.changeWallet(ledger, { kind: 'transfer', id: `t${k}`, amount: text(`-${amount}`) })
      if (random() < 0.2) await yieldTurn()
    }),
  )
  return toText(ledger.wallet())
}

const AT = 1_700_000_000_000
const CLIENT = 'audit-C3.2-1'

/** The steps of one order, as they are journaled. */
const STEPS: readonly JournalEntry[] = [
  {
    kind: 'intent',
    time: AT,
    ref: CLIENT,
    symbol: 'BTCUSDT',
    payload: {
      action: 'place',
      clientId: CLIENT,
      book: 'regular',
      role: 'entry',
      counter: 1,
      reason: 'audit',
      request: { clientId: CLIENT, symbol: 'BTCUSDT', side: 'BUY', positionSide: 'BOTH', type: 'MARKET', quantity: text('0.01') },
    },
  },
  {
    kind: 'request-ambiguous',
    time: AT + 1,
    ref: CLIENT,
    symbol: 'BTCUSDT',
    payload: { action: 'place', clientId: CLIENT, code: 'ambiguous', message: 'timeout' },
  },
  {
    kind: 'request-outcome',
    time: AT + 2,
    ref: CLIENT,
    symbol: 'BTCUSDT',
    payload: { action: 'place', clientId: CLIENT, outcome: 'found' },
  },
]

/** What a process killed after `done` steps leaves on disk, and whether the next one knows about the order. */
function crash(seams: Seams, directory: string, done: number): string[] {
  const live = join(directory, `live-${done}`)
  const image = join(directory, `image-${done}`)
  mkdirSync(live, { recursive: true })
  mkdirSync(image, { recursive: true })
  const problems: string[] = []
  const open = seams.openJournal(join(live, 'journal.sqlite'), { build: 'audit', session: 'aaaaaaaa', process: 'brain' })
  if (!open.ok) return [`the journal does not open: ${open.error.message}`]
  for (const step of STEPS.slice(0, done)) {
    const appended = open.value.appendAll([step])
    if (!appended.ok) problems.push(`step ${step.kind}: ${appended.error.message}`)
  }
  // Copied while open: the very bytes a SIGKILL at this moment leaves behind.
  for (const name of ['journal.sqlite', 'journal.sqlite-wal']) {
    if (existsSync(join(live, name))) copyFileSync(join(live, name), join(image, name))
  }
  open.value.close()
  const again = seams.openJournal(join(image, 'journal.sqlite'), { build: 'audit', session: 'bbbbbbbb', process: 'brain' })
  if (!again.ok) return [...problems, `after a crash behind step ${done} the journal does not open: ${again.error.message}`]
  const rows = again.value.rows({ sessions: ['aaaaaaaa'] })
  const unresolved = again.value.unresolved()
  const verified = again.value.verify()
  again.value.close()
  if (!rows.ok || rows.value.length !== done) problems.push(`after ${done} steps ${rows.ok ? rows.value.length : 'no'} rows are there`)
  const open1 = done === 1 || done === 2 ? 1 : 0
  if (!unresolved.ok || unresolved.value.length !== open1)
    problems.push(
      `after ${done} steps ${unresolved.ok ? unresolved.value.length : '?'} orders are known to be unresolved, must be ${open1}`,
    )
  if (!verified.ok || !verified.value.ok) problems.push(`after ${done} steps the chain does not verify`)
  return problems
}

export const atomicState = defineCheck({
  id: 'C3.2',
  suite: 'combat',
  dimension: 'state',
  title: 'Atomic state',
  risk: 'CRITICAL',
  invariant: 'INV-06',
  run: async ({ seams, seed, directory }) => {
    const problems: string[] = []
    for (const [count, amount, start, want] of [
      [5, '100', '1000', '500'],
      [50, '1.1', '1000', '945'],
      [5_000, '0.1', '1000', '500'],
    ] as const) {
      const got = await withdraw(seams, count, amount, start, seed)
      if (got !== want) problems.push(`${count} × ${amount} from ${start} leaves ${got}, must be ${want}`)
    }
    for (let done = 0; done <= STEPS.length; done++) problems.push(...crash(seams, directory, done))
    return verdict(
      problems,
      '5 × 100 from 1000 = 500; 50 and 5,000 concurrent changes exact; 4 crash points, nothing lost',
      'every change counts once; an intent survives a crash at any step',
      { crashPoints: STEPS.length + 1 },
    )
  },
  sabotages: [
    {
      name: 'the reducer awaits between reading and writing',
      seams: (real) => ({
        ...real,
        changeWallet: async (ledger, change) => {
          const before = ledger.wallet()
          await yieldTurn()
          ledger.setWallet(text(toText(before.plus(change.amount))))
        },
      }),
    },
    {
      name: 'the journal keeps rows in memory until it is closed',
      seams: (real) => ({
        ...real,
        openJournal: (path, options) => {
          const opened = real.openJournal(path, options)
          if (!opened.ok) return opened
          const kept: JournalEntry[] = []
          const { value } = opened
          return {
            ok: true,
            value: {
              ...value,
              appendAll: (entries) => {
                kept.push(...entries)
                return { ok: true, value: kept.length }
              },
              close: () => {
                value.appendAll(kept)
                value.close()
              },
            },
          }
        },
      }),
    },
    {
      name: 'an ambiguous outcome closes the intent',
      seams: (real) => ({
        ...real,
        openJournal: (path, options) => {
          const opened = real.openJournal(path, options)
          if (!opened.ok) return opened
          const { value } = opened
          return {
            ok: true,
            value: {
              ...value,
              appendAll: (entries) =>
                value.appendAll(
                  entries.map((e): JournalEntry =>
                    e.kind === 'request-ambiguous'
                      ? { ...e, kind: 'request-outcome', payload: { action: 'place', clientId: CLIENT, outcome: 'rejected' } }
                      : e,
                  ),
                ),
            },
          }
        },
      }),
    },
  ],
})

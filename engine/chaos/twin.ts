/**
 * A twin engine for proofs (INV-14): the same processes as the trader's engine, with a folder, ring, journal and exchange of its
 * own. It never sees the trader's data, keys or venue.
 */
import { join } from 'node:path'
import type { ProcessName } from '../contract/processes.ts'
import { parseSettings } from '../contract/settings.ts'
import { InvariantError } from '../contract/result.ts'
import { codeVersion } from '../supervisor/code-version.ts'
import type { EngineEvent, EngineHandle } from '../supervisor/engine-handle.ts'
import type { Stage } from './scenario.ts'

export interface Twin {
  readonly engine: EngineHandle
  /** The newest event of a kind. */
  last<K extends EngineEvent['kind']>(kind: K): Extract<EngineEvent, { kind: K }> | undefined
  /** Every log line of level warn or error, bounded to the first 200. */
  readonly complaints: string[]
  /** Resolves true when `holds` becomes true, false after `limitMs`; asked 50 times a second. */
  until(holds: () => boolean, limitMs: number): Promise<boolean>
  /** Stops the tape and waits until nothing is in flight. */
  settle(): Promise<void>
  /** Differences between the ledger and the exchange's own account, and open mismatches; empty = equal to the last digit. */
  differences(): Promise<string[]>
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const LIMIT = 200

/** Starts it and waits until it may trade; stopped when the scenario ends. Throws when it does not come up: the scenario fails. */
export async function startTwin(stage: Stage, settings: Readonly<Record<string, unknown>>): Promise<Twin> {
  const parsed = parseSettings({ mode: 'simulated', seed: stage.seed, ...settings })
  if (!parsed.ok) throw new InvariantError(`Invariant: twin settings: ${parsed.error.message}`)
  const started = stage.seams.startEngine(parsed.value, {
    spawner: stage.seams.spawner(),
    dataDir: join(stage.directory, 'twin'),
    build: codeVersion().build,
    host: 'node',
  })
  if (!started.ok) throw new Error(`the twin does not start: ${started.error.message}`)
  const engine = started.value
  stage.defer(() => engine.stop())
  const newest = new Map<EngineEvent['kind'], EngineEvent>()
  const complaints: string[] = []
  engine.on((event) => {
    newest.set(event.kind, event)
    if (event.kind === 'log' && event.line.level !== 'info' && event.line.level !== 'debug' && complaints.length < LIMIT) {
      complaints.push(`${event.source}: ${event.line.text}`)
    }
  })
  const ready = await engine.ready
  if (!ready.ok) throw new Error(`the twin does not come up: ${ready.error.message}`)

  const twin: Twin = {
    engine,
    complaints,
    last: <K extends EngineEvent['kind']>(kind: K) => newest.get(kind) as Extract<EngineEvent, { kind: K }> | undefined,
    async until(holds, limitMs) {
      const deadline = performance.now() + limitMs
      while (!holds()) {
        if (performance.now() > deadline) return false
        stage.signal.throwIfAborted()
        await wait(20)
      }
      return true
    },
    async settle() {
      await engine.simulator.pause()
      for (let i = 0; i < 100; i++) {
        const book = await engine.book()
        if (book.ok && book.value.unresolved.length === 0 && book.value.openOrders.every((o) => !o.state.includes('InFlight'))) return
        await wait(100)
      }
    },
    async differences() {
      const [account, book, report] = [await engine.simulator.account(), await engine.book(), await engine.reconcile('manual')]
      const problems: string[] = []
      if (!account.ok || !book.ok) return ['the book or the exchange’s account cannot be read']
      if (Number(account.value.wallet) !== Number(book.value.wallet) || plain(account.value.wallet) !== plain(book.value.wallet)) {
        problems.push(`wallet: ledger ${book.value.wallet}, exchange ${account.value.wallet}`)
      }
      const ours = book.value.positions
        .filter((p) => plain(p.quantity) !== '0')
        .map((p) => `${p.symbol} ${p.positionSide} ${plain(p.quantity)}`)
      const theirs = account.value.positions
        .filter((p) => plain(p.quantity) !== '0')
        .map((p) => `${p.symbol} ${p.positionSide} ${plain(p.quantity)}`)
      if (ours.toSorted().join() !== theirs.toSorted().join())
        problems.push(`positions: ledger [${ours.join('; ')}], exchange [${theirs.join('; ')}]`)
      if (!report.ok) problems.push(`reconciliation failed: ${report.error.message}`)
      else if (!report.value.conclusive) problems.push(`reconciliation inconclusive: ${report.value.error ?? 'no reason'}`)
      else for (const m of report.value.mismatches.filter((one) => one.state === 'open')) problems.push(`mismatch ${m.kind}: ${m.summary}`)
      return problems
    },
  }
  return twin
}

/** Decimal text without trailing zeros, so that "1.50" equals "1.5". */
const plain = (text: string): string => (text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text)

export const processRow = (twin: Twin, name: ProcessName) => twin.engine.processes().find((row) => row.name === name)

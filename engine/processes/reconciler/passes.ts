/**
 * Reconciliation as it runs: looks, the two-look rule, automatic repair, the register, reports.
 *
 * - A difference counts only when two looks in a row show the very same one while the book stood still, or three whatever moved:
 *   an event that is on its way is no mismatch.
 * - What is proved is repaired at once (missing fill, lost order, missing stop) and looked at again; the register closes it with that proof.
 * - A look that failed changes nothing: the report says inconclusive, and the schedule tries again in 5 s.
 * - Looks never overlap.
 */
import type { JournalKinds } from '../../contract/journal-kinds.ts'
import type { Mismatch, MismatchAction, ReconciliationReport, Repair } from '../../contract/mismatch.ts'
import { ok, type Result } from '../../contract/result.ts'
import type { AccountSnapshot } from '../../contract/venue.ts'
import { toText } from '../../money/decimal.ts'
import type { Finding } from '../../reconciliation/finding.ts'
import { EMPTY_REGISTER, listed, openCritical, settle, updateRegister, type Register } from '../../reconciliation/register.ts'
import { isAutomatic, propose, type Proposal } from '../../reconciliation/repairs.ts'
import { depthOf, type Depth } from '../../reconciliation/schedule.ts'
import type { KillHands } from './kill-hands.ts'
import { lookAtBoth, type Look, type LookFailure, type TradesSeen } from './venue-look.ts'
import type { Again, LookDeps } from './venue-read.ts'

export interface PassDeps extends LookDeps {
  readonly hands: KillHands
  repair(repair: Repair): Promise<{ applied: boolean; reason: string }>
  record(kind: 'mismatch', payload: JournalKinds['mismatch'], ref: string, symbol: string): void
  emitReport(report: ReconciliationReport): void
  emitMismatches(list: readonly Mismatch[]): void
  emitHalt(reason: string): void
  log(level: 'info' | 'warn' | 'error', text: string): void
  monotonic(): number
}

export interface Passes {
  reconcile(reason: ReconciliationReport['reason'], depth?: Depth): Promise<ReconciliationReport>
  resolve(id: string, action: MismatchAction, reason: string): Promise<{ done: boolean; text: string }>
  /** Symbols with something open as last seen; null before the first look. */
  readonly openSymbols: ReadonlySet<string> | null
}

/** Trades are remembered this much longer than the audits look back. */
const KEPT_BEFORE_MS = 600_000
const INCOME_AGAIN_MS = 60_000
const PAUSES_MS = [250, 500, 1_000] as const

/** What must be the same in two looks. An age or a skew never is; that it is too large must be. */
const signature = (f: Finding): string => (f.kind === 'stale-data' || f.kind === 'clock-drift' ? f.id : `${f.id}|${f.local}|${f.venue}`)

const INCOME_KINDS = new Set<string>(['missing-income', 'income-drift'])
/** Venue time from which on the history shows what a mismatch of the income is about. */
const incomeTimeOf = (m: Mismatch): number => (typeof m.evidence['time'] === 'number' ? m.evidence['time'] : Infinity)
const fillTimeOf = (m: Mismatch): number => {
  const { fill } = m.evidence
  return typeof fill === 'object' && fill !== null && 'time' in fill && typeof fill.time === 'number' ? fill.time : 0
}

export function createPasses(deps: PassDeps): Passes {
  let register: Register = EMPTY_REGISTER
  const seenUpTo = new Map<string, number>()
  let incomeSeenUpTo = 0
  let openSymbols: ReadonlySet<string> | null = null
  let lastAccount: AccountSnapshot | null = null
  let haltedFor = new Set<string>()
  let queue: Promise<unknown> = Promise.resolve()

  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.then(work, work)
    queue = next.catch(() => undefined)
    return next
  }

  const tradesSeen = (): TradesSeen => {
    const oldest = new Map<string, number>()
    for (const m of register.values()) {
      if (m.kind !== 'missing-fill' || m.state !== 'open') continue
      const time = fillTimeOf(m)
      oldest.set(m.symbol, Math.min(oldest.get(m.symbol) ?? Infinity, time))
    }
    return { since: (symbol) => Math.min(seenUpTo.get(symbol) ?? 0, oldest.get(symbol) ?? Infinity), open: new Set(oldest.keys()) }
  }
  /** The heaviest question of the audit is not asked twice a minute, unless something about it is open. */
  const incomeOpen = (): boolean => [...register.values()].some((m) => INCOME_KINDS.has(m.kind) && m.state === 'open')
  const incomeDue = (): boolean => incomeOpen() || deps.now() - incomeSeenUpTo > INCOME_AGAIN_MS
  /** Income is read from where the last audit ended, or from the oldest record that is still open. */
  const incomeSince = (): number => {
    let since = incomeSeenUpTo
    for (const m of register.values()) if (INCOME_KINDS.has(m.kind) && m.state !== 'fixed') since = Math.min(since, incomeTimeOf(m))
    return since
  }
  /** Trades seen by a conclusive look need not be read again, and the oldest still needed bounds what is remembered. */
  const tradesCompared = (look: Look, startedAt: number): void => {
    for (const symbol of look.scope.fillSymbols) seenUpTo.set(symbol, startedAt)
    const { since } = tradesSeen()
    deps.journal.forgetBefore(Math.min(...deps.symbols.map(since), incomeSince()) - KEPT_BEFORE_MS)
  }

  /** Looks until what differs is certain. The findings of the result are the certain ones. */
  const certainLook = async (
    depth: Depth,
    withFilters: boolean,
    withIncome: boolean,
    after: Again | null,
  ): Promise<Result<Look & { readonly certain: readonly Finding[]; readonly again: Again }, LookFailure>> => {
    let streak = new Map<string, number>()
    let revision = -1
    let again = after
    let [askIncome, incomeClean] = [withIncome, false]
    for (let round = 0; ; round++) {
      const seen = await lookAtBoth(deps, depth, tradesSeen(), withFilters, { since: incomeSince(), always: askIncome }, again)
      if (!seen.ok) return seen
      const look = seen.value
      // Read again only where it differed: it is the heaviest question of the audit.
      if (look.scope.income) incomeClean = !look.comparison.findings.some((f) => INCOME_KINDS.has(f.kind))
      askIncome = look.scope.income && !incomeClean
      const still = look.stable && look.book.revision === revision
      const next = new Map<string, number>()
      const certain: Finding[] = []
      for (const one of look.comparison.findings) {
        const key = signature(one)
        const count = (streak.get(key) ?? 0) + 1
        next.set(key, count)
        if ((count >= 2 && still) || count >= 3) certain.push(one)
      }
      const symbols = new Set(look.comparison.findings.map((f) => f.symbol).filter((symbol) => symbol !== '*' && symbol !== 'USDT'))
      again = { symbols, account: look.account, orderSymbols: look.scope.orderSymbols }
      const pause = PAUSES_MS[round]
      if (certain.length === look.comparison.findings.length || pause === undefined) {
        return ok({ ...look, scope: { ...look.scope, income: look.scope.income || incomeClean }, certain, again })
      }
      streak = next
      revision = look.book.revision
      await deps.sleep(pause)
    }
  }

  const record = (changed: readonly Mismatch[]): void => {
    for (const mismatch of changed) deps.record('mismatch', mismatch, mismatch.id, mismatch.symbol)
    if (changed.length > 0) deps.emitMismatches(listed(register))
  }

  const takeIn = (look: Look, certain: readonly Finding[]): void => {
    const at = new Date(deps.now()).toISOString()
    // What was seen but is not certain yet neither opens nor closes anything.
    const uncertain = new Set(look.comparison.findings.map((f) => f.id))
    for (const f of certain) uncertain.delete(f.id)
    const kept = [...register.values()].filter((m) => uncertain.has(m.id) && m.state === 'open')
    const updated = updateRegister(register, [...certain, ...kept], look.scope, deps.now(), `both books agree, REST view of ${at}`)
    register = updated.register
    record(updated.changed)
  }

  const carryOut = async (proposal: Proposal): Promise<{ done: boolean; text: string }> => {
    const texts: string[] = []
    for (const action of proposal.hands) {
      if (action.kind === 'cancel') {
        const { symbol, clientId, book } = action.order
        const result = await deps.venue.cancel(symbol, clientId, book, 'cancel')
        if (!result.ok && result.error.code !== 'notFound') return { done: false, text: `${clientId}: ${result.error.message}` }
        texts.push(`${clientId} cancelled`)
      } else {
        const closed = await deps.hands.close(action.symbol, action.positionSide)
        if (!closed) return { done: false, text: `${action.symbol} could not be closed` }
        texts.push(`${action.symbol} closed, confirmed by REST`)
      }
    }
    for (const repair of proposal.repairs) {
      const result = await deps.repair(repair)
      if (!result.applied) return { done: false, text: result.reason }
      texts.push(result.reason)
    }
    return { done: true, text: texts.join('; ') }
  }

  const proposalFor = (finding: Finding, action: MismatchAction, look: Look): Proposal =>
    propose(finding, action, look.book, look.account, new Map([...look.marks].map(([symbol, mark]) => [symbol, toText(mark)])), deps.now())

  const announce = (): void => {
    const critical = openCritical(register)
    const fresh = critical.filter((m) => !haltedFor.has(m.id))
    haltedFor = new Set(critical.map((m) => m.id))
    const first = fresh[0]
    if (first !== undefined) deps.emitHalt(`${first.symbol} ${first.summary}${fresh.length > 1 ? ` (and ${fresh.length - 1} more)` : ''}`)
  }

  /** A look at one mismatch only: its symbol is read anew, the rest is the last look's (a tenth of the weight of everything). */
  const nearby = (known: Mismatch): Again | null => {
    if (lastAccount === null) return null
    const symbols = new Set(known.symbol === '*' || known.symbol === 'USDT' ? [] : [known.symbol])
    return { symbols, account: lastAccount, orderSymbols: symbols }
  }

  const pass = async (reason: ReconciliationReport['reason'], depth: Depth, near: Again | null = null): Promise<ReconciliationReport> => {
    const startedAt = deps.now()
    const began = deps.monotonic()
    let compared: ReconciliationReport['compared'] = { positions: 0, orders: 0, fills: 0, balances: 0 }
    const report = (error: string | null): ReconciliationReport => {
      const made: ReconciliationReport = {
        reason,
        startedAt,
        durationMs: deps.monotonic() - began,
        conclusive: error === null,
        ...(error === null ? {} : { error }),
        compared,
        mismatches: listed(register),
      }
      deps.emitReport(made)
      return made
    }
    /** What was repaired in this pass is not repaired again: when it stays, the next look says so. */
    const tried = new Set<string>()
    let again = near
    // A start has little weight to spend, and the first audit looks as far back.
    let withIncome = depth === 'deep' && reason !== 'start' && incomeDue()
    let incomeSeen = false
    for (;;) {
      const seen = await certainLook(depth, reason === 'deep', withIncome, again)
      if (!seen.ok) return report(seen.error.message)
      const look = seen.value
      again = look.again
      compared = look.comparison.compared
      if (look.scope.positions) lastAccount = look.account
      takeIn(look, look.certain)
      incomeSeen ||= look.scope.income
      const held = look.scope.positions ? look.account.positions : look.book.positions.filter((p) => p.quantity !== '0')
      openSymbols = new Set([...held, ...look.account.openOrders, ...look.book.openOrders].map((one) => one.symbol))
      let repaired = 0
      for (const finding of look.certain) {
        if (!isAutomatic(finding) || tried.has(finding.id) || register.get(finding.id)?.state !== 'open') continue
        tried.add(finding.id)
        const result = await carryOut(proposalFor(finding, 'repair', look))
        if (result.done) repaired++
        deps.log(
          result.done ? 'info' : 'warn',
          `${finding.kind} ${finding.symbol}: ${result.done ? 'repaired' : 'not repaired'}: ${result.text}`,
        )
      }
      if (repaired === 0) {
        announce()
        if (incomeSeen) incomeSeenUpTo = startedAt
        tradesCompared(look, startedAt)
        return report(null)
      }
      withIncome = depth === 'deep' && incomeOpen()
      await deps.sleep(PAUSES_MS[0])
    }
  }

  return {
    get openSymbols() {
      return openSymbols
    },
    reconcile: (reason, depth = depthOf(reason)) => alone(() => pass(reason, depth)),
    resolve: (id, action, reason) =>
      alone(async () => {
        const known = register.get(id)
        if (known === undefined || known.state === 'fixed') return { done: false, text: 'no such open mismatch' }
        if (!known.actions.includes(action)) return { done: false, text: `${action} is not possible for ${known.kind}` }
        if (action === 'ignore') {
          const settled = settle(register, id, 'ignored', reason, deps.now())
          register = settled.register
          record(settled.changed)
          announce()
          return { done: true, text: 'ignored' }
        }
        const near = nearby(known)
        const seen = await lookAtBoth(
          deps,
          near === null ? 'deep' : 'positions',
          tradesSeen(),
          known.kind === 'precision-drift',
          { since: incomeSince(), always: INCOME_KINDS.has(known.kind) },
          near,
        )
        if (!seen.ok) return { done: false, text: seen.error.message }
        const current = seen.value.comparison.findings.find((f) => f.id === id)
        if (current === undefined) {
          await pass('manual', near === null ? 'deep' : 'positions', near)
          return { done: true, text: 'it was gone already' }
        }
        const result = await carryOut(proposalFor(current, action, seen.value))
        if (result.done && action === 'adopt') {
          const settled = settle(register, id, 'adopted', `${reason}; ${result.text}`, deps.now())
          register = settled.register
          record(settled.changed)
        }
        await pass('manual', near === null ? 'deep' : 'positions', near)
        return result
      }),
  }
}

/**
 * One kind of proof (audits, or chaos runs) as the cockpit shows it: progress, results as they come, the last report, a bounded
 * history. One run at a time; the runner itself is injected.
 */
import type { ProofView } from '../contract/cockpit.ts'
import type { ProofProgress, ProofRunner } from '../contract/proof.ts'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'

export const PROOF_ITEMS = 500
export const PROOF_HISTORY = 50

interface ReportLike {
  readonly id: string
  readonly startedAt: number
}

export interface ProofDesk {
  start(options: { ids?: readonly string[]; suites?: readonly string[] }): Result<{ id: string }, Failure<'busy' | 'unavailable'>>
  stop(): void
}

export interface ProofDeskOptions<Report extends ReportLike, Item extends { readonly id: string }> {
  readonly name: string
  readonly runner: ProofRunner<Report> | undefined
  readonly seed: number
  readonly reportDir: string
  isItem(last: unknown): last is Item
  summary(report: Report): { readonly summary: string; readonly ok: boolean }
  view(): ProofView<Report, Item>
  publish(view: ProofView<Report, Item>): void
  finished(report: Report, summary: string): void
  log(level: 'info' | 'error', text: string): void
  now(): number
}

export const emptyProof = <Report, Item>(runner: ProofRunner<Report> | undefined): ProofView<Report, Item> => ({
  running: null,
  items: [],
  last: null,
  history: [],
  catalog: runner?.list() ?? [],
})

export function proofDesk<Report extends ReportLike, Item extends { readonly id: string }>(
  options: ProofDeskOptions<Report, Item>,
): ProofDesk {
  const { name, runner } = options
  let abort: AbortController | null = null
  let runs = 0

  const onProgress = (progress: ProofProgress, last: unknown): void => {
    const view = options.view()
    const items = options.isItem(last) ? [...view.items.filter((item) => item.id !== last.id), last].slice(-PROOF_ITEMS) : view.items
    options.publish({ ...view, running: progress, items })
  }
  const run = async (id: string, wanted: { ids?: readonly string[]; suites?: readonly string[] }, signal: AbortSignal): Promise<void> => {
    if (runner === undefined) return
    let result: Result<Report>
    try {
      result = await runner.run({ ...wanted, seed: options.seed, reportDir: options.reportDir }, onProgress, signal)
    } catch (thrown) {
      result = fail('thrown', toPlainError(thrown).message)
    }
    abort = null
    const view = options.view()
    const at = options.now()
    const entry = result.ok
      ? { id: result.value.id, at, ...options.summary(result.value) }
      : { id, at, summary: signal.aborted ? 'stopped' : result.error.message, ok: false }
    options.publish({
      ...view,
      running: null,
      last: result.ok ? result.value : view.last,
      history: [entry, ...view.history].slice(0, PROOF_HISTORY),
    })
    options.log(entry.ok ? 'info' : 'error', `${name}: ${entry.summary}`)
    if (result.ok) options.finished(result.value, entry.summary)
  }

  return {
    start(wanted) {
      if (runner === undefined) return fail('unavailable', `${name} is not part of this build`)
      if (abort !== null) return fail('busy', `${name} is running already`)
      runs += 1
      const id = `${name}-${options.now()}-${runs}`
      abort = new AbortController()
      const chosen = {
        ...(wanted.ids === undefined ? {} : { ids: wanted.ids }),
        ...(wanted.suites === undefined ? {} : { suites: wanted.suites }),
      }
      options.publish({ ...options.view(), running: { id, done: 0, total: 0, current: '' }, items: [] })
      void run(id, chosen, abort.signal)
      return ok({ id })
    },
    stop() {
      abort?.abort()
    },
  }
}

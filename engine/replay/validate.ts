/**
 * `aegis validate`: a file of klines or of recorded frames, line by line, against the rules live data must pass (INV-13).
 * Streamed: memory is bounded whatever the size of the file (INV-11).
 */
import { isUtf8 } from 'node:buffer'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { fileLines } from './file-lines.ts'
import { Findings, MAX_FINDINGS, type Finding } from './findings.ts'
import { FramesJudge } from './validate-frames.ts'
import { KlinesJudge, type Line } from './validate-klines.ts'
import { isBlank, mayBeTitle } from './ohlcv-layout.ts'

export interface ValidationReport {
  readonly file: string
  readonly kind: 'klines' | 'frames'
  readonly clean: boolean
  readonly lines: number
  readonly judged: number
  readonly accepted: number
  /** Findings; a gap is one of them though the bar after it was accepted. */
  readonly refused: number
  readonly reasons: Readonly<Record<string, number>>
  /** The first ones; `listed` of `refused`. */
  readonly findings: readonly Finding[]
  readonly listed: number
  /** ISO, or null when nothing was accepted. */
  readonly from: string | null
  readonly to: string | null
  /** Klines only. */
  readonly intervalMs?: number
  readonly gaps?: number
  readonly missingBars?: number
  /** The file runs from its newest bar to its oldest, and was judged in that order. */
  readonly newestFirst?: boolean
  /** Frames only. */
  readonly symbols?: readonly string[]
  readonly notJudged?: Readonly<Record<string, number>>
}

const iso = (ms: number): string | null => (ms > 0 && ms < 8.64e15 ? new Date(ms).toISOString() : null)

const neither = (file: string, problem: string) => fail('bad-header', `${file}: neither klines nor frames (${problem})`)

/** Failure codes: unreadable (no file, broken gzip), empty, bad-header. `nowMs` = latest time data may carry. */
export async function validateFile(file: string, nowMs: number): Promise<Result<ValidationReport, Failure>> {
  const findings = new Findings()
  let klines: KlinesJudge | undefined
  let frames: FramesJudge | undefined
  let number = 0
  let title: (Line & { readonly problem: string }) | null = null
  try {
    for await (const lines of fileLines(file)) {
      for (const bytes of lines) {
        number++
        if (bytes === null) {
          findings.add(number, 'oversize', 'the line is longer than 1 MiB')
          continue
        }
        if (!isUtf8(bytes)) {
          findings.add(number, 'not-utf8', 'the line is not UTF-8')
          continue
        }
        const text = bytes.toString('utf8')
        if (klines === undefined && frames === undefined ? isBlank(text) : text.trim() === '') continue
        if (klines !== undefined) klines.row(text, number)
        else if (frames !== undefined) frames.row(text, number)
        else if (text.includes('{')) {
          frames = new FramesJudge(findings, nowMs)
          // What would have been a table's title is a line like any other.
          if (title !== null) frames.row(title.text, title.line)
          frames.row(text, number)
        } else {
          const judge = new KlinesJudge(findings, nowMs)
          const problem = judge.header(text, number, title)
          if (problem === undefined) klines = judge
          else if (title === null && mayBeTitle(text)) title = { text, line: number, problem }
          else return neither(file, problem)
        }
      }
    }
  } catch (thrown) {
    return fail('unreadable', `${file}: ${toPlainError(thrown).message}`)
  }
  klines?.end()
  const judge = klines ?? frames
  if (judge === undefined && title !== null) return neither(file, title.problem)
  if (judge === undefined) {
    const why = findings.total === 0 ? 'no rows' : `no readable rows (${Object.keys(findings.reasons()).join(', ')})`
    return fail('empty', `${file}: ${why}`)
  }
  if (klines !== undefined && klines.judged === 0) return fail('empty', `${file}: a header and no rows`)
  return ok({
    file,
    kind: klines === undefined ? 'frames' : 'klines',
    clean: findings.total === 0,
    lines: number,
    judged: judge.judged,
    accepted: judge.accepted,
    refused: findings.total,
    reasons: findings.reasons(),
    findings: findings.list,
    listed: Math.min(findings.total, MAX_FINDINGS),
    from: iso(judge.from),
    to: iso(judge.to),
    ...(klines === undefined
      ? {}
      : { intervalMs: klines.intervalMs, gaps: klines.gaps, missingBars: klines.missingBars, newestFirst: klines.newestFirst }),
    ...(frames === undefined ? {} : { symbols: frames.symbols, notJudged: frames.notJudged }),
  })
}

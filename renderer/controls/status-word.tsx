/** Glyph + word + colour, always together (1.4.1). */
import type { CheckStatus, Verdict } from '../../engine/contract/proof.ts'
import type { ProcessState } from '../../engine/contract/cockpit.ts'
import type { KillItem } from '../../engine/contract/kill.ts'
import type { Mismatch, Severity } from '../../engine/contract/mismatch.ts'

export type Tone = 'ok' | 'warn' | 'crit' | 'muted'
const GLYPHS: Readonly<Record<Tone, string>> = { ok: '✔', warn: '▲', crit: '✖', muted: '○' }

export function StatusWord({ tone, word, title }: { readonly tone: Tone; readonly word: string; readonly title?: string }) {
  return (
    <span className={`status status-${tone}`} title={title}>
      <span aria-hidden="true">{GLYPHS[tone]} </span>
      {word}
    </span>
  )
}

export const CHECK_TONES: Readonly<Record<CheckStatus, Tone>> = { pass: 'ok', warn: 'warn', fail: 'crit', skip: 'muted' }
export const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = { SURVIVED: 'ok', DEGRADED: 'warn', FAILED: 'crit', SKIPPED: 'muted' }
export const SEVERITY_TONES: Readonly<Record<Severity, Tone>> = { info: 'muted', warn: 'warn', crit: 'crit' }
export const PROCESS_TONES: Readonly<Record<ProcessState, Tone>> = {
  starting: 'warn',
  running: 'ok',
  stalled: 'crit',
  restarting: 'warn',
  stopped: 'muted',
  failed: 'crit',
}
export const OUTCOME_TONES: Readonly<Record<KillItem['outcome'], Tone>> = {
  pending: 'muted',
  confirmed: 'ok',
  failed: 'crit',
  uncertain: 'warn',
}
export const MISMATCH_TONES: Readonly<Record<Mismatch['state'], Tone>> = { open: 'crit', fixed: 'ok', ignored: 'muted', adopted: 'ok' }

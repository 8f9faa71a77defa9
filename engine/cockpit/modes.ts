/**
 * Modes as the trader sees them. simulated: the configured tape. paper: the upstream's public data in real time, fills by the
 * simulator. live: visible and locked until nothing is lacking (INV-09).
 */
import type { ModeView } from '../contract/cockpit.ts'
import type { Mode, Settings } from '../contract/settings.ts'

/** Settings for `mode`, derived from what the user configured. */
export function settingsForMode(configured: Settings, mode: Mode): Settings {
  switch (mode) {
    case 'simulated':
      return configured.tape.kind === 'live' ? { ...configured, mode, tape: { kind: 'demo' } } : { ...configured, mode }
    case 'paper':
      return { ...configured, mode, tape: { kind: 'live', ...configured.upstream }, speed: 1, lockStep: false }
    case 'live':
      return { ...configured, mode, speed: 1, lockStep: false }
  }
}

export interface LiveReadiness {
  readonly keys: boolean
  /** Of a fresh, passing audit certificate for this build, config and venue. */
  readonly certificate: boolean
  /** What this build itself cannot do yet. */
  readonly missing: readonly string[]
}

export const NOT_READY: LiveReadiness = {
  keys: false,
  certificate: false,
  missing: ['the key vault and live order routing are not part of this build'],
}

export const liveLacks = (readiness: LiveReadiness): readonly string[] => [
  ...(readiness.keys ? [] : ['API keys (trade permission, no withdrawal)']),
  ...(readiness.certificate ? [] : ['a passing audit certificate, younger than 24 h, for this build, settings and venue']),
  ...readiness.missing,
]

export function modeView(current: Mode, switching: boolean, readiness: LiveReadiness): ModeView {
  const lacks = liveLacks(readiness)
  return {
    current,
    switching,
    options: [
      { mode: 'simulated', locked: false, lacks: [] },
      { mode: 'paper', locked: false, lacks: [] },
      { mode: 'live', locked: lacks.length > 0, lacks },
    ],
  }
}

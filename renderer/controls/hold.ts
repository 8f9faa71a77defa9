/**
 * A button that must be held (style D.5, WCAG 2.5.2): release before `holdMs` does nothing, holding on fires exactly once.
 * For those who cannot hold: two presses within `twiceMs`. Pure; the button feeds it events with their own time stamps.
 */
export type HoldMode = 'hold' | 'twice'
export interface HoldConfig {
  readonly mode: HoldMode
  readonly holdMs: number
  readonly twiceMs: number
}

export type HoldState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'holding'; readonly since: number }
  /** Fired while still pressed: nothing more until release. */
  | { readonly kind: 'spent' }
  /** First of two presses was made. */
  | { readonly kind: 'armed'; readonly since: number }

export type HoldEvent = { readonly type: 'press' | 'release' | 'cancel' | 'tick'; readonly at: number }
export interface HoldStep {
  readonly state: HoldState
  readonly fire: boolean
}

const IDLE: HoldState = { kind: 'idle' }
const stay = (state: HoldState): HoldStep => ({ state, fire: false })

/** Total over every state and event; `fire` is true at most once per press. */
export function stepHold(config: HoldConfig, state: HoldState, event: HoldEvent): HoldStep {
  switch (state.kind) {
    case 'idle':
      if (event.type !== 'press') return stay(state)
      return stay(config.mode === 'hold' ? { kind: 'holding', since: event.at } : { kind: 'armed', since: event.at })
    case 'holding':
      if (event.type === 'cancel') return stay(IDLE)
      if (event.type === 'release') {
        const held = event.at - state.since >= config.holdMs
        return { state: IDLE, fire: held }
      }
      if (event.type === 'tick' && event.at - state.since >= config.holdMs) return { state: { kind: 'spent' }, fire: true }
      return stay(state)
    case 'spent':
      return stay(event.type === 'release' || event.type === 'cancel' ? IDLE : state)
    case 'armed': {
      const inTime = event.at - state.since <= config.twiceMs
      if (event.type === 'press') return inTime ? { state: { kind: 'spent' }, fire: true } : stay({ kind: 'armed', since: event.at })
      if (event.type === 'cancel' || (event.type === 'tick' && !inTime)) return stay(IDLE)
      return stay(state)
    }
  }
}

/** What the screen needs from a host: the engine's face plus the health of the line to it. */
import type { CockpitApi } from '../../engine/contract/cockpit.ts'

export type LinkStatus =
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'open' }
  /** `retryInMs` null: will not be tried again without a person (e.g. the token was refused). */
  | { readonly kind: 'closed'; readonly attempt: number; readonly retryInMs: number | null; readonly reason: string }

export interface Bridge extends CockpitApi {
  readonly host: 'electron' | 'browser'
  /** Calls at once with the present status, then on every change. Returns a function that stops it. */
  onLink(listener: (link: LinkStatus) => void): () => void
  /** Try now instead of waiting. */
  reconnect(): void
}

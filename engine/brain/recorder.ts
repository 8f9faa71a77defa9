/**
 * What the brain saw, for incident replay: every event and every batch of ticks in the order the reducer took them, and the
 * configuration it started with. Played into a fresh brain they give the same commands, bit by bit.
 */
import type { BrainEvent } from './events.ts'

export interface Recorder {
  /** The view is reused by its owner: copy what is kept. */
  ticks(view: Float64Array, count: number, at: number): void
  event(event: BrainEvent): void
}

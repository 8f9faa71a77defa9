/**
 * What the stream says, and when it became known: `knownAt` is the index of the bar whose close made it certain. A decision may
 * use an event only from that bar on; nothing here looks ahead.
 */
export type Sign = 1 | -1

export interface SwingEvent {
  readonly kind: 'swing'
  readonly sign: Sign
  readonly bar: number
  readonly level: number
  readonly knownAt: number
}
export interface GapEvent {
  readonly kind: 'gap'
  readonly sign: Sign
  readonly bar: number
  readonly top: number
  readonly bottom: number
  readonly knownAt: number
}
export interface GapMitigatedEvent {
  readonly kind: 'gap-mitigated'
  readonly sign: Sign
  readonly bar: number
  readonly knownAt: number
}
export interface BreakEvent {
  readonly kind: 'bos' | 'choch'
  readonly sign: Sign
  /** Bar of the swing whose level was broken. */
  readonly bar: number
  readonly level: number
  readonly brokenAt: number
  readonly knownAt: number
}
/** An earlier break that a later one makes void. */
export interface BreakErasedEvent {
  readonly kind: 'break-erased'
  readonly bar: number
  readonly knownAt: number
}
export interface BlockEvent {
  readonly kind: 'block'
  readonly sign: Sign
  readonly bar: number
  readonly swing: number
  readonly top: number
  readonly bottom: number
  readonly volume: number
  readonly percentage: number
  /** Bar that closed through the swing. */
  readonly brokeAt: number
  readonly knownAt: number
}
/** `broken`: price went through it; `wiped`: and came back over its other side, so it is void. */
export interface BlockEndEvent {
  readonly kind: 'block-broken' | 'block-wiped'
  readonly sign: Sign
  readonly bar: number
  readonly at: number
  readonly knownAt: number
}
export interface LiquidityEvent {
  readonly kind: 'liquidity'
  readonly sign: Sign
  readonly bar: number
  /** Mean level of the group so far. */
  readonly level: number
  readonly members: number
  readonly end: number
  readonly knownAt: number
}
export interface SweepEvent {
  readonly kind: 'sweep'
  readonly sign: Sign
  readonly bar: number
  readonly level: number
  readonly members: number
  readonly at: number
  readonly knownAt: number
}

export type StructureEvent =
  | SwingEvent
  | GapEvent
  | GapMitigatedEvent
  | BreakEvent
  | BreakErasedEvent
  | BlockEvent
  | BlockEndEvent
  | LiquidityEvent
  | SweepEvent

/** An object, not a function: code compiled for one stream's listener fits the next one's. */
export interface StructureListener {
  onStructure(event: StructureEvent): void
}

/** What the flood's threads tell each other and the scenario. Each thread runs one part, so that the parts meet as processes do. */
export interface FloodOrder {
  readonly part: 'source' | 'intake' | 'publisher' | 'brain'
  readonly ringPath: string
  readonly url: string
  /** Ticks a second to offer. */
  readonly rate: number
  readonly seconds: number
}

export type FloodNews =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'source'; readonly offered: number; readonly sent: number; readonly seconds: number }
  | {
      readonly kind: 'intake'
      readonly received: number
      readonly accepted: number
      readonly refused: number
      readonly unpublished: number
    }
  | { readonly kind: 'publisher'; readonly offered: number; readonly published: number; readonly seconds: number }
  | {
      readonly kind: 'brain'
      readonly read: number
      readonly lost: number
      readonly reduced: number
      readonly caughtUpMs: number
      readonly worstBatchMs: number
    }
  | { readonly kind: 'failed'; readonly text: string }

export const FLOOD_SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT'] as const
export const FLOOD_START = 1_700_000_040_000

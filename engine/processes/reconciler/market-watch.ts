/**
 * The reconciler's ear at the ring: the age of the newest market datum, and marks to price differences with. It follows loosely; a lap
 * loses it nothing but old marks.
 */
import { decimal, parseDecimalText, type Decimal } from '../../money/decimal.ts'
import { TICK_WORDS, TickKind, tickKind, tickSymbolId } from '../../contract/tick.ts'
import { createReader, RING_READERS, type RingReader } from '../../ring/index.ts'

/** After so long without a tick the ring may have been made anew by another feed. */
const REOPEN_MS = 2_000

export interface MarketWatch {
  /** Reads what is new; a few times a second. */
  poll(): void
  /** Local ms since the last tick; null until the ring could be opened. */
  ageMs(): number | null
  readonly marks: Map<string, Decimal>
  close(): void
}

export function watchMarket(ringPath: string, symbols: readonly string[], monotonic: () => number): MarketWatch {
  const marks = new Map<string, Decimal>()
  let reader: RingReader | null = null
  let newestAt: number | null = null
  let openedAt = -Infinity

  const open = (): void => {
    openedAt = monotonic()
    reader?.close()
    const opened = createReader(ringPath, { index: RING_READERS.reconciler, from: 'newest', name: 'reconciler' })
    reader = opened.ok ? opened.value : null
    if (reader !== null) newestAt ??= monotonic()
  }
  const take = (view: Float64Array, count: number): void => {
    for (let i = 0; i < count; i++) {
      const word = view[i * TICK_WORDS + 1] ?? 0
      if (tickKind(word) !== TickKind.mark) continue
      const symbol = symbols[tickSymbolId(word)]
      const text = parseDecimalText(String(view[i * TICK_WORDS + 3]))
      if (symbol !== undefined && text.ok) marks.set(symbol, decimal(text.value))
    }
  }

  return {
    poll() {
      const silent = newestAt === null || monotonic() - newestAt > REOPEN_MS
      if (silent && monotonic() - openedAt > REOPEN_MS && (reader === null || reader.stats().replaced)) open()
      if (reader === null) return
      for (let batch = reader.drain(); batch > 0; batch = reader.drain()) {
        newestAt = monotonic()
        take(reader.view, batch)
      }
    },
    ageMs: () => (newestAt === null ? null : monotonic() - newestAt),
    marks,
    close() {
      reader?.close()
      reader = null
    },
  }
}

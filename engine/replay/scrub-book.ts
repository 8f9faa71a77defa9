/**
 * Collects what a replay is scrubbed by: a moment per decision with the books right after it, a moment per closed bar while they fit,
 * and the candles. Bounded (INV-11): the newest decisions stay (an incident is at the end), bars are thinned evenly.
 */
import type { ChartBar } from '../contract/cockpit.ts'
import type { JournalEntry } from '../contract/journal-kinds.ts'
import type { AccountView, RiskView } from '../contract/processes.ts'
import { REPLAY_LIMITS, type ReplayBooks, type ReplayMoment } from '../contract/replay.ts'
import { TICK_WORDS, TickKind, tickKind, tickSymbolId } from '../contract/tick.ts'
import { accountView, riskView } from '../brain/views.ts'
import type { BrainState } from '../brain/state.ts'
import { barSeries, type BarSeries } from '../cockpit/bars.ts'
import type { RecordingHeader } from '../processes/brain/recording.ts'
import type { ReplayObserver } from './incident.ts'
import { momentText } from './moment-text.ts'
import type { Recorded } from './recording-reader.ts'

const MAX_BAR_MOMENTS = 2_000
const MAX_ENTRY_TEXT = 4_000

interface Kept extends Omit<ReplayMoment, 'index'> {
  readonly entry: string
  readonly account: AccountView
  readonly risk: RiskView
}

export class ScrubBook implements ReplayObserver {
  readonly #onBytes: (bytes: number) => void
  readonly #entryLimit: number
  readonly #series = new Map<string, BarSeries>()
  #symbols: readonly string[] = []
  #entries: Kept[] = []
  #closes: Kept[] = []
  #stride = 1
  #closesSeen = 0
  #entriesSeen = 0
  #input = 0
  #bytesBefore = 0
  #bytes = 0
  #list: readonly Kept[] | null = null

  constructor(onBytes: (bytes: number) => void, entryLimit: number = REPLAY_LIMITS.entries) {
    this.#onBytes = onBytes
    this.#entryLimit = entryLimit
  }

  begin(header: RecordingHeader): void {
    this.#symbols = header.config.symbols
    for (const symbol of this.#symbols) if (!this.#series.has(symbol)) this.#series.set(symbol, barSeries(REPLAY_LIMITS.bars))
    this.#bytesBefore += this.#bytes
    this.#bytes = 0
  }

  progress(bytes: number): void {
    this.#bytes = bytes
    this.#onBytes(this.#bytesBefore + bytes)
  }

  after(input: Recorded, state: BrainState, entries: readonly JournalEntry[]): void {
    this.#input++
    if (entries.length > 0) {
      const account = accountView(state)
      const risk = riskView(state)
      for (const entry of entries) this.#entry(entry, account, risk)
    }
    if (input.kind === 'ticks') this.#ticks(input.view, input.count, state)
  }

  #entry(entry: JournalEntry, account: AccountView, risk: RiskView): void {
    this.#entriesSeen++
    this.#entries.push({
      input: this.#input,
      time: entry.time,
      kind: entry.kind,
      symbol: symbolOf(entry),
      side: sideOf(entry),
      text: momentText(entry),
      entry: JSON.stringify({ ref: entry.ref ?? '', ...entry.payload }).slice(0, MAX_ENTRY_TEXT),
      account,
      risk,
    })
    // Trimmed in chunks: a shift per entry would copy the list each time.
    if (this.#entries.length > this.#entryLimit * 1.2) this.#entries = this.#entries.slice(-this.#entryLimit)
  }

  #ticks(view: Float64Array, count: number, state: BrainState): void {
    let closed: { readonly symbol: string; readonly bar: ChartBar } | null = null
    for (let i = 0; i < count; i++) {
      const at = i * TICK_WORDS
      const word = view[at + 1] ?? 0
      const symbol = this.#symbols[tickSymbolId(word)]
      const series = symbol === undefined ? undefined : this.#series.get(symbol)
      if (symbol === undefined || series === undefined) continue
      const kind = tickKind(word)
      const second = Math.floor((view[at + 2] ?? 0) / 1_000_000)
      if (kind === TickKind.gap) series.hole(second, Math.floor((view[at + 3] ?? 0) / 1_000))
      else if (kind === TickKind.bar || kind === TickKind.barClosed || kind === TickKind.barHistory) {
        const bar: ChartBar = {
          time: second,
          open: view[at + 3] ?? 0,
          high: view[at + 4] ?? 0,
          low: view[at + 5] ?? 0,
          close: view[at + 6] ?? 0,
          volume: view[at + 7] ?? 0,
          present: true,
        }
        series.put(bar)
        if (kind === TickKind.barClosed) closed = { symbol, bar }
      }
    }
    if (closed !== null && this.#closesSeen++ % this.#stride === 0) this.#close(closed.symbol, closed.bar, state)
  }

  #close(symbol: string, bar: ChartBar, state: BrainState): void {
    const { open, high, low, close } = bar
    const text = `1m bar closed at ${close} (open ${open}, high ${high}, low ${low})`
    const [account, risk] = [accountView(state), riskView(state)]
    this.#closes.push({
      input: this.#input,
      time: state.now,
      kind: 'bar',
      symbol,
      side: null,
      text,
      entry: JSON.stringify(bar),
      account,
      risk,
    })
    if (this.#closes.length <= MAX_BAR_MOMENTS) return
    this.#closes = this.#closes.filter((_, i) => i % 2 === 0)
    this.#stride *= 2
  }

  /** All that was kept, in the order it happened; decisions of one input before the bar that closed with it. */
  #moments(): readonly Kept[] {
    if (this.#list !== null) return this.#list
    const entries = this.#entries.slice(-this.#entryLimit)
    const from = this.leftOut === 0 ? 0 : (entries[0]?.input ?? 0)
    const closes = this.#closes.filter(({ input }) => input >= from)
    this.#list = [...entries, ...closes].sort((a, b) => a.input - b.input)
    return this.#list
  }

  get count(): number {
    return this.#moments().length
  }

  get leftOut(): number {
    return Math.max(0, this.#entriesSeen - this.#entryLimit)
  }

  get symbols(): readonly string[] {
    return [...this.#series.keys()]
  }

  moments(from: number, count: number): readonly ReplayMoment[] {
    return this.#moments()
      .slice(from, from + count)
      .map((kept, i) => momentOf(kept, from + i))
  }

  /** null beyond the last. */
  at(index: number): ReplayBooks | null {
    const kept = this.#moments()[index]
    return kept === undefined ? null : { moment: momentOf(kept, index), entry: kept.entry, account: kept.account, risk: kept.risk }
  }

  bars(symbol: string): readonly ChartBar[] {
    return this.#series.get(symbol)?.bars ?? []
  }
}

const momentOf = ({ input, time, kind, symbol, side, text }: Kept, index: number): ReplayMoment => ({
  index,
  input,
  time,
  kind,
  symbol,
  side,
  text,
})

/** The column of the journal, else what the payload says. */
function symbolOf(entry: JournalEntry): string {
  const { payload } = entry
  if (entry.symbol !== undefined) return entry.symbol
  if ('symbol' in payload && typeof payload.symbol === 'string') return payload.symbol
  return 'request' in payload && payload.request !== undefined ? payload.request.symbol : ''
}

function sideOf({ payload }: JournalEntry): 'BUY' | 'SELL' | null {
  const side = 'side' in payload ? payload.side : 'request' in payload ? payload.request?.side : undefined
  return side ?? null
}

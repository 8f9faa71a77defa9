/**
 * Recorded frames judged by the feed's own gates (INV-13): one JSON a line, wrapped ({stream, data}) or raw, with or without a
 * local time before it. Streams the feed does not read (depth, REST snapshots) are counted as not judged, but must be JSON.
 */
import { FrameReader, type StreamName } from '../market/frame-reader.ts'
import { TICK_WORDS } from '../contract/tick.ts'
import type { Findings } from './findings.ts'

const STREAM = /"stream"\s*:\s*"([^"]{1,60})"/
const EVENT = /"e"\s*:\s*"([A-Za-z0-9_]{1,40})"/
const SYMBOL = /"s"\s*:\s*"([A-Z0-9_]{1,30})"/
const STREAM_OF: Readonly<Record<string, StreamName>> = {
  kline: 'kline_1m',
  aggTrade: 'aggTrade',
  trade: 'trade',
  markPriceUpdate: 'markPrice@1s',
  bookTicker: 'bookTicker',
}
const JUDGED = new Set<string>(Object.values(STREAM_OF))
const MAX_SYMBOLS = 1_000
/** Venue time may be ahead of the recorder's clock by this much, ms. */
const AHEAD_MS = 60_000
const HEAD = 400

/** Local time before the JSON in ms; s, ms, µs or ns by magnitude. NaN when it is no time. */
function localTime(text: string): number {
  if (!/^\d{9,20}(\.\d+)?$/.test(text)) return Date.parse(text)
  let value = Number(text)
  while (value >= 1e14) value /= 1_000
  return value < 1e11 ? value * 1_000 : value
}

export class FramesJudge {
  readonly findings: Findings
  readonly #nowMs: number
  readonly #readers = new Map<string, FrameReader>()
  readonly #tick = new Float64Array(TICK_WORDS)
  readonly #skipped = new Map<string, number>()
  accepted = 0
  judged = 0
  from = 0
  to = 0

  constructor(findings: Findings, nowMs: number) {
    this.findings = findings
    this.#nowMs = nowMs
  }

  get symbols(): readonly string[] {
    return [...this.#readers.keys()]
  }

  get notJudged(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#skipped)
  }

  row(text: string, line: number): void {
    const start = text.indexOf('{')
    if (start < 0) {
      this.judged++
      this.findings.add(line, 'not-json', text)
      return
    }
    const before = text.slice(0, start).trim()
    const local = before === '' ? NaN : localTime(before)
    if (before !== '' && !(local > 0)) {
      this.judged++
      this.findings.add(line, 'not-json', `"${before}" before the frame is no time`)
      return
    }
    const json = text.slice(start)
    const stream = STREAM.exec(json.slice(0, HEAD))?.[1]
    const [symbol, name] = stream === undefined ? this.#rawStream(json) : splitStream(stream)
    if (symbol === '' || !JUDGED.has(name)) return this.#skip(json, name, line)
    this.judged++
    const reader = this.#reader(symbol)
    if (reader === undefined) return this.findings.add(line, 'unknown-stream', `more than ${MAX_SYMBOLS} symbols`)
    const latest = Number.isNaN(local) ? this.#nowMs : Math.min(this.#nowMs, local + AHEAD_MS)
    const frame = stream === undefined ? `{"stream":"${symbol.toLowerCase()}@${name}","data":${json}}` : json
    const refusal = reader.read(frame, latest, this.#tick, 0)
    if (refusal !== undefined) return this.findings.add(line, refusal, json)
    this.accepted++
    const time = (this.#tick[2] ?? 0) / 1_000
    if (this.from === 0 || time < this.from) this.from = time
    if (time > this.to) this.to = time
  }

  #rawStream(json: string): readonly [string, string] {
    const head = json.slice(0, HEAD)
    const event = EVENT.exec(head)?.[1] ?? ''
    const symbol = SYMBOL.exec(head)?.[1] ?? ''
    return [symbol, STREAM_OF[event] ?? (event === '' ? 'no event' : event)]
  }

  #skip(json: string, name: string, line: number): void {
    try {
      JSON.parse(json)
    } catch {
      this.judged++
      return this.findings.add(line, 'not-json', json)
    }
    const known = json.slice(0, HEAD).includes('"lastUpdateId"') && name === 'no event' ? 'snapshot' : name
    if (this.#skipped.has(known) || this.#skipped.size < 50) this.#skipped.set(known, (this.#skipped.get(known) ?? 0) + 1)
    else this.#skipped.set('other', (this.#skipped.get('other') ?? 0) + 1)
    // A frame of no stream and no event is nothing a recorder of the venue writes.
    if (known === 'no event') {
      this.judged++
      this.findings.add(line, 'shape', json)
    }
  }

  #reader(symbol: string): FrameReader | undefined {
    const known = this.#readers.get(symbol)
    if (known !== undefined || this.#readers.size >= MAX_SYMBOLS) return known
    const reader = new FrameReader([symbol])
    this.#readers.set(symbol, reader)
    return reader
  }
}

function splitStream(stream: string): readonly [string, string] {
  const at = stream.indexOf('@')
  return at <= 0 ? ['', stream] : [stream.slice(0, at).toUpperCase(), stream.slice(at + 1)]
}

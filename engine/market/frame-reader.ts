/**
 * One public frame {stream, data} → at most one tick, or a refusal with its reason (INV-13). The hot path of the feed: one
 * JSON.parse, one map look-up, one gate.
 */
import type { Refusal } from './refusals.ts'
import { SymbolGate } from './symbol-gate.ts'

/** Real frames of the streams read here are below 600 characters. */
export const MAX_FRAME_CHARACTERS = 4_096

export type StreamName = 'kline_1m' | 'aggTrade' | 'trade' | 'markPrice@1s' | 'bookTicker'
const EVENT_OF: Readonly<Record<StreamName, string>> = {
  kline_1m: 'kline',
  aggTrade: 'aggTrade',
  trade: 'trade',
  'markPrice@1s': 'markPriceUpdate',
  bookTicker: 'bookTicker',
}
const STREAMS = Object.keys(EVENT_OF) as readonly StreamName[]

type Fields = Readonly<Record<string, unknown>>

interface Route {
  readonly gate: SymbolGate
  readonly stream: StreamName
  readonly event: string
}

const isPlain = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

export class FrameReader {
  readonly gates: readonly SymbolGate[]
  readonly #routes = new Map<string, Route>()
  /** Of the last frame that was read into a tick. */
  symbolId = -1

  /** Symbol ids are positions in `symbols`, as everywhere in the engine. */
  constructor(symbols: readonly string[]) {
    this.gates = symbols.map((symbol, id) => new SymbolGate(symbol, id))
    for (const gate of this.gates) {
      for (const stream of STREAMS) {
        this.#routes.set(`${gate.symbol.toLowerCase()}@${stream}`, { gate, stream, event: EVENT_OF[stream] })
      }
    }
  }

  /**
   * Reads one frame's text; writes the tick at slot `index` of `out` and answers undefined, or answers why not.
   * `latestMs`: latest venue time that may be (now plus tolerance).
   */
  read(text: string, latestMs: number, out: Float64Array, index: number): Refusal | undefined {
    if (text.length > MAX_FRAME_CHARACTERS) return 'oversize'
    let frame: unknown
    try {
      frame = JSON.parse(text)
    } catch {
      return 'not-json'
    }
    if (!isPlain(frame) || typeof frame['stream'] !== 'string') return 'shape'
    const route = this.#routes.get(frame['stream'])
    if (route === undefined) return 'unknown-stream'
    const { data } = frame
    if (!isPlain(data)) return 'shape'
    if (data['constructor'] !== Object || Object.hasOwn(data, '__proto__')) return 'prototype-keys'
    if (data['e'] !== route.event) return 'wrong-event'
    const { gate } = route
    if (data['s'] !== gate.symbol) return 'wrong-symbol'
    this.symbolId = gate.symbolId
    switch (route.stream) {
      case 'bookTicker':
        return gate.bookTop(data, latestMs, out, index)
      case 'aggTrade':
      case 'trade':
        return gate.trade(data, latestMs, out, index)
      case 'kline_1m':
        return gate.bar(data, latestMs, out, index)
      case 'markPrice@1s':
        return gate.mark(data, latestMs, out, index)
    }
  }
}

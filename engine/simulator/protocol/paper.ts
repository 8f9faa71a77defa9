/**
 * Paper mode: an upstream's public data, our matching. The exchange runs on live tapes fed from the upstream; documents that only
 * the upstream has (history, funding, 24 h figures) are fetched from it; its filters are read again while we run.
 */
import { isVenueAddress } from '../../contract/hosts.ts'
import { fail, ok, type Failure, type Result } from '../../contract/result.ts'
import type { Exchange, Outcome, Route, TapeBar } from '../exchange.ts'
import type { SymbolSpec } from '../symbols.ts'
import { fetchDocument, fetchHistory, fetchSpecs, fetchTime } from './upstream-documents.ts'
import { drivingStreams, Upstream } from './upstream.ts'
import { other } from './venue-errors.ts'

export interface UpstreamAddress {
  readonly rest: string
  readonly ws: string
}

/** What must be known before the exchange is built. */
export interface PaperStart {
  readonly address: UpstreamAddress
  readonly specs: readonly SymbolSpec[]
  readonly history: ReadonlyMap<string, readonly TapeBar[]>
  /** Upstream's server time, and our wall clock when it was true. */
  readonly time: number
  readonly wall: number
}

const FILTERS_EVERY_MS = 300_000

const RELAYED: ReadonlySet<Route> = new Set<Route>([
  'GET /fapi/v1/klines',
  'GET /fapi/v1/continuousKlines',
  'GET /fapi/v1/indexPriceKlines',
  'GET /fapi/v1/markPriceKlines',
  'GET /fapi/v1/premiumIndexKlines',
  'GET /fapi/v1/depth',
  'GET /fapi/v1/trades',
  'GET /fapi/v1/aggTrades',
  'GET /fapi/v1/fundingRate',
  'GET /fapi/v1/fundingInfo',
  'GET /fapi/v1/ticker/24hr',
  'GET /fapi/v1/openInterest',
  'GET /fapi/v1/indexInfo',
  'GET /fapi/v1/assetIndex',
  'GET /fapi/v1/constituents',
])

/** Reads symbols, time and history; fails with one line when the upstream cannot be reached or does not list a symbol. */
export async function preparePaper(address: UpstreamAddress, symbols: readonly string[]): Promise<Result<PaperStart, Failure>> {
  for (const text of [address.rest, address.ws]) {
    if (!isVenueAddress(text)) return fail('forbidden-host', `${text} is neither a Binance futures host over TLS nor this machine`)
  }
  const specs = await fetchSpecs(address.rest, symbols)
  if (!specs.ok) return specs
  const history = new Map<string, readonly TapeBar[]>()
  for (const symbol of symbols) {
    const bars = await fetchHistory(address.rest, symbol, Infinity)
    if (!bars.ok) return bars
    history.set(symbol, bars.value)
  }
  const asked = Date.now()
  const time = await fetchTime(address.rest)
  if (!time.ok) return time
  const wall = Math.round((asked + Date.now()) / 2)
  for (const [symbol, bars] of history) {
    history.set(
      symbol,
      bars.filter((bar) => bar.openTime + 60_000 <= time.value),
    )
  }
  return ok({ address, specs: specs.value, history, time: time.value, wall })
}

export interface Paper {
  startStream(stream: string): void
  stopStream(stream: string): void
  relay(route: Route, query: string): Promise<Outcome> | undefined
  close(): void
}

/** Connects a built exchange to its upstream. `send` passes a frame on to our own clients. */
export function runPaper(
  start: PaperStart,
  exchange: Exchange,
  hooks: { send(stream: string, data: unknown, text: string): void; monotonic(): number; log(text: string): void },
): Paper {
  const { address } = start
  const driving = new Set(start.specs.flatMap(({ symbol }) => drivingStreams(symbol)))
  for (const [symbol, bars] of start.history) exchange.pushHistory(symbol, bars)

  const upstream = new Upstream(address.ws, {
    frame(stream, text, data) {
      if (driving.has(stream)) {
        const eventTime = typeof data === 'object' && data !== null && 'E' in data ? Number(data.E) : exchange.now
        if (eventTime > exchange.now) exchange.advanceTo(eventTime)
        exchange.pushLive(data)
      }
      hooks.send(stream, data, text)
    },
    monotonic: hooks.monotonic,
    log: hooks.log,
  })
  for (const stream of driving) upstream.want(stream)

  const refresh = setInterval(() => {
    void fetchSpecs(
      address.rest,
      start.specs.map(({ symbol }) => symbol),
    ).then((specs) => {
      if (!specs.ok) return hooks.log(specs.error.message)
      for (const { referencePrice: _now, ...change } of specs.value) exchange.fault({ kind: 'filters', symbol: change.symbol, change })
    })
  }, FILTERS_EVERY_MS)
  refresh.unref()

  return {
    startStream: (stream) => upstream.want(stream),
    stopStream: (stream) => upstream.release(stream),
    relay(route, query) {
      if (!RELAYED.has(route)) return undefined
      const path = route.slice('GET '.length)
      return fetchDocument(address.rest, query === '' ? path : `${path}?${query}`).then((document) => {
        if (document.ok) return { ok: true, body: document.value }
        const status = document.error.detail?.['status']
        return relayedFailure(typeof status === 'number' ? status : 503, document.error.detail?.['text'])
      })
    },
    close() {
      clearInterval(refresh)
      upstream.close()
    },
  }
}

/** The upstream's own refusal where it gave one; a rate limit or an outage of the upstream is our 503. */
function relayedFailure(status: number, text: unknown): Outcome {
  if (status === 400 && typeof text === 'string') {
    try {
      const body = JSON.parse(text) as { code?: unknown; msg?: unknown }
      if (typeof body.code === 'number' && typeof body.msg === 'string') return other(400, body.code, body.msg)
    } catch {
      /* not the venue's JSON: an outage */
    }
  }
  return other(503, -1016, 'Service Unavailable.')
}

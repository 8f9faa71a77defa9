/**
 * Recorded frames → validated → ring, beside two others on the same frames in the same run, rounds interleaved:
 * a bare JSON.parse (nobody who reads JSON can be faster) and ccxt's own message path (JSON.parse + handleMessage into its caches).
 * Ours starts from the bytes a socket gives; the others get the text ready-made. Every frame must become one tick; a sum over the
 * ring's prices is compared with the same sum over the plain documents.
 */
import { readFileSync } from 'node:fs'
import { isAscii } from 'node:buffer'
import { gunzipSync } from 'node:zlib'
import { FrameReader } from '../engine/market/frame-reader.ts'
import { RingPublisher } from '../engine/processes/feed/ring-publisher.ts'
import { createProducer, createReader, removeRing, ringPath } from '../engine/ring/index.ts'
import { TICK_WORDS } from '../engine/contract/tick.ts'
import { ccxtFile } from '../engine/venue/ccxt-exchange.ts'
import { median } from './indicators.ts'

const BARS = { ofBareParse: 0.5, timesCcxt: 4 } as const
const RECORDED = new URL('../../shared/data/market/ws-frames/usdm_btcusdt_20240808.gz', import.meta.url)
const LATEST_MS = 4e12

interface Frames {
  readonly source: 'recorded' | 'generated'
  readonly texts: readonly string[]
}

/** bookTicker and trade frames of the recording; its trades as the aggTrade stream names the same fields. */
function recordedFrames(limit: number): Frames | undefined {
  let lines: readonly string[]
  try {
    lines = gunzipSync(readFileSync(RECORDED)).toString('utf8').split('\n')
  } catch {
    return undefined
  }
  const texts: string[] = []
  for (const line of lines) {
    const text = line.slice(line.indexOf(' ') + 1)
    if (text.startsWith('{"stream":"btcusdt@bookTicker"')) texts.push(text)
    else if (text.startsWith('{"stream":"btcusdt@trade"')) {
      texts.push(text.replace('@trade"', '@aggTrade"').replace('"e":"trade"', '"e":"aggTrade"').replace('"t":', '"a":'))
    }
    if (texts.length === limit) break
  }
  return { source: 'recorded', texts }
}

/** The same shapes with a seeded price, where the recording is absent. */
function generatedFrames(limit: number): Frames {
  let state = 11
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  let price = 61_800
  const texts = Array.from({ length: limit }, (_, n) => {
    price = Math.max(1_000, Math.round((price + random() - 0.5) * 10) / 10)
    const [p, time, quantity] = [price.toFixed(2), 1_723_161_256_313 + n * 3, (random() * 3 + 0.001).toFixed(3)]
    return n % 4 === 0
      ? `{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":${time},"T":${time},"s":"BTCUSDT","a":${5_266_583_935 + n},"p":"${p}","q":"${quantity}","X":"MARKET","m":${random() < 0.5}}}`
      : `{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":${5_123_107_839_020 + n},"s":"BTCUSDT","b":"${p}","B":"${quantity}","a":"${(price + 0.1).toFixed(2)}","A":"2.510","T":${time},"E":${time}}}`
  })
  return { source: 'generated', texts }
}

interface CcxtClient {
  onMessage(event: { readonly data: string }): void
}
interface CcxtPro {
  parseMarket(raw: object): object
  setMarkets(markets: readonly object[]): void
  client(url: string): CcxtClient
  getHttpAgentIfNeeded(): undefined
  readonly trades: Readonly<Record<string, readonly unknown[]>>
  readonly bidsasks: Readonly<Record<string, unknown>>
}
type CcxtProConstructor = new (config: object) => CcxtPro
const isConstructor = (value: unknown): value is CcxtProConstructor => typeof value === 'function'

/** ccxt's own message path for these frames, with its market known so that its symbols resolve as in real use. */
async function ccxtPath(): Promise<{ readonly read: (text: string) => void; readonly took: () => boolean }> {
  const module: { readonly default?: unknown } = await import(ccxtFile('pro/binanceusdm.js'))
  if (!isConstructor(module.default)) throw new Error('ccxt/js/src/pro/binanceusdm.js has another shape')
  const exchange = new module.default({})
  exchange.getHttpAgentIfNeeded = () => undefined
  const market = exchange.parseMarket({
    symbol: 'BTCUSDT',
    pair: 'BTCUSDT',
    contractType: 'PERPETUAL',
    status: 'TRADING',
    baseAsset: 'BTC',
    quoteAsset: 'USDT',
    marginAsset: 'USDT',
    pricePrecision: 2,
    quantityPrecision: 3,
    filters: [],
    orderTypes: ['LIMIT', 'MARKET'],
  })
  exchange.setMarkets([market])
  const client = exchange.client('wss://fstream.binance.com/market/ws/0')
  return {
    read: (data) => client.onMessage({ data }),
    took: () => (exchange.trades['BTC/USDT:USDT']?.length ?? 0) > 0 && exchange.bidsasks['BTC/USDT:USDT'] !== undefined,
  }
}

const seconds = (work: () => void): number => {
  const from = performance.now()
  work()
  return (performance.now() - from) / 1_000
}

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const limit = options.quick === true ? 20_000 : 80_000
  const rounds = options.quick === true ? 10 : 20
  const slices = 5
  const { source, texts } = recordedFrames(limit) ?? generatedFrames(limit)
  const frames = texts.map((text) => Buffer.from(text, 'latin1'))
  const ccxt = await ccxtPath()
  const path = ringPath(`bench-ingest-${process.pid}`)
  const opened = createProducer(path)
  if (!opened.ok) throw new Error(opened.error.message)
  const publisher = new RingPublisher(opened.value)
  const expected = texts.reduce((sum, text) => {
    const { data }: { data: { p?: string; b?: string } } = JSON.parse(text)
    return sum + Number(data.p ?? data.b)
  }, 0)

  let refused = 0
  let parsed = 0
  const per = Math.floor(texts.length / slices)
  /** Short rounds over a slice each: what else runs on the machine meets all three alike. */
  const sliceOf = <T>(all: readonly T[], round: number): readonly T[] => all.slice((round % slices) * per, ((round % slices) + 1) * per)
  const ingest = (part: readonly Buffer[]): void => {
    const reader = new FrameReader(['BTCUSDT'])
    for (const frame of part) {
      const refusal = isAscii(frame) ? reader.read(frame.toString('latin1'), LATEST_MS, publisher.view, publisher.index) : 'not-utf8'
      if (refusal === undefined) publisher.commit()
      else refused += 1
    }
    publisher.flush()
  }
  const bareParse = (part: readonly string[]): void => {
    for (const text of part) parsed += JSON.parse(text) === null ? 0 : 1
  }
  const ccxtRead = (part: readonly string[]): void => {
    for (const text of part) ccxt.read(text)
  }

  const rates = { ingest: [] as number[], bareParse: [] as number[], ccxt: [] as number[] }
  const warmUp = slices
  for (let round = 0; round < warmUp + rounds; round += 1) {
    const [bytes, text] = [sliceOf(frames, round), sliceOf(texts, round)]
    const own = per / seconds(() => ingest(bytes))
    const bare = per / seconds(() => bareParse(text))
    const peer = per / seconds(() => ccxtRead(text))
    if (round < warmUp) continue
    rates.ingest.push(own)
    rates.bareParse.push(bare)
    rates.ccxt.push(peer)
  }
  const sum = verifySum(path, publisher, ingestSlices(frames, publisher))
  publisher.close()
  removeRing(path)

  const ratios = (others: readonly number[]): number[] => rates.ingest.map((own, n) => own / (others[n] ?? Number.NaN))
  const ofBareParse = ratios(rates.bareParse)
  const timesCcxt = ratios(rates.ccxt)
  const complete = refused === 0 && parsed === per * (warmUp + rounds) && ccxt.took() && Math.abs(sum - expected) < 1e-6 * expected
  return {
    bench: 'ingest',
    unit: 'frames/s',
    frames: texts.length,
    source,
    rounds,
    ringBackend: publisher.backend,
    ingest: Math.round(median(rates.ingest)),
    bareJsonParse: Math.round(median(rates.bareParse)),
    ccxtMessagePath: Math.round(median(rates.ccxt)),
    ofBareParse: {
      median: Number(median(ofBareParse).toFixed(3)),
      worst: Number(Math.min(...ofBareParse).toFixed(3)),
      bar: BARS.ofBareParse,
    },
    timesCcxt: { median: Number(median(timesCcxt).toFixed(2)), worst: Number(Math.min(...timesCcxt).toFixed(2)), bar: BARS.timesCcxt },
    refused,
    priceSum: sum,
    expectedPriceSum: expected,
    ok: complete && median(ofBareParse) >= BARS.ofBareParse && median(timesCcxt) >= BARS.timesCcxt,
  }
}

/** Ingests the frames once more, a quarter of the ring at a time, so that a reader can check every tick. */
function* ingestSlices(frames: readonly Buffer[], publisher: RingPublisher): Generator<void> {
  const reader = new FrameReader(['BTCUSDT'])
  for (const [n, frame] of frames.entries()) {
    if (reader.read(frame.toString('latin1'), LATEST_MS, publisher.view, publisher.index) === undefined) publisher.commit()
    if (n % 4_096 === 4_095) {
      publisher.flush()
      yield
    }
  }
  publisher.flush()
  yield
}

function verifySum(path: string, publisher: RingPublisher, slices: Generator<void>): number {
  const opened = createReader(path, { index: 0, from: 'newest' })
  if (!opened.ok) throw new Error(opened.error.message)
  const reader = opened.value
  let sum = 0
  for (const _ of slices) {
    while (reader.position <= publisher.published) {
      const n = reader.drain()
      if (n === 0) break
      for (let tick = 0; tick < n; tick += 1) sum += reader.view[tick * TICK_WORDS + 3] ?? Number.NaN
    }
  }
  reader.close()
  return sum
}

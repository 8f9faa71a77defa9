/**
 * Public data from the venue to the ring: sockets in, gates, holes filled by REST, ticks out. The only writer of the ring.
 *
 * - INV-13: a frame becomes a tick only through the gates of engine/market; what is refused is counted by reason.
 * - After every (re)connect each symbol is `reset`, its missing bars come by REST as history, and only then its live bars go on.
 * - INV-11: what is held meanwhile is bounded; the bar series hold 5,000.
 */
import { isAscii } from 'node:buffer'
import type { Random } from '../../contract/clock.ts'
import type { FeedStatus, LogLine, ProcessInit } from '../../contract/processes.ts'
import type { Bar, Hole } from '../../market/bar-series.ts'
import { FrameReader } from '../../market/frame-reader.ts'
import { readHistoryBar } from '../../market/history-bar.ts'
import type { Refusal } from '../../market/refusals.ts'
import { BAR_MS, LONG_GAP_MIN } from '../../market/timeframe.ts'
import { nextInTurn } from '../../market/universe.ts'
import type { RingProducer } from '../../ring/index.ts'
import type { AllowedHosts, Venue } from '../../venue/index.ts'
import { createMarketStream, type MarketStream } from './market-stream.ts'
import { RingPublisher } from './ring-publisher.ts'
import { SymbolLine } from './symbol-line.ts'
import { UNIVERSE_EVERY_MS, watchUniverse } from './universe-watch.ts'

export interface MarketFeedOptions {
  readonly init: ProcessInit
  readonly venue: Venue
  readonly hosts: AllowedHosts
  readonly ring: RingProducer
  readonly random: Random
  readonly log: (line: LogLine) => void
}

export interface MarketFeed {
  start(): void
  /** Connected, and all history published (or given up for now). */
  ready(): Promise<void>
  status(): FeedStatus
  history(symbols: readonly string[] | null): Promise<void>
  /** Resolves with the ring's head once `publicFrames` frames were consumed and published. */
  barrier(time: number, publicFrames: number): Promise<number>
  stop(): void
}

/** Streams per connection: three per symbol keep the address below 4 kB. */
const SYMBOLS_PER_SOCKET = 50
/** Bars fetched per symbol at start; with many symbols the cheaper request (weight 2 instead of 5). */
const HISTORY = { few: 501, many: 499, manySymbols: 30 } as const
const FILL_PARALLEL = 4
const FILL_RETRY_MS = 5_000
const SILENT_MS = { market: 10_000, public: 60_000 } as const
/** Frames may be this far ahead of our idea of venue time, venue ms: clock error, and what a faster venue does in local jitter. */
const FUTURE = { baseMs: 10_000, perRateMs: 500, lockStepMs: 600_000 } as const
/** This many time refusals in a row make us doubt our clock, not the venue. */
const DOUBT = 3
const DOUBT_EVERY_MS = 2_000
/**
 * REST rows of a minute that ended this recently, by our idea of venue time when we asked, may still lack its last trades: they are
 * taken for running and asked for again. Venue ms, and local ms of jitter for a faster venue.
 */
const SETTLE = { baseMs: 1_000, localMs: 20 } as const
const FLUSH_AFTER_MS = 250
/** A minute's bar that has not come this long after its end, venue ms, is asked for; what asking costs. */
const LATE_MS = 5_000
const LATE_WEIGHT = 1

export function createMarketFeed(options: MarketFeedOptions): MarketFeed {
  const { init, venue, log } = options
  const { symbols } = init
  const { lockStep } = init.settings
  const publisher = new RingPublisher(options.ring)
  const reader = new FrameReader(symbols)
  const lines = symbols.map((symbol, id) => new SymbolLine(symbol, id, publisher, lockStep))
  const poison = new Map<Refusal, number>()
  const settleMs = lockStep ? 0 : SETTLE.baseMs + SETTLE.localMs * init.endpoints.rate
  const toleranceMs = lockStep ? FUTURE.lockStepMs : FUTURE.baseMs + FUTURE.perRateMs * init.endpoints.rate
  let frames = 0
  let barsFilled = 0
  let acceptedAt = performance.now()
  /** Venue time of the newest datum of the symbol heard last. */
  let acceptedVenueMs = 0
  let doubts = 0
  let doubtedAt = -Infinity
  let stopped = false

  const refuse = (reason: Refusal): void => {
    const seen = (poison.get(reason) ?? 0) + 1
    poison.set(reason, seen)
    if (seen === 1) log({ level: 'warn', text: `market data refused: ${reason} (further ones are counted)` })
    if (reason !== 'time-future' && reason !== 'time-back') return
    doubts += 1
    if (doubts >= DOUBT && performance.now() - doubtedAt > DOUBT_EVERY_MS) {
      doubtedAt = performance.now()
      void doubtClock()
    }
  }

  /** Either our clock is wrong (measured anew) or the venue's went back (then earlier times are no yardstick). */
  const doubtClock = async (): Promise<void> => {
    const synced = await venue.clock.sync()
    if (!synced.ok) return
    const now = venue.clock.nowMs()
    for (const gate of reader.gates) if (gate.newestMs > now + toleranceMs) gate.forgetTimes()
  }

  /**
   * Latest believable venue time: by our clock, or by the streams themselves going on at the venue's pace. A server whose clock
   * goes wrong while its streams do not must not make us deaf.
   */
  const latestMs = (): number => {
    const elapsed = lockStep ? 0 : (performance.now() - acceptedAt) * init.endpoints.rate
    return Math.max(venue.clock.nowMs(), acceptedVenueMs + elapsed) + toleranceMs
  }

  const onFrame = (frame: Buffer): void => {
    frames += 1
    /* venue data of the symbols traded here is ASCII; anything else is broken text */
    if (!isAscii(frame)) refuse('not-utf8')
    else {
      const refusal = reader.read(frame.toString('latin1'), latestMs(), publisher.view, publisher.index)
      if (refusal === undefined) {
        doubts = 0
        acceptedAt = performance.now()
        acceptedVenueMs = reader.gates[reader.symbolId]?.newestMs ?? acceptedVenueMs
        const line = lines[reader.symbolId]
        if (line?.accept() === true) enqueueFill(line)
      } else refuse(refusal)
    }
    if (waiters.size > 0) checkWaiters()
  }

  /* ---- history */
  const queue: SymbolLine[] = []
  let active = 0
  const retries = new Set<NodeJS.Timeout>()
  const enqueueFill = (line: SymbolLine): void => {
    line.hold()
    if (!queue.includes(line)) queue.push(line)
    pumpFills()
  }
  const pumpFills = (): void => {
    while (active < FILL_PARALLEL && !stopped) {
      const line = queue.shift()
      if (line === undefined) return
      active += 1
      void fill(line).finally(() => {
        active -= 1
        pumpFills()
        if (waiters.size > 0) checkWaiters()
      })
    }
  }
  const retryLater = (line: SymbolLine, afterMs: number = FILL_RETRY_MS): void => {
    const timer = setTimeout(() => {
      retries.delete(timer)
      if (!stopped) enqueueFill(line)
    }, afterMs)
    retries.add(timer)
  }

  /** Unless it is to be filled again at once. */
  const letGo = (line: SymbolLine): void => {
    if (!queue.includes(line)) line.release()
  }

  const sayLong = (line: SymbolLine, told: readonly Hole[], why: string): void => {
    for (const { first, last, bars } of told) {
      if (bars <= LONG_GAP_MIN) continue
      const clock = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
      log({ level: 'warn', text: `${line.symbol}: ${bars} minutes without data from ${clock(first)} to ${clock(last)} UTC, ${why}` })
    }
  }

  const fill = async (line: SymbolLine): Promise<void> => {
    const limit = symbols.length > HISTORY.manySymbols ? HISTORY.many : HISTORY.few
    const [hole] = line.holes(currentMinute())
    const first = line.series.size > 0 ? Math.min(hole?.first ?? Infinity, line.series.lastFinal + BAR_MS) : undefined
    const missing = first === undefined ? limit : Math.max(2, Math.round((currentMinute() - first) / BAR_MS) + 1)
    const askedAt = venue.clock.nowMs()
    const answer = await venue.public.bars(line.symbol, '1m', {
      ...(first === undefined || missing > limit ? {} : { startTime: first }),
      limit: Math.min(missing, limit),
    })
    if (stopped) return
    if (!answer.ok) {
      log({ level: 'warn', text: `${line.symbol}: history not available, ${answer.error.message}` })
      sayLong(line, await line.publishHistory([], line.holes(currentMinute())), 'missing so far')
      letGo(line)
      return retryLater(line)
    }
    const bars: Bar[] = []
    for (const raw of answer.value) {
      const bar = readHistoryBar(raw, askedAt - settleMs)
      if (typeof bar === 'string') refuse(bar)
      else bars.push(bar)
    }
    const hadSome = line.series.size > 0
    const news = line.takeHistory(bars)
    if (hadSome) barsFilled += news.length
    const last = news.at(-1)
    if (last !== undefined) reader.gates[line.symbolId]?.seed(last.close)
    const holes = line.holes(line.series.lastFinal)
    sayLong(line, await line.publishHistory(news, holes), 'and the venue has none')
    letGo(line)
    if (lockStep) return
    const unsettled = bars.some((bar) => !bar.final && bar.time + BAR_MS <= askedAt)
    if (unsettled) retryLater(line, settleMs / init.endpoints.rate + FLUSH_AFTER_MS)
    else if (holes.length > 0) retryLater(line)
  }
  const currentMinute = (): number => Math.floor(venue.clock.nowMs() / BAR_MS) * BAR_MS
  const isFilling = (): boolean => active > 0 || queue.length > 0

  /* ---- connections */
  const streams: MarketStream[] = []
  const connection = (path: 'market' | 'public', part: readonly SymbolLine[], number: number, kinds: readonly string[]): MarketStream =>
    createMarketStream({
      name: `${path}-${number}`,
      hosts: options.hosts,
      path,
      streams: part.flatMap((line) => kinds.map((kind) => `${line.symbol.toLowerCase()}@${kind}`)),
      random: options.random,
      silentMs: lockStep ? null : SILENT_MS[path],
      onFrame,
      onOpen: (attempt) => void opened(path, part, attempt),
      onDown: (reason) => log({ level: 'warn', text: `${path}-${number} down: ${reason}` }),
    })
  const opened = async (path: 'market' | 'public', part: readonly SymbolLine[], attempt: number): Promise<void> => {
    for (const line of part) reader.gates[line.symbolId]?.reconnected()
    if (path === 'public') return
    for (const line of part) {
      line.reset(venue.clock.nowMs())
      line.hold()
    }
    if (attempt > 1) await doubtClock()
    for (const line of part) enqueueFill(line)
  }
  for (let from = 0; from < lines.length; from += SYMBOLS_PER_SOCKET) {
    const part = lines.slice(from, from + SYMBOLS_PER_SOCKET)
    const number = streams.length / 2 + 1
    streams.push(
      connection('market', part, number, ['kline_1m', 'aggTrade', 'markPrice@1s']),
      connection('public', part, number, ['bookTicker']),
    )
  }
  /* ---- a bar that is overdue while its connection lives: REST, in turn, as far as half of the budget goes */
  let cursor = 0
  const askedAt = new Map<string, number>()
  const fetchLate = (): void => {
    if (lockStep) return
    const overdue = venue.clock.nowMs() - 2 * BAR_MS - settleMs - LATE_MS
    const now = performance.now()
    const due = lines.filter(
      ({ symbol, series, holding }) =>
        !holding && series.lastFinal !== 0 && series.lastFinal < overdue && now - (askedAt.get(symbol) ?? -Infinity) > FILL_RETRY_MS,
    )
    const { usedWeight, weightLimit } = venue.metrics()
    const chosen = nextInTurn(
      due.map(({ symbol }) => symbol),
      cursor,
      (weightLimit / 2 - usedWeight) / LATE_WEIGHT,
    )
    cursor = chosen.cursor
    for (const line of due) {
      if (!chosen.turn.includes(line.symbol)) continue
      askedAt.set(line.symbol, now)
      enqueueFill(line)
    }
  }
  const universe = watchUniverse(init.settings, venue.public, log)
  const ranking = setInterval(() => void universe.look(), UNIVERSE_EVERY_MS)
  const watch = setInterval(() => {
    for (const stream of streams) stream.watch()
    fetchLate()
  }, 1_000)

  /* ---- waiting for a state of things */
  const waiters = new Set<() => boolean>()
  const checkWaiters = (): void => {
    for (const waiter of waiters) if (waiter()) waiters.delete(waiter)
  }
  const until = (isReached: () => boolean): Promise<void> => {
    if (isReached()) return Promise.resolve()
    return new Promise((resolve) => {
      waiters.add(() => {
        if (!isReached()) return false
        resolve()
        return true
      })
    })
  }

  /**
   * Frames that went to a connection of an earlier life, or to somebody else, never come here. After a pause the venue is asked by
   * ping instead: its answer follows everything it sent before.
   */
  /** Frames the venue sent to connections that are gone (ours before a restart): its count goes on, ours does not have them. */
  let elsewhere = 0
  const consumed = async (publicFrames: number): Promise<void> => {
    const complete = (): boolean => frames + elsewhere >= publicFrames
    if (complete()) return
    let quiet = false
    const timer = setInterval(() => {
      void Promise.all(streams.map((stream) => stream.drained())).then((answers) => {
        quiet ||= answers.every(Boolean)
        checkWaiters()
      })
    }, FLUSH_AFTER_MS)
    await until(() => quiet || complete())
    clearInterval(timer)
    if (!complete()) elsewhere = publicFrames - frames
  }

  return {
    start() {
      for (const stream of streams) stream.start()
      if (init.settings.universe !== undefined) log({ level: 'info', text: `symbols: ${symbols.join(', ')}` })
    },
    async ready() {
      const timer = setInterval(checkWaiters, 20)
      await until(() => streams.every((stream) => stream.isOpen) && lines.every((line) => !line.holding) && !isFilling())
      clearInterval(timer)
      publisher.flush()
    },
    status: () => ({
      streams: streams.map((stream) => stream.health()),
      frames,
      published: publisher.published,
      poison: Object.fromEntries(poison),
      gapsOpen: lines.reduce((sum, line) => sum + line.holes(line.series.lastFinal).length, 0),
      barsFilled,
      clockSkewMs: venue.clock.skewMs,
      lastEventAgeMs: Math.round(performance.now() - acceptedAt),
      ringBackend: publisher.backend,
      metrics: venue.metrics(),
    }),
    async history(names) {
      for (const line of lines) {
        if (names !== null && !names.includes(line.symbol)) continue
        const wasHolding = line.holding
        line.hold()
        await line.republish()
        if (!wasHolding) line.release()
      }
    },
    async barrier(time, publicFrames) {
      await consumed(publicFrames)
      await until(() => !isFilling())
      venue.clock.set(time)
      publisher.flush()
      return publisher.published
    },
    stop() {
      stopped = true
      clearInterval(watch)
      clearInterval(ranking)
      for (const timer of retries) clearTimeout(timer)
      for (const stream of streams) stream.stop()
      publisher.close()
    },
  }
}

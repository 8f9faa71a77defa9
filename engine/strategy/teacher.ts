/**
 * The teacher: a documented Smart-Money-Concepts rule on closed one-minute bars, over the streaming market structure (nothing
 * looks ahead). Written for longs; shorts mirror it.
 *
 * 1. Liquidity sweep: lows that rested at one level were taken, and within 5 bars price closed back above that level.
 * 2. Structure shift: after the sweep a bullish break of structure or change of character became known, and none against it since.
 * 3. Zone: price comes back into a bullish order block or fair value gap that became known since the sweep.
 * 4. Stop: a quarter ATR(14) below the lower of the zone and the sweep's low (the invalidation). Skipped unless it is 0.5–6 ATR away.
 * 5. Take-profit: the nearest opposing swing high between 1.5 and 5 times the risk away; 2 × the risk when there is none.
 *
 * One trade per shift; sweep and shift expire after 240 bars. Entry rests at the close for 120 s; out at market after 4 hours.
 */
import type { StrategySettings } from '../contract/settings.ts'
import { createAtr, type Atr } from '../indicators/atr.ts'
import { createEma, type MovingAverage } from '../indicators/moving-average.ts'
import { createRsi, type Rsi } from '../indicators/rsi.ts'
import { BoundedList } from '../structure/bounded-list.ts'
import { STRUCTURE_DEFAULTS, StructureStream } from '../structure/stream.ts'
import type { BlockEvent, GapEvent, Sign, StructureEvent, StructureListener } from '../structure/structure-event.ts'
import type { Bar, Signal, Strategy, StrategyFactory } from './strategy.ts'

const EXPIRY_BARS = 240
const RECLAIM_BARS = 5
const TOUCH_BARS = 3
const ZONES = 48
const SWINGS = 64
const BAR_MS = 60_000
const ENTRY_TIMEOUT_MS = 120_000
const MAX_HOLD_MS = 4 * 60 * 60_000
const STOP_MARGIN_ATR = 0.25
const MIN_RISK_ATR = 0.5
const MAX_RISK_ATR = 6

interface Zone {
  readonly kind: 'order block' | 'fair value gap'
  readonly bar: number
  readonly top: number
  readonly bottom: number
  readonly knownAt: number
  /** Bar after which it no longer counts. */
  expires: number
}

/** What is known on one side of the market: `sign` 1 prepares longs. */
class Half {
  readonly sign: Sign
  /** Swept level waiting for a close back on the right side. */
  pending: { level: number; extreme: number; until: number } | undefined = undefined
  sweep: { at: number; extreme: number } | undefined = undefined
  shift: { at: number; kind: 'bos' | 'choch'; used: boolean } | undefined = undefined
  /** In the order they became known. */
  readonly zones = new BoundedList<Zone>(ZONES)
  /** Levels of final swings of this sign, newest last. */
  readonly swings = new BoundedList<number>(SWINGS)

  constructor(sign: Sign) {
    this.sign = sign
  }

  take(kind: Zone['kind'], { bar, top, bottom, knownAt }: GapEvent | BlockEvent): void {
    this.zones.push({ kind, bar, top, bottom, knownAt, expires: knownAt + EXPIRY_BARS })
  }

  expire(kind: Zone['kind'], bar: number, at: number): void {
    const { zones } = this
    for (let i = 0; i < zones.length; i++) {
      const zone = zones.at(i)
      if (zone.kind === kind && zone.bar === bar && zone.expires > at) zone.expires = at
    }
  }

  reclaim(bar: Bar, now: number): void {
    const waiting = this.pending
    if (waiting === undefined) return
    waiting.extreme = this.sign === 1 ? Math.min(waiting.extreme, bar.low) : Math.max(waiting.extreme, bar.high)
    if (this.sign === 1 ? bar.close > waiting.level : bar.close < waiting.level) {
      this.sweep = { at: now, extreme: waiting.extreme }
      this.pending = undefined
    } else if (now >= waiting.until) this.pending = undefined
  }

  /** The newest zone known since `since` that the bar came back into and did not close beyond. */
  touched(bar: Bar, now: number, since: number): Zone | undefined {
    const { zones, sign } = this
    for (let i = zones.length - 1; i >= 0; i--) {
      const zone = zones.at(i)
      if (zone.knownAt < since) return undefined
      if (zone.expires < now || zone.knownAt >= now || bar.low > zone.top || bar.high < zone.bottom) continue
      if (sign === 1 ? bar.close >= zone.bottom : bar.close <= zone.top) return zone
    }
    return undefined
  }

  /** The nearest swing 1.5 to 5 times the risk away: highs (sign 1) are where a long finds opposing liquidity, lows where a short does. */
  opposing(price: number, risk: number): number | undefined {
    const { swings, sign } = this
    let nearest: number | undefined
    for (let i = 0; i < swings.length; i++) {
      const level = swings.at(i)
      const away = sign * (level - price)
      if (away < 1.5 * risk || away > 5 * risk) continue
      if (nearest === undefined || sign * (level - nearest) < 0) nearest = level
    }
    return nearest
  }
}

class Teacher implements Strategy, StructureListener {
  readonly name = 'teacher'
  readonly warmUpBars = 120
  private readonly symbol: string
  private readonly rsi: Rsi
  private readonly atr: Atr
  private readonly trend: MovingAverage
  private readonly usualVolume: MovingAverage
  private long = new Half(1)
  private short = new Half(-1)
  private stream = this.fresh()

  constructor(symbol: string, settings: StrategySettings) {
    this.symbol = symbol
    this.rsi = createRsi(settings.rsiPeriod)
    this.atr = createAtr(settings.atrPeriod)
    this.trend = createEma(50)
    this.usualVolume = createEma(50)
  }

  onBar(bar: Bar): Signal | undefined {
    this.rsi.push(bar.close)
    const range = this.atr.push(bar.high, bar.low, bar.close)
    this.trend.push(bar.close)
    this.usualVolume.push(bar.volume)
    this.stream.push(bar)
    const now = this.stream.window.length - 1
    this.long.reclaim(bar, now)
    this.short.reclaim(bar, now)
    if (range === undefined || range <= 0) return undefined
    return this.setup(this.long, bar, now, range) ?? this.setup(this.short, bar, now, range)
  }

  reset(): void {
    this.long = new Half(1)
    this.short = new Half(-1)
    this.stream = this.fresh()
    this.rsi.reset()
    this.atr.reset()
    this.trend.reset()
    this.usualVolume.reset()
  }

  onStructure(event: StructureEvent): void {
    switch (event.kind) {
      case 'swing':
        this.own(event.sign).swings.push(event.level)
        return
      case 'gap':
        this.own(event.sign).take('fair value gap', event)
        return
      case 'block':
        if (event.top > event.bottom) this.own(event.sign).take('order block', event)
        return
      case 'gap-mitigated':
        this.own(event.sign).expire('fair value gap', event.bar, event.knownAt + TOUCH_BARS)
        return
      case 'block-broken':
      case 'block-wiped':
        this.own(event.sign).expire('order block', event.bar, event.knownAt)
        return
      case 'bos':
      case 'choch':
        this.own(event.sign).shift = { at: event.knownAt, kind: event.kind, used: false }
        this.opposite(event.sign).shift = undefined
        return
      case 'sweep': {
        // Lows taken (sign −1) prepare a long, highs taken a short.
        const { window } = this.stream
        const extreme = event.sign === -1 ? window.low(event.at) : window.high(event.at)
        this.opposite(event.sign).pending = { level: event.level, extreme, until: event.knownAt + RECLAIM_BARS }
        return
      }
      case 'liquidity':
      case 'break-erased':
        return
    }
  }

  private fresh(): StructureStream {
    return new StructureStream({ ...STRUCTURE_DEFAULTS, window: 1_024, limit: 128 }, this)
  }

  private own(sign: Sign): Half {
    return sign === 1 ? this.long : this.short
  }

  private opposite(sign: Sign): Half {
    return sign === 1 ? this.short : this.long
  }

  private setup(side: Half, bar: Bar, now: number, range: number): Signal | undefined {
    const { sweep, shift, sign } = side
    if (sweep === undefined || shift === undefined || shift.used || shift.at < sweep.at) return undefined
    if (now - sweep.at > EXPIRY_BARS || now - shift.at > EXPIRY_BARS || now === shift.at) return undefined
    const zone = side.touched(bar, now, sweep.at)
    if (zone === undefined) return undefined
    const invalidation = sign === 1 ? Math.min(zone.bottom, sweep.extreme) : Math.max(zone.top, sweep.extreme)
    const stop = invalidation - sign * STOP_MARGIN_ATR * range
    const risk = sign * (bar.close - stop)
    if (risk < MIN_RISK_ATR * range || risk > MAX_RISK_ATR * range) return undefined
    const nearest = side.opposing(bar.close, risk)
    const takeProfit = nearest ?? bar.close + sign * 2 * risk
    shift.used = true
    const strength = this.rsi.value ?? 50
    const mean = this.trend.value ?? bar.close
    const volume = this.usualVolume.value ?? 0
    return {
      id: `teacher:${this.symbol}:${bar.openTime}`,
      strategy: 'teacher',
      symbol: this.symbol,
      side: sign === 1 ? 'BUY' : 'SELL',
      time: bar.openTime + BAR_MS,
      price: bar.close,
      entry: { type: 'LIMIT', price: bar.close, timeoutMs: ENTRY_TIMEOUT_MS },
      stop,
      takeProfit,
      invalidation,
      maxHoldMs: MAX_HOLD_MS,
      leverageClass: 'teacher',
      why: `${sign === 1 ? 'Lows' : 'Highs'} swept and reclaimed, ${shift.kind === 'bos' ? 'break of structure' : 'change of character'} ${sign === 1 ? 'up' : 'down'}, price back in the ${zone.kind}`,
      features: {
        direction: sign,
        rsi: strength,
        atr: range,
        riskAtr: risk / range,
        rewardRisk: (sign * (takeProfit - bar.close)) / risk,
        sweepAge: now - sweep.at,
        shiftAge: now - shift.at,
        choch: shift.kind === 'choch' ? 1 : 0,
        orderBlock: zone.kind === 'order block' ? 1 : 0,
        trendAtr: (sign * (bar.close - mean)) / range,
        volumeRatio: volume > 0 ? bar.volume / volume : 1,
        opposingLiquidity: nearest === undefined ? 0 : 1,
      },
    }
  }
}

export const createTeacher: StrategyFactory = (symbol, settings) => new Teacher(symbol, settings)

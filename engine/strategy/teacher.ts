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
import { createAtr } from '../indicators/atr.ts'
import { createEma } from '../indicators/moving-average.ts'
import { createRsi } from '../indicators/rsi.ts'
import { STRUCTURE_DEFAULTS, StructureStream } from '../structure/stream.ts'
import type { Sign, StructureEvent } from '../structure/structure-event.ts'
import type { Bar, Signal, StrategyFactory } from './strategy.ts'

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

interface Half {
  readonly sign: Sign
  /** Swept level waiting for a close back on the right side. */
  pending: { level: number; extreme: number; until: number } | undefined
  sweep: { at: number; extreme: number } | undefined
  shift: { at: number; kind: 'bos' | 'choch'; used: boolean } | undefined
  zones: Zone[]
  /** Levels of final swings of this sign, newest last. */
  swings: number[]
}

const half = (sign: Sign): Half => ({ sign, pending: undefined, sweep: undefined, shift: undefined, zones: [], swings: [] })

export const createTeacher: StrategyFactory = (symbol, settings) => {
  let long = half(1)
  let short = half(-1)
  let stream = fresh()
  const rsi = createRsi(settings.rsiPeriod)
  const atr = createAtr(settings.atrPeriod)
  const trend = createEma(50)
  const usualVolume = createEma(50)

  function fresh(): StructureStream {
    return new StructureStream({ ...STRUCTURE_DEFAULTS, window: 1_024, limit: 128 }, onEvent)
  }

  function own(sign: Sign): Half {
    return sign === 1 ? long : short
  }

  function onEvent(event: StructureEvent): void {
    switch (event.kind) {
      case 'swing':
        remember(own(event.sign).swings, event.level, SWINGS)
        return
      case 'gap':
        remember(
          own(event.sign).zones,
          {
            kind: 'fair value gap',
            bar: event.bar,
            top: event.top,
            bottom: event.bottom,
            knownAt: event.knownAt,
            expires: event.knownAt + EXPIRY_BARS,
          },
          ZONES,
        )
        return
      case 'block':
        if (event.top > event.bottom) {
          remember(
            own(event.sign).zones,
            {
              kind: 'order block',
              bar: event.bar,
              top: event.top,
              bottom: event.bottom,
              knownAt: event.knownAt,
              expires: event.knownAt + EXPIRY_BARS,
            },
            ZONES,
          )
        }
        return
      case 'gap-mitigated':
        expire(own(event.sign).zones, 'fair value gap', event.bar, event.knownAt + TOUCH_BARS)
        return
      case 'block-broken':
      case 'block-wiped':
        expire(own(event.sign).zones, 'order block', event.bar, event.knownAt)
        return
      case 'bos':
      case 'choch':
        own(event.sign).shift = { at: event.knownAt, kind: event.kind, used: false }
        own(event.sign === 1 ? -1 : 1).shift = undefined
        return
      case 'sweep': {
        // Lows taken (sign −1) prepare a long, highs taken a short.
        const side = own(event.sign === 1 ? -1 : 1)
        const { window } = stream
        const extreme = event.sign === -1 ? window.low(event.at) : window.high(event.at)
        side.pending = { level: event.level, extreme, until: event.knownAt + RECLAIM_BARS }
        return
      }
      case 'liquidity':
      case 'break-erased':
        return
    }
  }

  function reclaim(side: Half, bar: Bar, now: number): void {
    const waiting = side.pending
    if (waiting === undefined) return
    waiting.extreme = side.sign === 1 ? Math.min(waiting.extreme, bar.low) : Math.max(waiting.extreme, bar.high)
    if (side.sign === 1 ? bar.close > waiting.level : bar.close < waiting.level) {
      side.sweep = { at: now, extreme: waiting.extreme }
      side.pending = undefined
    } else if (now >= waiting.until) side.pending = undefined
  }

  function setup(side: Half, bar: Bar, now: number, range: number): Signal | undefined {
    const { sweep, shift, sign } = side
    if (sweep === undefined || shift === undefined || shift.used || shift.at < sweep.at) return undefined
    if (now - sweep.at > EXPIRY_BARS || now - shift.at > EXPIRY_BARS || now === shift.at) return undefined
    const zone = touched(side, bar, now, sweep.at)
    if (zone === undefined) return undefined
    const invalidation = sign === 1 ? Math.min(zone.bottom, sweep.extreme) : Math.max(zone.top, sweep.extreme)
    const stop = invalidation - sign * STOP_MARGIN_ATR * range
    const risk = sign * (bar.close - stop)
    if (risk < MIN_RISK_ATR * range || risk > MAX_RISK_ATR * range) return undefined
    const nearest = opposing(side, bar.close, risk)
    const takeProfit = nearest ?? bar.close + sign * 2 * risk
    shift.used = true
    const strength = rsi.value ?? 50
    const mean = trend.value ?? bar.close
    const volume = usualVolume.value ?? 0
    return {
      id: `teacher:${symbol}:${bar.openTime}`,
      strategy: 'teacher',
      symbol,
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

  return {
    name: 'teacher',
    warmUpBars: 120,
    onBar(bar) {
      rsi.push(bar.close)
      const range = atr.push(bar.high, bar.low, bar.close)
      trend.push(bar.close)
      usualVolume.push(bar.volume)
      stream.push(bar)
      const now = stream.window.length - 1
      reclaim(long, bar, now)
      reclaim(short, bar, now)
      if (range === undefined || range <= 0) return undefined
      return setup(long, bar, now, range) ?? setup(short, bar, now, range)
    },
    reset() {
      long = half(1)
      short = half(-1)
      stream = fresh()
      rsi.reset()
      atr.reset()
      trend.reset()
      usualVolume.reset()
    },
  }
}

/** The newest zone known since `since` that the bar came back into and did not close beyond. Zones are in the order they became known. */
function touched({ zones, sign }: Half, bar: Bar, now: number, since: number): Zone | undefined {
  for (let i = zones.length - 1; i >= 0; i--) {
    const zone = zones[i]
    if (zone === undefined || zone.knownAt < since) return undefined
    if (zone.expires < now || zone.knownAt >= now || bar.low > zone.top || bar.high < zone.bottom) continue
    if (sign === 1 ? bar.close >= zone.bottom : bar.close <= zone.top) return zone
  }
  return undefined
}

/** The nearest swing 1.5 to 5 times the risk away: highs (sign 1) are where a long finds opposing liquidity, lows where a short does. */
function opposing({ swings, sign }: Half, price: number, risk: number): number | undefined {
  let nearest: number | undefined
  for (const level of swings) {
    const away = sign * (level - price)
    if (away < 1.5 * risk || away > 5 * risk) continue
    if (nearest === undefined || sign * (level - nearest) < 0) nearest = level
  }
  return nearest
}

function remember<T>(list: T[], item: T, limit: number): void {
  list.push(item)
  if (list.length > limit) list.shift()
}

function expire(zones: readonly Zone[], kind: Zone['kind'], bar: number, at: number): void {
  for (const zone of zones) if (zone.kind === kind && zone.bar === bar && zone.expires > at) zone.expires = at
}

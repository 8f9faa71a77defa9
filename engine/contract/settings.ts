/**
 * Every value a user can set: type, range, default. Parsed once at start; a bad value is named and nothing starts.
 * Rails are on by default (peers.md §6.9).
 */
import * as v from 'valibot'
import { decimalText, type DecimalText } from './decimal-text.ts'
import { isVenueAddress } from './hosts.ts'
import { fail, ok, type Failure, type Result } from './result.ts'

const text = (value: string): DecimalText => value as DecimalText
const integer = (min: number, max: number, initial: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)), initial)
const money = (initial: string) =>
  v.optional(
    v.pipe(
      decimalText,
      v.check((t) => !t.startsWith('-'), 'must not be negative'),
    ),
    text(initial),
  )
const ours = v.check<string, string>(isVenueAddress, 'expected a Binance futures host over TLS, or this machine')
const httpUrl = v.pipe(v.string(), v.regex(/^https?:\/\/[\w.-]+(:\d+)?(\/[\w.\-/]*)?$/, 'expected an http(s) URL'), ours)
const wsUrl = v.pipe(v.string(), v.regex(/^wss?:\/\/[\w.-]+(:\d+)?(\/[\w.\-/]*)?$/, 'expected a ws(s) URL'), ours)

export const RailsSchema = v.strictObject({
  /** Largest notional of one order, USDT. */
  maxOrderNotional: money('5000'),
  /** Largest notional of one symbol's position, USDT. */
  maxPositionNotional: money('10000'),
  maxOpenPositions: integer(1, 50, 3),
  /** Every strategy but a student with a record: never more than 3. */
  maxLeverageTeacher: integer(1, 3, 3),
  /** What a student can earn at most, step by step: never more than 10. */
  maxLeverageStudent: integer(1, 10, 10),
  /** Loss since 00:00 UTC, USDT: entries blocked until the next day. */
  maxDailyLoss: money('500'),
  /** Per cent below the highest equity seen. */
  maxDrawdownFromPeakPct: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(90)), 15),
  /** Per cent below the equity at 00:00 UTC. */
  maxDrawdownFromDayStartPct: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(90)), 8),
  maxOrdersPerMinute: integer(1, 1000, 60),
  /** After a losing exit, seconds (venue time) before the symbol may be entered again. */
  coolDownSeconds: integer(0, 86_400, 60),
  /** Entries further than this from the mark are refused, per cent. */
  priceBandPct: v.optional(v.pipe(v.number(), v.minValue(0.05), v.maxValue(50)), 3),
  /** Market data older than this blocks entries, ms. */
  maxDataAgeMs: integer(250, 600_000, 5_000),
  maxConsecutiveRejects: integer(1, 100, 5),
})
export type Rails = v.InferOutput<typeof RailsSchema>

export const StrategySchema = v.strictObject({
  /** 'placeholder' = the documented RSI/ATR rule. */
  name: v.optional(v.picklist(['placeholder', 'teacher', 'student']), 'placeholder'),
  /** A strategy of one's own instead (--strategy-file); the hash is of the file as it was chosen. */
  file: v.optional(v.strictObject({ path: v.string(), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected a SHA-256')) })),
  rsiPeriod: integer(2, 200, 14),
  atrPeriod: integer(2, 200, 14),
  /** Fraction of equity risked between entry and stop. */
  riskPerTradePct: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(5)), 0.5),
  /** The stop follows the close at this many ATR once the position is one R ahead (orders/trailing.ts); absent = it stays where it is. */
  trailAtr: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(20))),
})
export type StrategySettings = v.InferOutput<typeof StrategySchema>

export const Mode = v.picklist(['simulated', 'paper', 'live'])
export type Mode = v.InferOutput<typeof Mode>

export const TapeSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('synthetic'), regimes: v.optional(v.array(v.picklist(['trend', 'range', 'crash', 'gap']))) }),
  v.strictObject({ kind: v.literal('klines'), file: v.string() }),
  v.strictObject({ kind: v.literal('frames'), file: v.string() }),
  /** The excerpt of real prices that ships with the app. */
  v.strictObject({ kind: v.literal('demo') }),
  /** Relay of an upstream's public streams: paper mode. */
  v.strictObject({ kind: v.literal('live'), rest: httpUrl, ws: wsUrl }),
])
export type Tape = v.InferOutput<typeof TapeSchema>

/** Rights of the embedded exchange's key; 'untold': it may trade, and the venue does not tell what else. */
export const KEY_RIGHTS = ['trade', 'read-only', 'withdraw', 'transfer', 'untold'] as const
export type KeyRights = (typeof KEY_RIGHTS)[number]

export const POSITION_MODES = ['one-way', 'hedge'] as const

/** A symbol, or `auto:N`: the N most traded USDT perpetuals, chosen when the engine starts, after the symbols named beside it. */
const SYMBOL_ENTRY = /^([A-Z0-9]{2,20}|auto:([1-9]\d?|1\d\d|200))$/

export const SettingsSchema = v.strictObject({
  mode: v.optional(Mode, 'simulated'),
  symbols: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(SYMBOL_ENTRY, 'expected a symbol such as BTCUSDT, or auto:10 for the ten most traded'))),
      v.minLength(1),
      v.maxLength(200),
      v.check((all) => new Set(all).size === all.length, 'expected each symbol once'),
    ),
    ['BTCUSDT'],
  ),
  /** Set when `auto:N` was resolved: how many, and which were named; the feed says when the market has moved on. */
  universe: v.optional(v.strictObject({ limit: v.number(), named: v.array(v.string()) })),
  seed: integer(0, 2 ** 31 - 1, 1),
  tape: v.optional(TapeSchema, { kind: 'demo' }),
  /** Simulated seconds per real second. */
  speed: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(100_000)), 60),
  /** Virtual time moves only when feed and brain have consumed what the simulator sent. */
  lockStep: v.optional(v.boolean(), false),
  /** USDT in the simulated account. */
  startingBalance: money('10000'),
  /** What the simulated account's key may do: to see the cockpit with a key that only reads, or that is refused. */
  keyRights: v.optional(v.picklist(KEY_RIGHTS), 'trade'),
  /** Of every symbol; the rails cap it. */
  leverage: integer(1, 20, 3),
  /** How the account keeps positions: one per symbol, or a long and a short one. The venue's own setting must agree, or nothing is entered. */
  positionMode: v.optional(v.picklist(POSITION_MODES), 'one-way'),
  rails: v.optional(RailsSchema, {}),
  strategy: v.optional(StrategySchema, {}),
  /** Real venue (paper's public data, live's everything). Tests point it at a second simulator. */
  upstream: v.optional(v.strictObject({ rest: httpUrl, ws: wsUrl }), { rest: 'https://fapi.binance.com', ws: 'wss://fstream.binance.com' }),
  /** What the brain saw, kept for a replay after an incident: the oldest whole sessions go when the disk space is used up. */
  recording: v.optional(v.strictObject({ on: v.optional(v.boolean(), true), maxMegabytes: integer(16, 1_048_576, 2_048) }), {}),
  /** Dead-man's switch: the venue cancels our orders when we have been silent this long, ms; 0 = off. */
  deadManMs: integer(0, 600_000, 60_000),
})
export type Settings = v.InferOutput<typeof SettingsSchema>

/** Parses settings from a file, the environment or a test; a failure names the field. */
export function parseSettings(input: unknown): Result<Settings, Failure<'bad-settings'>> {
  const parsed = v.safeParse(SettingsSchema, input)
  if (parsed.success) return ok(parsed.output)
  const first = parsed.issues[0]
  const path = v.getDotPath(first) ?? 'settings'
  return fail('bad-settings', `${path}: ${first.message}`)
}

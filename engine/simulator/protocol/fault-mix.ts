/**
 * Every kind of fault once or more, at seeded moments of a span of simulated time: for soaks that must end with the books equal.
 * What would end the session for good is left out (only a spare key is revoked); what would outlast the span is undone within it
 * (halts, the clock); filters, ids and jumped prices stay changed, as they would at the venue.
 */
import type { DecimalText } from '../../contract/decimal-text.ts'
import type { FaultPlan } from './faults.ts'
import { POISONS } from './poison.ts'

export interface FaultMix {
  readonly seed: number
  /** Simulated ms over which the faults are spread; the last tenth stays free of them, to settle. */
  readonly spanMs: number
  readonly symbols: readonly string[]
  /** The account's key, whose user events are troubled. */
  readonly account: string
  /** A further key of the account that nobody needs: it is revoked. */
  readonly spareKey?: string
}

const ORDER_PATHS = ['POST /fapi/v1/order', 'POST /fapi/v1/algoOrder', 'DELETE /fapi/v1/order', 'DELETE /fapi/v1/algoOrder'] as const
const READ_PATHS = [
  'GET /fapi/v1/order',
  'GET /fapi/v1/openOrders',
  'GET /fapi/v3/account',
  'GET /fapi/v1/userTrades',
  'GET /fapi/v1/klines',
] as const
const CATEGORIES = ['public', 'market', 'private'] as const
const MINUTE = 60_000

const REQUEST_EFFECTS = [
  { do: 'unknown', executed: true },
  { do: 'unknown', executed: false },
  { do: 'timeout', executed: true },
  { do: 'timeout', executed: false },
  { do: 'unavailable' },
  { do: 'throttled' },
  { do: 'internal' },
  { do: 'html' },
  { do: 'refuse', status: 400, code: -2019, msg: 'Margin is insufficient.' },
  { do: 'rateLimited' },
  { do: 'ban', ms: MINUTE },
  { do: 'hang', executed: true },
  { do: 'hang', executed: false },
  { do: 'reset', executed: true },
  { do: 'reset', executed: false },
  { do: 'slow', ms: 200 },
  { do: 'late' },
  { do: 'truncated' },
  { do: 'garbage' },
] as const

const USER_FRAMES = [{ do: 'dropFrame' }, { do: 'duplicateFrame', copies: 2 }, { do: 'lateFrame', ms: 5_000 }, { do: 'swapFrame' }] as const

/** Poisons that show on the frame itself; an account event that is merely false (another price) no client could tell. */
const UNREADABLE = [
  'null',
  'missingField',
  'text',
  'emptyText',
  'hugeExponent',
  'notANumber',
  'bareNaN',
  'duplicate',
  'deepNesting',
  'oneMegabyte',
  'truncated',
  'invalidUtf8',
  'prototypeKeys',
  'arrayForObject',
  'nullFrame',
] as const

/** Uniform in [0, 1), the same for the same seed. */
function draws(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

/** The plans, in order of time. */
export function everyFault(mix: FaultMix): readonly FaultPlan[] {
  const random = draws(mix.seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const at = (): number => Math.floor(random() * mix.spanMs * 0.85)
  const symbol = (): string => pick(mix.symbols)
  const plans: FaultPlan[] = []
  /* a ban is told by the venue's clock: one told while the clock is an hour wrong would hold for that hour */
  const beforeJumps = (): number => Math.floor(random() * mix.spanMs * 0.6)
  for (const effect of REQUEST_EFFECTS) {
    const moment = effect.do === 'ban' ? beforeJumps : at
    plans.push({ on: 'request', path: pick(ORDER_PATHS), fromMs: moment(), effect })
    plans.push({ on: 'request', path: pick(READ_PATHS), fromMs: moment(), effect })
  }
  for (const effect of USER_FRAMES) {
    plans.push({ on: 'frame', stream: 'user', fromMs: at(), times: 2, effect })
    plans.push({ on: 'frame', stream: `${symbol().toLowerCase()}@kline_1m`, fromMs: at(), effect })
  }
  for (const poison of POISONS) {
    plans.push({ on: 'frame', stream: '*', fromMs: at(), effect: { do: 'poison', poison, keep: true } })
  }
  for (const poison of UNREADABLE) plans.push({ on: 'frame', stream: 'user', fromMs: at(), effect: { do: 'poison', poison, keep: true } })
  for (const category of CATEGORIES) {
    plans.push({ on: 'time', fromMs: at(), effect: { do: 'cutSockets', category } })
    plans.push({ on: 'time', fromMs: at(), effect: { do: 'closeSockets', category } })
    plans.push({ on: 'time', fromMs: at(), effect: { do: 'silence', category, ms: 2 * MINUTE } })
    plans.push({ on: 'time', fromMs: at(), effect: { do: 'halfOpen', category } })
  }
  plans.push({ on: 'time', fromMs: at(), effect: { do: 'refuseSockets', ms: MINUTE } })
  plans.push({ on: 'time', fromMs: at(), effect: { do: 'expireListenKeys' } })
  if (mix.spareKey !== undefined) plans.push({ on: 'time', fromMs: at(), effect: { do: 'revokeKey', key: mix.spareKey } })
  for (const [ms, share] of [
    [3_600_000, 0.68],
    [-3_600_000, 0.78],
  ] as const) {
    const from = Math.floor(mix.spanMs * (share + random() * 0.04))
    plans.push({ on: 'time', fromMs: from, effect: { do: 'clockJump', ms } })
    plans.push({ on: 'time', fromMs: Math.floor(from + mix.spanMs * 0.04), effect: { do: 'clockJump', ms: -ms } })
  }
  for (const how of ['duplicate', 'late', 'drop'] as const) {
    plans.push({
      on: 'time',
      fromMs: at(),
      effect: { do: 'market', fault: { kind: 'user', account: mix.account, how, count: 3, ms: 5_000 } },
    })
  }
  for (const how of ['revised', 'late', 'missing'] as const) {
    plans.push({ on: 'time', fromMs: at(), effect: { do: 'market', fault: { kind: 'kline', symbol: symbol(), how } } })
  }
  const halted = symbol()
  const halt = at()
  plans.push(
    { on: 'time', fromMs: halt, effect: { do: 'market', fault: { kind: 'status', symbol: halted, status: 'TRADING_HALT' } } },
    { on: 'time', fromMs: halt + MINUTE, effect: { do: 'market', fault: { kind: 'status', symbol: halted, status: 'TRADING' } } },
    {
      on: 'time',
      fromMs: at(),
      effect: { do: 'market', fault: { kind: 'jump', symbol: symbol(), fraction: pick(['-0.06', '0.06']) as DecimalText } },
    },
    { on: 'time', fromMs: at(), effect: { do: 'market', fault: { kind: 'depthGap', symbol: symbol(), updates: 3 } } },
    {
      on: 'time',
      fromMs: at(),
      effect: { do: 'market', fault: { kind: 'filters', symbol: symbol(), change: { minNotional: '60' as DecimalText } } },
    },
    { on: 'time', fromMs: at(), effect: { do: 'market', fault: { kind: 'ids', from: '9007199254740995' } } },
  )
  return plans.toSorted((a, b) => (a.fromMs ?? 0) - (b.fromMs ?? 0))
}

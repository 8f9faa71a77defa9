/**
 * The ledger: fills per second, text in, exact, against naive float code and ccxt's Precise doing the same bookkeeping in the same run,
 * rounds interleaved; and what comparing two books of 200 positions and 1,000 orders costs.
 *
 * Exactness is checked, not assumed: the ledger's wallet and realised profit must equal an independent Decimal book to the last digit;
 * how far floats are off is printed beside their speed.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DecimalText } from '../engine/contract/decimal-text.ts'
import type { BookCopy } from '../engine/contract/mismatch.ts'
import type { AccountSnapshot, VenueFill, VenueOrder } from '../engine/contract/venue.ts'
import { Decimal, toMoney, toText } from '../engine/money/decimal.ts'
import { createLedger } from '../engine/money/ledger.ts'
import { compareBooks } from '../engine/reconciliation/compare.ts'

const BARS = { fillsPerSecond: 200_000, reconcileMs: 50 } as const
const SYMBOLS = [
  { symbol: 'BTCUSDT', price: 60_000, priceDigits: 1, quantityDigits: 3 },
  { symbol: 'ETHUSDT', price: 2_500, priceDigits: 2, quantityDigits: 3 },
  { symbol: 'XRPUSDT', price: 0.55, priceDigits: 4, quantityDigits: 1 },
  { symbol: 'TRXUSDT', price: 0.12, priceDigits: 5, quantityDigits: 0 },
] as const

const text = (value: string): DecimalText => value as DecimalText

/** Seeded fills: additions, partial closes, flips, as a busy account has them. */
function makeFills(count: number): readonly VenueFill[] {
  let state = 12_345
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: count }, (_, i): VenueFill => {
    const s = SYMBOLS[i % SYMBOLS.length] ?? SYMBOLS[0]
    const price = (s.price * (0.98 + random() * 0.04)).toFixed(s.priceDigits)
    const quantity = Math.max(10 ** -s.quantityDigits, (random() * 900) / s.price).toFixed(s.quantityDigits)
    return {
      symbol: s.symbol,
      tradeId: String(100_000_000 + i),
      orderId: String(i),
      side: random() < 0.5 ? 'BUY' : 'SELL',
      positionSide: 'BOTH',
      price: text(price),
      quantity: text(quantity === (0).toFixed(s.quantityDigits) ? '1' : quantity),
      realizedPnl: text('0'),
      commission: text((Number(price) * Number(quantity) * 0.0005).toFixed(8)),
      commissionAsset: 'USDT',
      maker: random() < 0.5,
      time: 1_700_000_000_000 + i,
    }
  })
}

/** The venue states the realised profit of each fill; the ledger reads and compares it. */
function withVenueFigures(fills: readonly VenueFill[]): readonly VenueFill[] {
  const ledger = createLedger({ wallet: text('0'), acceptVenueRounding: false })
  return fills.map((fill) => {
    const outcome = ledger.applyFill(fill)
    return outcome.kind === 'booked' ? { ...fill, realizedPnl: outcome.realized } : fill
  })
}

interface Outcome {
  readonly wallet: string
  readonly realized: string
}

function ours(fills: readonly VenueFill[]): Outcome {
  const ledger = createLedger({ wallet: text('100000'), acceptVenueRounding: false })
  for (const fill of fills) ledger.applyFill(fill)
  const totals = ledger.totals()
  return { wallet: toText(totals.wallet), realized: toText(totals.realized) }
}

/** What everybody writes first: numbers, duplicates dropped by a Set. */
function floats(fills: readonly VenueFill[]): Outcome {
  const positions = new Map<string, { quantity: number; entry: number }>()
  const seen = new Set<string>()
  let wallet = 100_000
  let realized = 0
  for (const fill of fills) {
    const key = fill.symbol + fill.tradeId
    if (seen.has(key)) continue
    seen.add(key)
    let p = positions.get(fill.symbol)
    if (p === undefined) positions.set(fill.symbol, (p = { quantity: 0, entry: 0 }))
    const price = Number(fill.price)
    const signed = fill.side === 'BUY' ? Number(fill.quantity) : -Number(fill.quantity)
    const after = p.quantity + signed
    if (p.quantity === 0 || p.quantity > 0 === signed > 0) p.entry = (p.entry * p.quantity + price * signed) / after
    else {
      const closed = Math.min(Math.abs(p.quantity), Math.abs(signed))
      const profit = (price - p.entry) * closed * Math.sign(p.quantity)
      realized += profit
      wallet += profit
      if (after !== 0 && after > 0 !== p.quantity > 0) p.entry = price
    }
    p.quantity = after
    wallet -= Number(fill.commission)
  }
  return { wallet: String(wallet), realized: String(realized) }
}

interface PreciseStatic {
  stringAdd(a: string, b: string): string
  stringSub(a: string, b: string): string
  stringMul(a: string, b: string): string
  stringDiv(a: string, b: string, precision?: number): string
  stringAbs(a: string): string
  stringMin(a: string, b: string): string
  stringEq(a: string, b: string): boolean
  stringLt(a: string, b: string): boolean
}
const hasStatics = (value: unknown): value is PreciseStatic => typeof value === 'function' && 'stringMul' in value && 'stringDiv' in value

async function loadPrecise(): Promise<PreciseStatic | null> {
  // ccxt's exports map does not list the file: found beside the package's entry.
  const entry = createRequire(import.meta.url).resolve('ccxt')
  const module: { Precise?: unknown; default?: unknown } = await import(
    pathToFileURL(join(dirname(dirname(entry)), 'js', 'src', 'base', 'Precise.js')).href
  )
  return hasStatics(module.Precise) ? module.Precise : hasStatics(module.default) ? module.default : null
}

/** The same bookkeeping on ccxt's decimal strings. */
function precise(P: PreciseStatic, fills: readonly VenueFill[]): Outcome {
  const positions = new Map<string, { quantity: string; entry: string }>()
  const seen = new Set<string>()
  let wallet = '100000'
  let realized = '0'
  for (const fill of fills) {
    const key = fill.symbol + fill.tradeId
    if (seen.has(key)) continue
    seen.add(key)
    let p = positions.get(fill.symbol)
    if (p === undefined) positions.set(fill.symbol, (p = { quantity: '0', entry: '0' }))
    const short = P.stringLt(p.quantity, '0')
    const signed = fill.side === 'BUY' ? fill.quantity : `-${fill.quantity}`
    const after = P.stringAdd(p.quantity, signed)
    if (P.stringEq(p.quantity, '0') || short === (fill.side === 'SELL')) {
      p.entry = P.stringDiv(P.stringAdd(P.stringMul(p.entry, p.quantity), P.stringMul(fill.price, signed)), after, 30)
    } else {
      const closed = P.stringMin(P.stringAbs(p.quantity), fill.quantity)
      const profit = P.stringMul(P.stringMul(P.stringSub(fill.price, p.entry), closed), short ? '-1' : '1')
      realized = P.stringAdd(realized, profit)
      wallet = P.stringAdd(wallet, profit)
      if (!P.stringEq(after, '0') && P.stringLt(after, '0') !== short) p.entry = fill.price
    }
    p.quantity = after
    wallet = P.stringSub(wallet, fill.commission)
  }
  return { wallet, realized }
}

/** The independent book that says what is exact. */
function oracle(fills: readonly VenueFill[]): Outcome {
  const positions = new Map<string, { quantity: Decimal; entry: Decimal }>()
  let wallet = new Decimal(100_000)
  let realized = new Decimal(0)
  for (const fill of fills) {
    let p = positions.get(fill.symbol)
    if (p === undefined) positions.set(fill.symbol, (p = { quantity: new Decimal(0), entry: new Decimal(0) }))
    const price = new Decimal(fill.price)
    const signed = new Decimal(fill.quantity).mul(fill.side === 'BUY' ? 1 : -1)
    const after = p.quantity.plus(signed)
    if (p.quantity.isZero() || p.quantity.isNegative() === signed.isNegative()) {
      p.entry = p.entry.mul(p.quantity).plus(price.mul(signed)).div(after)
    } else {
      const closed = Decimal.min(p.quantity.abs(), signed.abs())
      const profit = toMoney(
        price
          .minus(p.entry)
          .mul(closed)
          .mul(p.quantity.isNegative() ? -1 : 1),
      )
      realized = realized.plus(profit)
      wallet = wallet.plus(profit)
      if (!after.isZero() && after.isNegative() !== p.quantity.isNegative()) p.entry = price
    }
    p.quantity = after
    wallet = wallet.minus(fill.commission)
  }
  return { wallet: toText(wallet), realized: toText(realized) }
}

const median = (xs: readonly number[]): number => xs.toSorted((a, b) => a - b)[Math.floor(xs.length / 2)] ?? Number.NaN

/**
 * Milliseconds of this thread's own CPU time where Node can tell (24 can), else of the clock: neighbours on the machine then neither slow a
 * side down nor favour one.
 */
const ownTime: { readonly name: string; readonly now: () => number } =
  typeof process.threadCpuUsage === 'function'
    ? {
        name: 'thread CPU time',
        now: () => {
          const { user, system } = process.threadCpuUsage()
          return (user + system) / 1_000
        },
      }
    : { name: 'wall clock', now: () => performance.now() }

function rate(
  work: () => Outcome,
  count: number,
): { readonly perSecond: number; readonly wallPerSecond: number; readonly outcome: Outcome } {
  const wall = performance.now()
  const from = ownTime.now()
  const outcome = work()
  const [spent, spentWall] = [ownTime.now() - from, performance.now() - wall]
  return { perSecond: (count / spent) * 1_000, wallPerSecond: (count / spentWall) * 1_000, outcome }
}

/** 200 positions and 1,000 orders on both sides, with one difference in ten. */
function twoBooks(): { local: BookCopy; venue: AccountSnapshot } {
  const now = 1_700_000_000_000
  const symbolOf = (i: number): string => `S${i}USDT`
  const orders = Array.from({ length: 1_000 }, (_, i): VenueOrder => ({
    book: i % 5 === 0 ? 'algo' : 'regular',
    symbol: symbolOf(i % 200),
    orderId: String(i),
    clientId: `sessions-S${i % 200}USDT-${i % 5 === 0 ? 's' : 'e'}${i.toString(36)}`,
    side: i % 5 === 0 ? 'SELL' : 'BUY',
    positionSide: 'BOTH',
    type: i % 5 === 0 ? 'STOP_MARKET' : 'LIMIT',
    status: 'NEW',
    timeInForce: 'GTC',
    price: text('99.5'),
    triggerPrice: text('95'),
    quantity: text('1.25'),
    executed: text('0'),
    averagePrice: text('0'),
    reduceOnly: i % 5 === 0,
    closePosition: false,
    createdAt: now - 60_000,
    updatedAt: now - 60_000,
  }))
  const quantity = (i: number, off: boolean): DecimalText => text(off && i % 10 === 0 ? '11' : '10')
  return {
    local: {
      takenAt: now,
      revision: 1,
      wallet: text('100000'),
      positions: Array.from({ length: 200 }, (_, i) => ({
        symbol: symbolOf(i),
        positionSide: 'BOTH',
        quantity: quantity(i, true),
        averageEntry: text('100.00000001'),
        realizedPnl: text('0'),
        wantsStop: true,
      })),
      openOrders: orders.filter((_, i) => i % 10 !== 3).map((order) => ({ ...order, state: 'Open', origin: 'ours' as const })),
      unresolved: [],
      lastTradeId: {},
      fillCount: 0,
    },
    venue: {
      takenAt: now,
      balances: [
        { asset: 'USDT', wallet: text('100001'), crossWallet: text('0'), available: text('0'), unrealizedPnl: text('0'), updatedAt: now },
      ],
      positions: Array.from({ length: 200 }, (_, i) => ({
        symbol: symbolOf(i),
        positionSide: 'BOTH',
        quantity: quantity(i, false),
        entryPrice: text('100.0'),
        markPrice: text('101'),
        unrealizedPnl: text('0'),
        liquidationPrice: text('0'),
        marginType: 'cross',
        isolatedWallet: text('0'),
        maintenanceMargin: text('0'),
        initialMargin: text('0'),
        updatedAt: now,
      })),
      openOrders: orders,
    },
  }
}

function reconcile(rounds: number): { readonly medianMs: number; readonly firstMs: number; readonly findings: number } {
  const { local, venue } = twoBooks()
  const times: number[] = []
  let findings = 0
  for (let round = 0; round < rounds; round++) {
    const from = ownTime.now()
    const { findings: found } = compareBooks({
      local,
      venue,
      context: {
        now: local.takenAt,
        scope: { orders: true, positions: true, balances: true, orderSymbols: null, fillSymbols: new Set(), filters: false, income: false },
        symbols: new Set(local.positions.map((p) => p.symbol)),
        marks: new Map(venue.positions.map((p) => [p.symbol, new Decimal(p.markPrice)])),
        fills: [],
        booked: () => true,
        ownOrder: () => true,
        lookups: new Map(),
        inFlightMs: 5_000,
        dataAgeMs: null,
        maxDataAgeMs: 5_000,
        clockSkewMs: null,
        income: null,
        filterChanges: [],
      },
    })
    times.push(ownTime.now() - from)
    findings = found.length
  }
  return { medianMs: median(times), firstMs: times[0] ?? Number.NaN, findings }
}

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const quick = options.quick === true
  const count = quick ? 50_000 : 200_000
  const rounds = quick ? 3 : 7
  const fills = withVenueFigures(makeFills(count))
  const few = fills.slice(0, count / 10)
  const P = await loadPrecise()
  const speeds: Record<'ledger' | 'floats' | 'precise' | 'decimal', number[]> = { ledger: [], floats: [], precise: [], decimal: [] }
  const walls: number[] = []
  let exact = true
  let floatError = ''
  const want = oracle(fills)
  for (let round = 0; round <= rounds; round++) {
    const a = rate(() => ours(fills), count)
    const b = rate(() => floats(fills), count)
    const c = P === null ? null : rate(() => precise(P, few), few.length)
    const d = rate(() => oracle(few), few.length)
    exact &&= a.outcome.wallet === want.wallet && a.outcome.realized === want.realized
    floatError = new Decimal(b.outcome.wallet).minus(want.wallet).abs().toFixed(12)
    // The first round warms up.
    if (round === 0) continue
    speeds.ledger.push(a.perSecond)
    walls.push(a.wallPerSecond)
    speeds.floats.push(b.perSecond)
    if (c !== null) speeds.precise.push(c.perSecond)
    speeds.decimal.push(d.perSecond)
  }
  const [ledger, naive, peer, decimals] = [speeds.ledger, speeds.floats, speeds.precise, speeds.decimal].map(median)
  const compared = reconcile(quick ? 5 : 15)
  const perSecond = Math.round(ledger ?? 0)
  return {
    bench: 'money',
    ok: perSecond >= BARS.fillsPerSecond && exact && compared.medianMs <= BARS.reconcileMs,
    quick,
    rounds,
    measuredIn: ownTime.name,
    ledger: {
      fills: count,
      fillsPerSecond: perSecond,
      wallFillsPerSecond: Math.round(median(walls)),
      bar: BARS.fillsPerSecond,
      exact,
      wallet: want.wallet,
      ratioToFloats: round2((ledger ?? 0) / (naive ?? Number.NaN)),
      ratioToPrecise: P === null ? null : round2((ledger ?? 0) / (peer ?? Number.NaN)),
      ratioToDecimal: round2((ledger ?? 0) / (decimals ?? Number.NaN)),
      peers: {
        floatsPerSecond: Math.round(naive ?? 0),
        floatsOffBy: floatError,
        precisePerSecond: Math.round(peer ?? 0),
        decimalPerSecond: Math.round(decimals ?? 0),
      },
    },
    reconcile: {
      positions: 200,
      orders: 1_000,
      findings: compared.findings,
      medianMs: round2(compared.medianMs),
      firstMs: round2(compared.firstMs),
      barMs: BARS.reconcileMs,
    },
  }
}

const round2 = (value: number): number => Math.round(value * 100) / 100

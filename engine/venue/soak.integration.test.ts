/**
 * Half an hour of simulated time under every fault of the catalogue, over real sockets: books kept by the adapter alone end equal to
 * the venue's account to the last digit, and no order exists twice. Each sabotage must be noticed. More seeds: AEGIS_SOAK=20.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { OrderRequest } from '../contract/venue.ts'
import { toText } from '../money/decimal.ts'
import { everyFault } from '../simulator/protocol/fault-mix.ts'
import { FAULT_NAMES, faultName } from '../simulator/protocol/fault-names.ts'
import { signed } from '../simulator/protocol/raw-client.ts'
import { startSimulator, type Simulator } from '../simulator/server.ts'
import { allowedHosts } from './allowed-hosts.ts'
import { Bookkeeper, type Sabotage } from './fixtures/bookkeeper.ts'
import { atEnd, endVenues, text } from './fixtures/simulated-venue.ts'
import { createVenue } from './index.ts'
import { parseLossless } from './lossless-json.ts'
import { createStreamSocket } from './stream-socket.ts'

afterEach(endVenues)

const MINUTE = 60_000
const SPAN = 30 * MINUTE
/** How much longer it may take until every fault has struck: a ban told by a clock that is an hour wrong holds for that hour. */
const EXTRA = 75 * MINUTE
const RATE = 150
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const
const BALANCE = text('10000')
/** Funding falls due ten minutes into the run. */
const START = Date.UTC(2024, 5, 3, 7, 50)
const SIZES: Readonly<Record<string, readonly string[]>> = {
  BTCUSDT: ['0.002', '0.005', '0.011', '0.03'],
  ETHUSDT: ['0.030', '0.055', '0.210', '0.400'],
}

function numbers(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296
  }
}
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

interface Report {
  /** Where the books and the venue differ. */
  readonly differences: readonly string[]
  /** Faults of the catalogue that struck nothing. */
  readonly missed: readonly string[]
  readonly books: Bookkeeper
}

async function soak(seed: number, sabotage?: Sabotage): Promise<Report> {
  const random = numbers(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const spare = { key: `spare-${seed}`, secret: 'spare-secret' }
  const started = await startSimulator({
    seed,
    symbols: SYMBOLS,
    speed: RATE,
    timebase: 'tape',
    startTime: START,
    preludeBars: 60,
    autoplay: false,
    balance: BALANCE,
    moreKeys: [spare],
  })
  if (!started.ok) throw new Error(started.error.message)
  const sim = started.value
  atEnd(() => sim.close())
  const endpoints = { rest: sim.rest, ws: sim.ws, rate: RATE, real: false }
  const venue = createVenue({ endpoints, credentials: { key: sim.key, secret: sim.secret }, source: 'brain', random, timeoutMs: 500 })
  atEnd(() => venue.close())
  const { private: api, userStream: stream } = venue
  if (api === undefined || stream === undefined) throw new Error('a venue with credentials has a private half')
  listenToMarket(sim, random)

  const books = new Bookkeeper({ api, stream, symbols: SYMBOLS, wallet: BALANCE, startTime: sim.startTime, sabotage })
  sim.play()
  expect(await stream.start()).toMatchObject({ ok: true })
  const elapsed = (): number => sim.exchange.now - sim.startTime
  const plans = everyFault({ seed, spanMs: SPAN, symbols: SYMBOLS, account: sim.key, spareKey: spare.key })
  for (const plan of plans) expect(sim.fault(plan).ok).toBe(true)
  const missed = (): string[] => FAULT_NAMES.filter((name) => !sim.struck.has(name))
  const isOver = (): boolean => elapsed() > SPAN && (missed().length === 0 || elapsed() > SPAN + EXTRA)

  let orders = 0
  const placed: OrderRequest[] = []
  const prices = new Map<string, number>([
    ['BTCUSDT', 0],
    ['ETHUSDT', 0],
  ])
  const order = (): OrderRequest => {
    const symbol = pick(SYMBOLS)
    const held = books.ledger.position(symbol, 'BOTH').quantity
    const side = held.isZero() || random() < 0.4 ? pick(['BUY', 'SELL'] as const) : held.isNegative() ? 'BUY' : 'SELL'
    const base = {
      clientId: `soak-${seed}-${(orders += 1)}`,
      symbol,
      side,
      positionSide: 'BOTH',
      quantity: text(pick(SIZES[symbol] ?? [])),
    } as const
    const near = (share: number): ReturnType<typeof text> => text(((prices.get(symbol) ?? 0) * (1 + share)).toFixed(1))
    const away = side === 'BUY' ? 1 : -1
    const kind = random()
    if (kind < 0.6 || near(0) === '0.0') return { ...base, type: 'MARKET' }
    if (kind < 0.8) return { ...base, type: 'LIMIT', price: near(-0.0004 * away), timeInForce: pick(['GTC', 'GTX', 'IOC'] as const) }
    return { ...base, type: 'STOP_MARKET', triggerPrice: near(0.0008 * away), ...(random() < 0.3 ? { reduceOnly: true } : {}) }
  }
  const trade = async (): Promise<void> => {
    while (!isOver()) {
      const kind = random()
      const some = pick(placed)
      if (kind < 0.55 || some === undefined) {
        const made = order()
        placed.push(made)
        if (placed.length > 40) placed.shift()
        await books.place(made)
      } else if (kind < 0.75) await api.cancel(some.symbol, some.clientId, some.triggerPrice === undefined ? 'regular' : 'algo')
      else if (kind < 0.8) await api.order(some.symbol, some.clientId, some.triggerPrice === undefined ? 'regular' : 'algo')
      else if (kind < 0.85) await api.openOrders(some.symbol)
      else if (kind < 0.87) await api.balances()
      else if (kind < 0.95) {
        const bars = await venue.public.bars(some.symbol, '1m', { limit: 2 })
        const close = bars.ok ? bars.value.at(-1)?.close : undefined
        if (close !== undefined) prices.set(some.symbol, Number(close))
      } else if (kind < 0.96) await api.cancelAll(some.symbol)
      await sleep(2)
    }
  }
  const look = async (): Promise<void> => {
    for (let lookedAt = 0; !isOver();) {
      await sleep(20)
      if (books.stale || elapsed() - lookedAt > MINUTE) {
        lookedAt = elapsed()
        await books.read()
      }
      await books.resolve()
    }
  }
  /** What found nothing to strike at its time (a socket that was just being replaced) strikes later. */
  const again = async (): Promise<void> => {
    while (!isOver()) {
      await sleep(50)
      if (elapsed() < SPAN) continue
      for (const name of missed()) {
        const plan = plans.find((one) => faultName(one.effect) === name)
        if (plan !== undefined) expect(sim.fault({ ...plan, fromMs: 0 }).ok).toBe(true)
      }
      await sleep(200)
    }
  }
  await Promise.all([trade(), trade(), look(), again()])

  sim.clearFaults()
  const settled = Date.now() + 40_000
  const until = async (what: string, work: () => Promise<boolean>): Promise<void> => {
    while (!(await work())) {
      if (Date.now() > settled) throw new Error(`seed ${seed}: ${what} did not come to an end`)
      await sleep(50)
    }
  }
  for (const symbol of SYMBOLS) await until(`cancelling ${symbol}`, async () => (await api.cancelAll(symbol)).ok)
  await until('the open orders', async () => {
    const open = await api.openOrders()
    return open.ok && open.value.length === 0
  })
  await until('looking up orders', () => books.resolve())
  sim.pause()
  await until('the last read', () => books.read())
  return { differences: [...bookDifferences(sim, books), ...(await orderDifferences(sim, books))], missed: missed(), books }
}

/** Market and public sockets of the adapter, so that there is something for the faults of these streams to strike. */
function listenToMarket(sim: Simulator, random: () => number): void {
  const hosts = allowedHosts({ rest: sim.rest, ws: sim.ws, rate: RATE, real: false })
  if (!hosts.ok) throw new Error(hosts.error.message)
  for (const [category, names] of [
    ['market', ['kline_1m', 'aggTrade', 'markPrice@1s']],
    ['public', ['bookTicker', 'depth@100ms']],
  ] as const) {
    const streams = SYMBOLS.flatMap((symbol) => names.map((name) => `${symbol.toLowerCase()}@${name}`)).join('/')
    const socket = createStreamSocket({
      hosts: hosts.value,
      url: () => Promise.resolve(`${sim.ws}/${category}/stream?streams=${streams}`),
      random,
      aliveMs: 1_500,
      onFrame: () => {},
      onOpen: () => {},
      onDown: () => {},
    })
    atEnd(() => socket.stop())
    socket.start()
  }
}

function bookDifferences(sim: Simulator, books: Bookkeeper): string[] {
  const truth = sim.account()
  const { wallet, realized, fees, funding } = books.ledger.totals()
  const position = (symbol: string): string => {
    const { quantity, averageEntry } = books.ledger.position(symbol, 'BOTH')
    return `${toText(quantity)} at ${averageEntry.toDecimalPlaces(12).toFixed()}`
  }
  const held = (symbol: string): string => {
    const found = truth.positions.find((one) => one.symbol === symbol)
    return found === undefined ? '0 at 0' : `${found.quantity} at ${found.entryPrice}`
  }
  const pairs: readonly (readonly [what: string, ours: string | number, theirs: string | number])[] = [
    ['wallet', toText(wallet), truth.wallet],
    ['realised profit', toText(realized), truth.realizedPnl],
    ['fees', toText(fees), truth.fees],
    ['funding', toText(funding), truth.funding],
    ['fills', books.ledger.fillCount, truth.fills],
    ['disagreements', books.ledger.disagreements, 0],
    ['refused fills', books.refusedFills, 0],
    ...SYMBOLS.map((symbol) => [symbol, position(symbol), held(symbol)] as const),
  ]
  return pairs.flatMap(([what, ours, theirs]) => (ours === theirs ? [] : [`${what}: ours ${ours}, the venue's ${theirs}`]))
}

/** Every order we sent exists once or, where its absence was proved, not at all. */
async function orderDifferences(sim: Simulator, books: Bookkeeper): Promise<string[]> {
  const access = { ...sim, now: () => sim.serverTime() }
  const counts = new Map<string, number>()
  for (const [path, id, client] of [
    ['/fapi/v1/allOrders', 'orderId', 'clientOrderId'],
    ['/fapi/v1/allAlgoOrders', 'algoId', 'clientAlgoId'],
  ] as const) {
    for (const symbol of SYMBOLS) {
      for (let from = '1'; ;) {
        const { text: body } = await signed(access, 'GET', path, { symbol, [id]: from, limit: 1000 })
        const parsed = parseLossless(body)
        if (!parsed.ok || !Array.isArray(parsed.value)) throw new Error(body.slice(0, 200))
        const rows = parsed.value as readonly Readonly<Record<string, unknown>>[]
        for (const row of rows) {
          const name = `${path} ${String(row[client])}`
          counts.set(name, (counts.get(name) ?? 0) + 1)
        }
        if (rows.length < 1000) break
        from = String(BigInt(String(rows.at(-1)?.[id])) + 1n)
      }
    }
  }
  return [...books.fates].flatMap(([clientId, { order, fate, proof }]) => {
    const path = order.triggerPrice === undefined ? '/fapi/v1/allOrders' : '/fapi/v1/allAlgoOrders'
    const count = counts.get(`${path} ${clientId}`) ?? 0
    return fate === 'unresolved' || count !== (fate === 'exists' ? 1 : 0)
      ? [`order ${clientId}: ${fate} (${proof}), ${count} at the venue`]
      : []
  })
}

const SEEDS = Number(process.env['AEGIS_SOAK'] ?? 3)

describe('half an hour under every fault', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`seed ${seed}: the books end equal to the last digit, every fault of the catalogue struck`, async () => {
      const { differences, missed, books } = await soak(seed)
      expect(differences).toEqual([])
      expect(missed).toEqual([])
      expect(books.ledger.fillCount).toBeGreaterThan(200)
      expect(toText(books.ledger.totals().funding)).not.toBe('0')
      /* both halves did their work: each told fills that the other had not told yet, and both told much twice */
      expect(books.first.stream).toBeGreaterThan(50)
      expect(books.first.rest).toBeGreaterThan(50)
      expect(books.duplicates).toBeGreaterThan(100)
      expect(books.resyncs).toBeGreaterThan(5)
    })
  }
})

describe('a defect does not pass', () => {
  it.each([
    ['no dedupe', 'wallet'],
    ['no resync', 'fills'],
    ['blind repeat', 'order soak-'],
  ] as const)('%s', async (sabotage, noticed) => {
    const { differences } = await soak(1, sabotage)
    expect(differences.filter((line) => line.startsWith(noticed))).not.toEqual([])
  })
})

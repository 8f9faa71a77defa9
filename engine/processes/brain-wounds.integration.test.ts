/**
 * The wounds of other bots (design/peers.md §2), one by one over the running brain on the real embedded exchange: P1 the bot and the
 * exchange disagree, P2 orders that come twice, P5 precision and dust, P8 protection that is not there. P7 (kill switches that do not
 * kill) is in reconciler.integration.test.ts, where the hands are.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { OrderRequest, PrivateVenue, VenueOrder } from '../contract/venue.ts'
import { isTerminal, type Order } from '../orders/order.ts'
import { createVenue } from '../venue/index.ts'
import { checkJournal, compare, settle } from './fixtures/brain-checks.ts'
import { brainOnSimulator, type Harness } from './fixtures/brain-on-simulator.ts'

const open: Harness[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const text = (value: string): DecimalText => value as DecimalText
const MINUTE = 60_000
const WIDE = { maxDailyLoss: '5000', maxDrawdownFromPeakPct: 90, maxDrawdownFromDayStartPct: 90, coolDownSeconds: 0 }

async function brain(more: { settings?: object; simulator?: object } = {}): Promise<Harness> {
  const made = await brainOnSimulator({
    simulator: { horizonMs: 3_000 * MINUTE, seed: 7, ...more.simulator },
    settings: { rails: WIDE, ...more.settings },
  })
  open.push(made)
  return made
}

const hands = (h: Harness): PrivateVenue => {
  const { private: account } = h.venue()
  if (account === undefined) throw new Error('the venue has a signed half')
  return account
}
const held = (h: Harness): number => Number(h.runtime().state.ledger?.position('BTCUSDT', 'BOTH').quantity ?? 0)
const ordersOf = (h: Harness): Order[] => [...h.runtime().state.orders.values()]
const live = (h: Harness, role: Order['role']): Order[] => ordersOf(h).filter((order) => order.role === role && !isTerminal(order.state))
const guarded = (h: Harness): boolean =>
  held(h) !== 0 && live(h, 'stop').some((order) => order.state === 'Open') && live(h, 'takeProfit').some((order) => order.state === 'Open')
const atVenue = async (h: Harness): Promise<readonly VenueOrder[]> => {
  const listed = await hands(h).openOrders('BTCUSDT')
  if (!listed.ok) throw new Error(listed.error.message)
  return listed.value
}
const stopsAtVenue = async (h: Harness): Promise<number> =>
  (await atVenue(h)).filter((order) => order.type === 'STOP_MARKET' && order.book === 'algo').length
const byHand = (part: Pick<OrderRequest, 'side' | 'quantity'> & Partial<OrderRequest>): OrderRequest => ({
  clientId: `web_${Math.abs(Number(part.quantity) * 1e6).toFixed(0)}${part.side}`,
  symbol: 'BTCUSDT',
  positionSide: 'BOTH',
  type: 'MARKET',
  ...part,
})
const closeByHand = async (h: Harness): Promise<void> => {
  const quantity = text(Math.abs(held(h)).toString())
  const done = await hands(h).place(byHand({ side: held(h) > 0 ? 'SELL' : 'BUY', quantity, reduceOnly: true }))
  expect(done.ok).toBe(true)
}
const placedStops = (h: Harness): number => ordersOf(h).filter((order) => order.role === 'stop').length

async function end(h: Harness): Promise<void> {
  await settle(h)
  expect(h.journal().unresolved()).toMatchObject({ ok: true, value: [] })
  compare(h)
  checkJournal(h)
  expect(await atVenue(h)).toEqual([])
}

describe('P1: the bot and the exchange agree', () => {
  it('P1: a position closed by hand is over: no ghost trade, nothing re-placed, nothing left at the venue', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const group = h.runtime().state.symbols[0]?.trade?.group
    const stops = placedStops(h)
    await closeByHand(h)
    await h.play(() => h.runtime().state.symbols[0]?.trade?.group !== group)
    expect(placedStops(h)).toBe(stops)
    await end(h)
  })

  it('P1: closed by hand while the bot was dead: the restarted bot finds the position gone, and its orders go', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const stops = placedStops(h)
    const quantity = text(Math.abs(held(h)).toString())
    const side = held(h) > 0 ? 'SELL' : 'BUY'
    const { simulator } = h
    const trader = createVenue({
      endpoints: { rest: simulator.rest, ws: simulator.ws, rate: h.settings.speed, real: false },
      credentials: { key: simulator.key, secret: simulator.secret },
      source: 'reconciler',
      random: () => 0.5,
      lockStep: true,
    })
    expect((await trader.clock.sync()).ok).toBe(true)
    await h.runtime().stop()
    expect(await trader.private?.place(byHand({ side, quantity, reduceOnly: true }))).toMatchObject({ ok: true })
    await trader.close()
    await h.restart()
    expect(held(h)).toBe(0)
    expect(placedStops(h)).toBe(stops)
    await end(h)
  })

  it('P1: a stop that filled while the private stream was deaf is booked from REST, and the trade ends', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const group = h.runtime().state.symbols[0]?.trade?.group
    const stops = placedStops(h)
    const drop = { on: 'time', effect: { do: 'market', fault: { kind: 'user', how: 'drop', count: 1_000 } } }
    expect(h.simulator.fault(drop).ok).toBe(true)
    await h.play(() => h.simulator.account().positions.length === 0)
    // Nobody has told the bot yet; the connection comes back, and with it the truth.
    expect(held(h)).not.toBe(0)
    const { state } = h.runtime()
    h.runtime().event({ type: 'user', at: state.now, event: { kind: 'resync', reason: 'reconnected', eventTime: state.now } })
    await h.play(() => state.symbols[0]?.trade?.group !== group)
    expect(placedStops(h)).toBe(stops)
    await end(h)
  })

  it('P1: bought by hand into the bot’s position: the whole position leaves with the trade, the wallet is exact', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const side = held(h) > 0 ? 'BUY' : 'SELL'
    const before = Math.abs(held(h))
    expect((await hands(h).place(byHand({ side, quantity: text('0.010') }))).ok).toBe(true)
    await h.play(() => Math.abs(held(h)) > before)
    // closePosition covers what was added, too: still one stop, and it is enough.
    expect(await stopsAtVenue(h)).toBe(1)
    await end(h)
  })

  it('P1: an entry resting at the death of the bot is no phantom position afterwards', async () => {
    const h = await brain()
    await h.play(() => live(h, 'entry').some((order) => order.state === 'Open'))
    await h.restart()
    await h.play(() => live(h, 'entry').every((order) => order.state !== 'Unresolved'))
    await end(h)
  })

  it('P1: an order amended by hand is followed, and the book says what the venue says', async () => {
    const h = await brain()
    await h.play(() => live(h, 'entry').some((order) => order.state === 'Open'))
    const [order] = live(h, 'entry')
    if (order === undefined) throw new Error('an entry rests')
    const { clientId, symbol, price } = order
    const { side } = order.request
    const amended = await hands(h).amend({ clientId, symbol, side, price, quantity: text('0.005') })
    expect(amended.ok).toBe(true)
    await h.play(() => Number(h.runtime().state.orders.get(clientId)?.quantity) === 0.005)
    await end(h)
  })
})

describe('P2: no order comes twice', () => {
  it('P2: the stop is not placed again after the position closed', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const trade = h.runtime().state.symbols[0]?.trade
    await h.play(() => h.runtime().state.symbols[0]?.trade?.group !== trade?.group)
    const stops = ordersOf(h).filter((order) => order.role === 'stop' && order.group === trade?.group)
    expect(stops.length).toBe(1)
    expect(await stopsAtVenue(h)).toBeLessThanOrEqual(held(h) === 0 ? 0 : 1)
    await end(h)
  })

  it('P2: five deaths under a guarded position: the same stop and take-profit, never a second one', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const before = (await atVenue(h)).map((order) => order.clientId).sort()
    for (let death = 0; death < 5; death++) {
      await h.restart()
      let rounds = 0
      await h.play(() => ++rounds > 3)
      if (held(h) === 0) break
      expect((await atVenue(h)).map((order) => order.clientId).sort()).toEqual(before)
    }
    await end(h)
  })

  it('P2: a create that timed out and was executed, then a stop, a stream gap and a death: one order', async () => {
    const h = await brain()
    h.simulator.fault({ on: 'request', path: 'POST /fapi/v1/order', nth: 1, times: 1, effect: { do: 'timeout', executed: true } })
    h.simulator.fault({ on: 'request', path: 'POST /fapi/v1/algoOrder', nth: 1, times: 2, effect: { do: 'unknown', executed: true } })
    await h.play(() => h.runtime().state.counters.orders >= 1)
    h.runtime().event({
      type: 'user',
      at: h.runtime().state.now,
      event: { kind: 'resync', reason: 'gap', eventTime: h.runtime().state.now },
    })
    await h.restart()
    const entries = ordersOf(h).filter((order) => order.role === 'entry')
    expect(entries.length).toBe(1)
    await end(h)
  })

  it('P2: a trailed stop moves at most once a bar', async () => {
    const h = await brain({ settings: { strategy: { trailAtr: 0.5 } } })
    await h.play(() => h.runtime().state.counters.fills >= 14)
    const rows = h.journal().rows({ kinds: ['intent'] })
    if (!rows.ok) throw new Error(rows.error.message)
    const moves = rows.value.filter((row) => row.payload.reason === 'the stop is replaced')
    expect(moves.length).toBeGreaterThan(0)
    const bars = moves.map((row) => `${row.payload.group ?? ''} ${Math.floor(row.time / MINUTE)}`)
    expect(new Set(bars).size).toBe(bars.length)
    await end(h)
  })

  it('P2: once stopped it creates nothing any more', async () => {
    const h = await brain()
    await h.play(() => h.runtime().state.counters.fills >= 2)
    h.runtime().event({ type: 'tradingState', at: h.runtime().state.now, state: 'halted', reason: 'stop' })
    const { orders } = h.runtime().state.counters
    const { signals } = h.runtime().state.counters
    await h.play(() => h.runtime().state.counters.signals >= signals + 3)
    expect(h.runtime().state.counters.orders).toBe(orders)
  })
})

describe('P5: precision, lot size, dust', () => {
  it('P5: every order of a long run is on the venue’s grid: no refusal, and positions end at exactly zero', async () => {
    const h = await brain({ settings: { symbols: ['BTCUSDT', 'ETHUSDT', 'XRPUSDT'], rails: WIDE } })
    await h.play(() => h.runtime().state.counters.fills >= 20)
    expect(h.runtime().state.counters.rejects).toBe(0)
    await settle(h)
    for (const symbol of ['BTCUSDT', 'ETHUSDT', 'XRPUSDT']) {
      expect(h.runtime().state.ledger?.position(symbol, 'BOTH').quantity.toFixed()).toBe('0')
    }
    compare(h)
  })

  it('P5: dust left by a hand is closed with the trade; what is too small to trade is said and hammered no one', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const side = held(h) > 0 ? 'SELL' : 'BUY'
    const keep = 0.001
    const quantity = text((Math.abs(held(h)) - keep).toFixed(3))
    expect((await hands(h).place(byHand({ side, quantity, reduceOnly: true }))).ok).toBe(true)
    await h.play(() => Math.abs(held(h)) === keep)
    const before = h.runtime().state.counters.orders
    let rounds = 0
    await h.play(() => ++rounds > 60 || held(h) === 0)
    expect(h.runtime().state.counters.orders - before).toBeLessThanOrEqual(3)
    await end(h)
  })
})

describe('P8: protection rests on the exchange', () => {
  it('P8: stop and take-profit rest at the venue while the bot is dead, and close the position without it', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const types = (await atVenue(h)).map((order) => order.type).sort()
    expect(types).toEqual(['STOP_MARKET', 'TAKE_PROFIT_MARKET'])
    await h.restart()
    expect((await atVenue(h)).map((order) => order.type).sort()).toEqual(types)
    await end(h)
  })

  it('P8: a position restored without its stop gets it again', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const [stop] = live(h, 'stop')
    if (stop === undefined) throw new Error('a stop rests')
    expect((await hands(h).cancel('BTCUSDT', stop.clientId, 'algo')).ok).toBe(true)
    await h.restart()
    await h.play(() => held(h) === 0 || live(h, 'stop').some((order) => order.state === 'Open'))
    if (held(h) !== 0) expect(await stopsAtVenue(h)).toBe(1)
    await end(h)
  })

  it('P8: no stop can be placed: the position leaves at market instead of standing bare', async () => {
    const h = await brain()
    const effect = { do: 'refuse', status: 400, code: -4045, msg: 'Reach max stop order limit.' }
    h.simulator.fault({ on: 'request', path: 'POST /fapi/v1/algoOrder', times: 1_000, effect })
    await h.play(() => held(h) !== 0)
    await h.play(() => held(h) === 0)
    expect(ordersOf(h).some((order) => order.role === 'exit' && order.state === 'Filled')).toBe(true)
    await end(h)
  })

  it('P8: a stop that fired and whose order never filled is asked about, and replaced', async () => {
    const h = await brain()
    await h.play(() => guarded(h))
    const [stop] = live(h, 'stop')
    if (stop === undefined) throw new Error('a stop rests')
    const { state } = h.runtime()
    // The venue says it fired, and that its order was refused: the position is bare.
    const report: VenueOrder = {
      book: 'algo',
      symbol: 'BTCUSDT',
      orderId: stop.orderId,
      clientId: stop.clientId,
      side: stop.request.side,
      positionSide: 'BOTH',
      type: 'STOP_MARKET',
      status: 'REJECTED',
      timeInForce: 'GTC',
      price: text('0'),
      triggerPrice: stop.request.triggerPrice ?? text('0'),
      quantity: text('0'),
      executed: text('0'),
      averagePrice: text('0'),
      reduceOnly: false,
      closePosition: true,
      createdAt: state.now,
      updatedAt: state.now,
    }
    expect((await hands(h).cancel('BTCUSDT', stop.clientId, 'algo')).ok).toBe(true)
    h.runtime().event({
      type: 'user',
      at: state.now,
      event: { kind: 'algo', order: report, rejectReason: 'Margin is insufficient.', eventTime: state.now, transactionTime: state.now },
    })
    await h.play(() => held(h) === 0 || live(h, 'stop').some((order) => order.state === 'Open'))
    if (held(h) !== 0) expect(await stopsAtVenue(h)).toBe(1)
    await end(h)
  })
})

/** Half an hour of simulated time under every fault there is, with a client that trades on regardless: the server stays up and exact. */
import { expect, it } from 'vitest'
import { dec } from './decimal.ts'
import { everyFault } from './protocol/fault-mix.ts'
import { publicGet, signed } from './protocol/raw-client.ts'
import { startSimulator } from './server.ts'

it('keeps its books through all of them', async () => {
  const symbols = ['BTCUSDT', 'ETHUSDT']
  const spanMs = 30 * 60_000
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const started = await startSimulator({
    seed: 77,
    symbols,
    speed: 150,
    timebase: 'tape',
    preludeBars: 60,
    horizonMs: spanMs,
    autoplay: false,
    limits: { ordersPerMinute: 100_000, ordersPerTenSeconds: 100_000, weightPerMinute: 1_000_000 },
    onEnded: () => finish(),
  })
  if (!started.ok) throw new Error(started.error.message)
  const simulator = started.value
  for (const plan of everyFault({ seed: 77, spanMs, symbols, account: simulator.key })) expect(simulator.fault(plan).ok).toBe(true)
  const access = { ...simulator, now: () => simulator.serverTime() }
  simulator.play()

  let orders = 0
  const trade = async (lane: number): Promise<void> => {
    while (!simulator.ended) {
      orders += 1
      const symbol = symbols[orders % 2] ?? ''
      const type = orders % 5 === 0 ? 'LIMIT' : 'MARKET'
      const price = type === 'LIMIT' ? { timeInForce: 'GTC', price: symbol === 'BTCUSDT' ? '60000' : '3000' } : {}
      const order = {
        symbol,
        side: orders % 4 < 2 ? 'BUY' : 'SELL',
        type,
        quantity: '0.05',
        newClientOrderId: `soak-${lane}-${orders}`,
        ...price,
      }
      await Promise.race([
        signed(access, 'POST', '/fapi/v1/order', order).catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, 300)),
      ])
      if (orders % 7 === 0) await signed(access, 'DELETE', '/fapi/v1/allOpenOrders', { symbol }).catch(() => undefined)
    }
  }
  await Promise.all([trade(1), trade(2), finished])

  simulator.clearFaults()
  expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(200)
  const truth = simulator.account()
  expect(truth.fills).toBeGreaterThan(200)
  const sums = { realized: dec(0), fees: dec(0), quantity: new Map<string, ReturnType<typeof dec>>(), fills: 0 }
  for (const symbol of symbols) {
    for (let fromId = '0'; ;) {
      const { body, text } = await signed(access, 'GET', '/fapi/v1/userTrades', { symbol, fromId, limit: 1000 })
      if (!Array.isArray(body)) throw new Error(text)
      const rows = body as { qty: string; side: string; realizedPnl: string; commission: string }[]
      for (const row of rows) {
        sums.realized = sums.realized.plus(row.realizedPnl)
        sums.fees = sums.fees.plus(row.commission)
        sums.fills += 1
        sums.quantity.set(symbol, (sums.quantity.get(symbol) ?? dec(0)).plus(row.side === 'BUY' ? row.qty : `-${row.qty}`))
      }
      if (rows.length < 1000) break
      /* ids passed 2^53 on the way */
      fromId = String(BigInt([...text.matchAll(/"id":(\d+)/g)].at(-1)?.[1] ?? '0') + 1n)
    }
  }
  expect(sums.fills).toBe(truth.fills)
  expect(sums.realized.minus(truth.realizedPnl).toFixed()).toBe('0')
  expect(sums.fees.minus(truth.fees).toFixed()).toBe('0')
  for (const symbol of symbols) {
    const held = truth.positions.find((position) => position.symbol === symbol)?.quantity ?? '0'
    expect((sums.quantity.get(symbol) ?? dec(0)).minus(held).toFixed()).toBe('0')
  }
  expect(dec('10000').plus(sums.realized).minus(sums.fees).plus(truth.funding).minus(truth.wallet).toFixed()).toBe('0')
  await simulator.close()
})

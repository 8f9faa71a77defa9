/**
 * The kill switch pressed with 50 orders and 10 positions open: the real reconciler process cancels and closes with its own hands on
 * the embedded exchange; the time ends when it has confirmed by REST that nothing is left.
 */
import type { OrderRequest } from '../../engine/contract/venue.ts'
import { must, startHarness, text, type Harness } from '../../engine/processes/fixtures/reconciler-harness.ts'

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'BCHUSDT', 'LTCUSDT', 'TRXUSDT', 'BNBUSDT', 'DOGEUSDT', 'ADAUSDT']
/** Per symbol: a position, three limit orders, two conditional ones. */
const RESTING = 3
const CONDITIONAL = 2
const NOTIONAL = 300

export interface KillRun {
  readonly orders: number
  readonly positions: number
  /** From the press to the last order confirmed gone, and to everything confirmed flat, ms. */
  readonly cancelledMs: number
  readonly flatMs: number
}

async function plant(harness: Harness): Promise<void> {
  const { venue } = harness
  const filters = must(await venue.public.symbols())
  const marks = must(await venue.public.markPrices())
  for (const symbol of SYMBOLS) {
    const filter = filters.find((one) => one.symbol === symbol)
    const mark = Number(marks.find((one) => one.symbol === symbol)?.mark)
    const [step, tick] = [Number(filter?.stepSize), Number(filter?.tickSize)]
    const below = (fraction: number) => text((Math.floor((mark * fraction) / tick) * tick).toFixed(filter?.pricePrecision))
    const base: OrderRequest = {
      clientId: `testtest-${symbol}-e1`,
      symbol,
      side: 'BUY',
      positionSide: 'BOTH',
      type: 'MARKET',
      quantity: text((Math.ceil(NOTIONAL / mark / step) * step).toFixed(filter?.quantityPrecision)),
    }
    must(await venue.private.place(base))
    for (let i = 0; i < RESTING; i++) {
      must(
        await venue.private.place({
          ...base,
          clientId: `testtest-${symbol}-e${i + 2}`,
          type: 'LIMIT',
          price: below(0.97 - i / 100),
          timeInForce: 'GTC',
        }),
      )
    }
    for (let i = 0; i < CONDITIONAL; i++) {
      must(
        await venue.private.place({
          ...base,
          clientId: `testtest-${symbol}-s${i + 1}`,
          side: 'SELL',
          type: 'STOP_MARKET',
          triggerPrice: below(0.9 - i / 100),
          reduceOnly: true,
        }),
      )
    }
  }
}

/** One press on a fresh engine. Throws when not everything was confirmed gone. */
export async function killOnce(): Promise<KillRun> {
  const harness = await startHarness({ symbols: SYMBOLS })
  try {
    await plant(harness)
    const before = must(await harness.venue.private.snapshot('kill'))
    const pressed = performance.now()
    let cancelledMs = Number.NaN
    harness.reconciler.on('kill', ({ items }) => {
      const cancels = items.filter((item) => item.what !== 'close-position' && item.what !== 'verify')
      const gone = cancels.length > 0 && cancels.every((item) => item.outcome === 'confirmed')
      if (gone && Number.isNaN(cancelledMs)) cancelledMs = performance.now() - pressed
    })
    const state = must(await harness.reconciler.call('kill', { level: 'flatten', reason: 'bench' }, 60_000))
    const flatMs = performance.now() - pressed
    const truth = harness.simulator.account()
    if (state.confirmedAt === undefined || truth.openOrders !== 0 || truth.positions.length !== 0)
      throw new Error(`the kill left ${truth.openOrders} orders and ${truth.positions.length} positions`)
    return { orders: before.openOrders.length, positions: before.positions.length, cancelledMs, flatMs }
  } finally {
    await harness.close()
  }
}

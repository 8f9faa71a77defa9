/** For tests: two equal books, and small builders to plant differences into them. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { BookCopy } from '../contract/mismatch.ts'
import type { AccountSnapshot, IncomeRecord, VenueFill, VenueOrder, VenuePosition } from '../contract/venue.ts'
import { decimal } from '../money/decimal.ts'
import type { BothBooks, CompareContext } from './finding.ts'
import type { IncomeContext } from './income.ts'

export const text = (value: string): DecimalText => value as DecimalText
export const NOW = 1_700_000_000_000

export const order = (part: Partial<VenueOrder> = {}): VenueOrder => ({
  book: 'regular',
  symbol: 'BTCUSDT',
  orderId: '100',
  clientId: 'sessions-BTCUSDT-e1',
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'LIMIT',
  status: 'NEW',
  timeInForce: 'GTC',
  price: text('50000'),
  triggerPrice: text('0'),
  quantity: text('0.01'),
  executed: text('0'),
  averagePrice: text('0'),
  reduceOnly: false,
  closePosition: false,
  createdAt: NOW - 60_000,
  updatedAt: NOW - 60_000,
  ...part,
})

export const stop = (part: Partial<VenueOrder> = {}): VenueOrder =>
  order({
    book: 'algo',
    orderId: '900',
    clientId: 'sessions-BTCUSDT-s1',
    side: 'SELL',
    type: 'STOP_MARKET',
    price: text('0'),
    triggerPrice: text('55000'),
    quantity: text('0'),
    closePosition: true,
    ...part,
  })

export const local = (venue: VenueOrder, state = 'Open'): BookCopy['openOrders'][number] => ({ ...venue, state, origin: 'ours' })

export const venuePosition = (quantity: string, part: Partial<VenuePosition> = {}): VenuePosition => ({
  symbol: 'BTCUSDT',
  positionSide: 'BOTH',
  quantity: text(quantity),
  entryPrice: text('60000'),
  markPrice: text('61000'),
  unrealizedPnl: text('0'),
  liquidationPrice: text('0'),
  marginType: 'cross',
  isolatedWallet: text('0'),
  maintenanceMargin: text('0'),
  initialMargin: text('0'),
  updatedAt: NOW,
  ...part,
})

export const localPosition = (quantity: string, part: Partial<BookCopy['positions'][number]> = {}): BookCopy['positions'][number] => ({
  symbol: 'BTCUSDT',
  positionSide: 'BOTH',
  quantity: text(quantity),
  averageEntry: text('60000'),
  realizedPnl: text('0'),
  wantsStop: false,
  ...part,
})

export const fill = (side: 'BUY' | 'SELL', quantity: string, part: Partial<VenueFill> = {}): VenueFill => ({
  symbol: 'BTCUSDT',
  tradeId: '7',
  orderId: '100',
  side,
  positionSide: 'BOTH',
  price: text('60000'),
  quantity: text(quantity),
  realizedPnl: text('0'),
  commission: text('0'),
  commissionAsset: 'USDT',
  maker: false,
  time: NOW,
  ...part,
})

export const funding = (amount: string, part: Partial<IncomeRecord> = {}): IncomeRecord => ({
  symbol: 'BTCUSDT',
  type: 'FUNDING_FEE',
  amount: text(amount),
  asset: 'USDT',
  time: NOW - 60_000,
  id: '9001',
  tradeId: '',
  ...part,
})

/** An income history in which everything is booked. */
export const history = (part: Partial<IncomeContext> = {}): IncomeContext => ({
  since: NOW - 900_000,
  records: [],
  changes: [],
  booked: () => Infinity,
  trade: () => null,
  ...part,
})

export interface Planted {
  readonly book?: Partial<BookCopy>
  readonly venue?: Partial<AccountSnapshot>
  readonly context?: Partial<CompareContext>
  readonly wallet?: string
}

/** Both books are empty with 1000 USDT, unless planted otherwise. */
export function books(planted: Planted = {}): BothBooks {
  return {
    local: {
      takenAt: NOW,
      revision: 1,
      wallet: text('1000'),
      positions: [],
      openOrders: [],
      unresolved: [],
      lastTradeId: {},
      fillCount: 0,
      ...planted.book,
    },
    venue: {
      takenAt: NOW,
      balances: [
        {
          asset: 'USDT',
          wallet: text(planted.wallet ?? '1000'),
          crossWallet: text(planted.wallet ?? '1000'),
          available: text('0'),
          unrealizedPnl: text('0'),
          updatedAt: NOW,
        },
      ],
      positions: [],
      openOrders: [],
      ...planted.venue,
    },
    context: {
      now: NOW,
      scope: {
        orders: true,
        positions: true,
        balances: true,
        orderSymbols: null,
        fillSymbols: new Set(['BTCUSDT']),
        filters: true,
        income: true,
      },
      symbols: new Set(['BTCUSDT', 'ETHUSDT']),
      marks: new Map([
        ['BTCUSDT', decimal(text('61000'))],
        ['ETHUSDT', decimal(text('2500'))],
      ]),
      fills: [],
      booked: () => false,
      ownOrder: (_, orderId) => orderId === '100',
      lookups: new Map(),
      inFlightMs: 5_000,
      dataAgeMs: 100,
      maxDataAgeMs: 5_000,
      clockSkewMs: 3,
      income: null,
      filterChanges: [],
      ...planted.context,
    },
  }
}

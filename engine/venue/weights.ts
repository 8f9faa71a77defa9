/** Request weights of the endpoints in use (exchange.md §3.3). Only for admission: the venue's header is the truth. */

export const WEIGHT = {
  time: 1,
  exchangeInfo: 1,
  premiumIndexAll: 10,
  listenKey: 1,
  order: 0,
  queryOrder: 1,
  cancel: 1,
  cancelAll: 1,
  account: 5,
  openOrders: (symbol: string | undefined): number => (symbol === undefined ? 40 : 1),
  userTrades: 5,
  income: 30,
  leverageBracket: 1,
  commissionRate: 20,
  leverage: 1,
  positionMode: 30,
  countdown: 10,
  permissions: 1,
  bars: (limit: number): number => (limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1_000 ? 5 : 10),
  batch: 5,
} as const

/**
 * The signed half. Lanes by default: cancels and reduce-only orders 'cancel', other orders 'order', queries 'account'.
 * INV-03: the caller's client id goes out with every order. INV-04: see rest.ts.
 */
import { invariant, ok } from '../contract/result.ts'
import type { Lane, OrderRequest, PrivateVenue, VenueOrder, VenueResult } from '../contract/venue.ts'
import {
  Account,
  BatchItem,
  Brackets,
  CommissionRate,
  Done,
  Incomes,
  KeyRestrictions,
  PositionMode,
  Positions,
} from './codec/account-documents.ts'
import { AlgoOrder, AlgoOrders, isConditional, orderParameters, RegularOrder, RegularOrders, Trades } from './codec/order-documents.ts'
import { decode } from './codec/values.ts'
import type { ApiFamily, ApiMethod, ApiParams } from './ccxt-exchange.ts'
import type { Rest } from './rest.ts'
import { refusalError, venueError } from './venue-errors.ts'
import { WEIGHT } from './weights.ts'
import * as v from 'valibot'

/** The venue's cap of one batch. */
const BATCH = 5

const laneOf = (order: OrderRequest): Lane => (order.reduceOnly === true || order.closePosition === true ? 'cancel' : 'order')

/** `listen`: called before an order or a cancel goes out; what it gives is called when the venue accepted it. */
export function createPrivateVenue(rest: Rest, listen: () => () => void): PrivateVenue {
  const call = <S extends v.GenericSchema>(
    method: ApiMethod,
    path: string,
    lane: Lane,
    weight: number,
    params: ApiParams,
    schema: S,
    more: { readonly orders?: number; readonly api?: ApiFamily } = {},
  ): Promise<VenueResult<v.InferOutput<S>>> =>
    rest.call({ method, api: more.api ?? 'fapiPrivate', path, params, lane, weight, schema, orders: more.orders ?? 0 })

  const heard = async <T>(work: () => Promise<VenueResult<T>>): Promise<VenueResult<T>> => {
    const accepted = listen()
    const result = await work()
    if (result.ok) accepted()
    return result
  }

  const place = (order: OrderRequest, lane = laneOf(order)): Promise<VenueResult<VenueOrder>> =>
    heard(() =>
      isConditional(order.type)
        ? call('POST', 'algoOrder', lane, WEIGHT.order, orderParameters(order), AlgoOrder, { orders: 1 })
        : call('POST', 'order', lane, WEIGHT.order, orderParameters(order), RegularOrder, { orders: 1 }),
    )

  /** One element of a batch answer: an order, or a refusal of this order alone. */
  const batchItem = (raw: unknown): VenueResult<VenueOrder> => {
    const refused = v.safeParse(BatchItem, raw)
    const code = refused.success ? Number(refused.output.code) : Number.NaN
    if (refused.success && Number.isInteger(code) && code < 0) {
      return { ok: false, error: refusalError({ status: 400, code, text: refused.output.msg ?? '' }, undefined) }
    }
    const order = decode(RegularOrder, raw)
    return order.ok ? order : { ok: false, error: venueError('ambiguous', order.error.message) }
  }

  const placeRegulars = async (orders: readonly OrderRequest[], lane: Lane | undefined): Promise<readonly VenueResult<VenueOrder>[]> => {
    const [only] = orders
    if (only !== undefined && orders.length === 1) return [await place(only, lane)]
    const list = orders.map((order) =>
      Object.fromEntries(Object.entries(orderParameters(order)).map(([key, value]) => [key, String(value)])),
    )
    const chosen = lane ?? (orders.every((order) => laneOf(order) === 'cancel') ? 'cancel' : 'order')
    const answer = await call('POST', 'batchOrders', chosen, WEIGHT.batch, { batchOrders: list }, v.array(v.unknown()), {
      orders: orders.length,
    })
    if (!answer.ok) return orders.map(() => answer)
    return orders.map((_, n) =>
      n < answer.value.length ? batchItem(answer.value[n]) : { ok: false, error: venueError('ambiguous', 'the batch answer is too short') },
    )
  }

  const placeBatch: PrivateVenue['placeBatch'] = async (orders, lane) => {
    const results = new Map<OrderRequest, VenueResult<VenueOrder>>()
    const regular = orders.filter((order) => !isConditional(order.type))
    const work: Promise<void>[] = orders
      .filter((order) => isConditional(order.type))
      .map(async (order) => void results.set(order, await place(order, lane)))
    for (let from = 0; from < regular.length; from += BATCH) {
      const chunk = regular.slice(from, from + BATCH)
      work.push(
        placeRegulars(chunk, lane).then((answers) =>
          chunk.forEach((order, n) => {
            const answer = answers[n]
            if (answer !== undefined) results.set(order, answer)
          }),
        ),
      )
    }
    await Promise.all(work)
    return ok(
      orders.map((order) => {
        const result = results.get(order)
        invariant(result !== undefined, 'every order of a batch has a result')
        return result
      }),
    )
  }

  const openOrders: PrivateVenue['openOrders'] = async (symbol, lane = 'account') => {
    const params = symbol === undefined ? {} : { symbol }
    const weight = WEIGHT.openOrders(symbol)
    const [regular, algo] = await Promise.all([
      call('GET', 'openOrders', lane, weight, params, RegularOrders),
      call('GET', 'openAlgoOrders', lane, weight, params, AlgoOrders),
    ])
    if (!regular.ok) return regular
    return algo.ok ? ok([...regular.value, ...algo.value]) : algo
  }

  const positions: PrivateVenue['positions'] = (lane = 'account') =>
    call('GET', 'positionRisk', lane, WEIGHT.account, {}, Positions, { api: 'fapiPrivateV3' })

  const balances: PrivateVenue['balances'] = async (lane = 'account') => {
    const answer = await call('GET', 'account', lane, WEIGHT.account, {}, Account, { api: 'fapiPrivateV3' })
    return answer.ok ? ok(answer.value.assets) : answer
  }

  const done = async (result: Promise<VenueResult<unknown>>): Promise<VenueResult<void>> => {
    const answer = await result
    return answer.ok ? ok(undefined) : answer
  }

  return {
    place,
    placeBatch,
    openOrders,
    positions,
    balances,
    amend: ({ symbol, clientId, side, price, quantity }, lane = 'order') =>
      heard(() =>
        call('PUT', 'order', lane, WEIGHT.order, { symbol, side, origClientOrderId: clientId, price, quantity }, RegularOrder, {
          orders: 1,
        }),
      ),
    async cancel(symbol, clientId, book, lane = 'cancel') {
      if (book === 'regular') {
        return heard(() => call('DELETE', 'order', lane, WEIGHT.cancel, { symbol, origClientOrderId: clientId }, RegularOrder))
      }
      const answer = await heard(() => call('DELETE', 'algoOrder', lane, WEIGHT.cancel, { symbol, clientAlgoId: clientId }, Done))
      return answer.ok ? ok(undefined) : answer
    },
    async cancelAll(symbol, lane = 'cancel') {
      const [regular, algo] = await Promise.all([
        call('DELETE', 'allOpenOrders', lane, WEIGHT.cancelAll, { symbol }, Done),
        call('DELETE', 'algoOpenOrders', lane, WEIGHT.cancelAll, { symbol }, Done),
      ])
      if (!regular.ok) return regular
      return algo.ok ? ok(undefined) : algo
    },
    order: (symbol, clientId, book, lane = 'account') =>
      book === 'regular'
        ? call('GET', 'order', lane, WEIGHT.queryOrder, { symbol, origClientOrderId: clientId }, RegularOrder)
        : call('GET', 'algoOrder', lane, WEIGHT.queryOrder, { symbol, clientAlgoId: clientId }, AlgoOrder),
    async snapshot(lane = 'account') {
      const [money, held, open] = await Promise.all([balances(lane), positions(lane), openOrders(undefined, lane)])
      if (!money.ok) return money
      if (!held.ok) return held
      if (!open.ok) return open
      return ok({ takenAt: Math.round(rest.moment().venueMs), balances: money.value, positions: held.value, openOrders: open.value })
    },
    fills: (symbol, query, lane = 'account') =>
      call(
        'GET',
        'userTrades',
        lane,
        WEIGHT.userTrades,
        {
          symbol,
          ...(query.fromTradeId === undefined ? {} : { fromId: query.fromTradeId }),
          ...(query.startTime === undefined ? {} : { startTime: query.startTime }),
          ...(query.endTime === undefined ? {} : { endTime: query.endTime }),
          ...(query.limit === undefined ? {} : { limit: query.limit }),
          ...(query.orderId === undefined ? {} : { orderId: query.orderId }),
        },
        Trades,
      ),
    income: (query) =>
      call(
        'GET',
        'income',
        'account',
        WEIGHT.income,
        {
          ...(query.startTime === undefined ? {} : { startTime: query.startTime }),
          ...(query.endTime === undefined ? {} : { endTime: query.endTime }),
          ...(query.type === undefined ? {} : { incomeType: query.type }),
          ...(query.limit === undefined ? {} : { limit: query.limit }),
        },
        Incomes,
      ),
    async leverageTiers(symbol) {
      const answer = await call(
        'GET',
        'leverageBracket',
        'account',
        WEIGHT.leverageBracket,
        symbol === undefined ? {} : { symbol },
        Brackets,
      )
      return answer.ok ? ok(new Map(answer.value.map((one) => [one.symbol, one.brackets]))) : answer
    },
    async commission(symbol) {
      const answer = await call('GET', 'commissionRate', 'account', WEIGHT.commissionRate, { symbol }, CommissionRate)
      return answer.ok ? ok({ maker: answer.value.makerCommissionRate, taker: answer.value.takerCommissionRate }) : answer
    },
    setLeverage: (symbol, leverage) => done(call('POST', 'leverage', 'account', WEIGHT.leverage, { symbol, leverage }, Done)),
    async hedgeMode() {
      const answer = await call('GET', 'positionSide/dual', 'account', WEIGHT.positionMode, {}, PositionMode)
      return answer.ok ? ok(answer.value.dualSidePosition) : answer
    },
    countdownCancelAll: (symbol, ms) =>
      done(call('POST', 'countdownCancelAll', 'cancel', WEIGHT.countdown, { symbol, countdownTime: ms }, Done)),
    async keyPermissions() {
      const told = await call('GET', 'account/apiRestrictions', 'account', WEIGHT.permissions, {}, KeyRestrictions, { api: 'sapi' })
      if (told.ok) {
        const { enableFutures, enableWithdrawals, enableInternalTransfer, permitsUniversalTransfer, ipRestrict } = told.value
        return ok({
          canTrade: enableFutures,
          canWithdraw: enableWithdrawals || enableInternalTransfer || permitsUniversalTransfer,
          ipRestricted: ipRestrict ?? 'unknown',
        })
      }
      /* only a venue without that endpoint (the demo venue) cannot tell; no answer is not that, and must not hide a right */
      const absent = told.error.httpStatus === 404 || (told.error.code === 'notSent' && told.error.detail?.['reason'] === 'forbidden-host')
      if (!absent) return told
      /* the account says whether it may trade; what it says of withdrawals is the account's right, not the key's */
      const account = await call('GET', 'account', 'account', WEIGHT.account, {}, Account, { api: 'fapiPrivateV2' })
      return account.ok ? ok({ canTrade: account.value.canTrade ?? false, canWithdraw: 'unknown', ipRestricted: 'unknown' }) : account
    },
  }
}

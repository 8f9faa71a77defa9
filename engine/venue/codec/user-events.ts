/**
 * Raw user-data frames → UserEvent (exchange.md §3.7). Total: every frame gives an event, or 'ignored' (types that repeat what
 * another event says, or that are not ours), or a failure that the stream turns into a resync, because a private event is never silently dropped.
 */
import * as v from 'valibot'
import { ok, type Failure, type Result } from '../../contract/result.ts'
import type { UserEvent, VenueFill, VenueOrder } from '../../contract/venue.ts'
import { OrderTypeSchema, PositionSideSchema, SideSchema, StatusSchema, TimeInForceSchema } from './order-documents.ts'
import { amount, amountOrZero, decimal, decimalOrZero, decode, flag, id, name, time, timeOrZero } from './values.ts'

const isZero = (text: string): boolean => !/[1-9]/.test(text)

const Head = v.object({ e: v.string() })

const OrderTradeUpdate = v.object({
  E: time,
  T: time,
  o: v.object({
    s: name,
    c: v.string(),
    S: SideSchema,
    o: OrderTypeSchema,
    f: TimeInForceSchema,
    q: amount,
    p: amountOrZero,
    ap: amountOrZero,
    sp: amountOrZero,
    x: v.picklist(['NEW', 'TRADE', 'CANCELED', 'EXPIRED', 'CALCULATED', 'AMENDMENT', 'REJECTED']),
    X: StatusSchema,
    i: id,
    l: amount,
    z: amount,
    L: amount,
    n: decimalOrZero,
    N: v.nullish(v.string(), ''),
    T: time,
    t: id,
    m: flag,
    R: flag,
    cp: flag,
    ps: PositionSideSchema,
    rp: decimalOrZero,
    er: v.pipe(v.optional(v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,3}$/), v.transform(Number))]), 0), v.integer()),
  }),
})

/** A trade without a price, a quantity or an id would move the ledger by nothing, or by something wrong. */
const isWhole = ({ o }: v.InferOutput<typeof OrderTradeUpdate>): boolean =>
  o.x !== 'TRADE' || (!isZero(o.l) && !isZero(o.L) && !isZero(o.z) && o.t !== '0')

const WholeOrderTradeUpdate = v.pipe(OrderTradeUpdate, v.check(isWhole, 'a trade without price, quantity or id'))

const AlgoUpdate = v.object({
  E: time,
  T: time,
  o: v.object({
    caid: v.string(),
    aid: id,
    o: OrderTypeSchema,
    s: name,
    S: SideSchema,
    ps: PositionSideSchema,
    f: TimeInForceSchema,
    q: amountOrZero,
    X: StatusSchema,
    ai: v.nullish(v.union([v.string(), v.number()]), ''),
    ap: amountOrZero,
    aq: amountOrZero,
    tp: amountOrZero,
    p: amountOrZero,
    cp: flag,
    R: flag,
    rm: v.nullish(v.string(), ''),
  }),
})

const AccountUpdate = v.object({
  E: time,
  T: time,
  a: v.object({
    m: v.string(),
    S: v.optional(v.string()),
    B: v.optional(v.array(v.object({ a: name, wb: decimal, cw: decimal, bc: decimalOrZero })), []),
    P: v.optional(
      v.array(
        v.object({
          s: name,
          pa: decimal,
          ep: decimalOrZero,
          up: decimalOrZero,
          mt: v.pipe(
            v.optional(v.string(), 'cross'),
            v.transform((text): 'cross' | 'isolated' => (text.toLowerCase() === 'isolated' ? 'isolated' : 'cross')),
          ),
          iw: decimalOrZero,
          ps: PositionSideSchema,
        }),
      ),
      [],
    ),
  }),
})

const MarginCall = v.object({ E: time, p: v.optional(v.array(v.object({ s: name })), []) })
const ConfigUpdate = v.object({
  E: time,
  ac: v.optional(v.object({ s: name, l: v.optional(v.pipe(v.number(), v.integer())) })),
})
const KeyExpired = v.object({ E: timeOrZero, listenKey: v.optional(v.string()) })

export type UserFrame =
  | { readonly kind: 'event'; readonly event: UserEvent }
  | { readonly kind: 'listenKeyExpired' }
  | { readonly kind: 'ignored'; readonly type: string }

function orderEvent(raw: v.InferOutput<typeof OrderTradeUpdate>): UserEvent {
  const { o } = raw
  const order: VenueOrder = {
    book: 'regular',
    symbol: o.s,
    orderId: o.i,
    clientId: o.c,
    side: o.S,
    positionSide: o.ps,
    type: o.o,
    status: o.X,
    timeInForce: o.f,
    price: o.p,
    triggerPrice: o.sp,
    quantity: o.q,
    executed: o.z,
    averagePrice: o.ap,
    reduceOnly: o.R,
    closePosition: o.cp,
    createdAt: o.T,
    updatedAt: o.T,
  }
  const isFill = (o.x === 'TRADE' || o.x === 'CALCULATED') && !isZero(o.l)
  const fill: VenueFill = {
    symbol: o.s,
    tradeId: o.t,
    orderId: o.i,
    clientId: o.c,
    side: o.S,
    positionSide: o.ps,
    price: o.L,
    quantity: o.l,
    realizedPnl: o.rp,
    commission: o.n,
    commissionAsset: o.N ?? '',
    maker: o.m,
    time: o.T,
  }
  return {
    kind: 'order',
    execution: o.x,
    order,
    ...(isFill ? { fill } : {}),
    expiryReason: o.er,
    eventTime: raw.E,
    transactionTime: raw.T,
  }
}

function algoEvent(raw: v.InferOutput<typeof AlgoUpdate>): UserEvent {
  const { o } = raw
  const triggeredOrderId = String(o.ai ?? '')
  return {
    kind: 'algo',
    order: {
      book: 'algo',
      symbol: o.s,
      orderId: o.aid,
      ...(triggeredOrderId === '' || triggeredOrderId === '0' ? {} : { triggeredOrderId }),
      clientId: o.caid,
      side: o.S,
      positionSide: o.ps,
      type: o.o,
      status: o.X,
      timeInForce: o.f,
      price: o.p,
      triggerPrice: o.tp,
      quantity: o.q,
      executed: o.aq,
      averagePrice: o.ap,
      reduceOnly: o.R,
      closePosition: o.cp,
      createdAt: raw.T,
      updatedAt: raw.T,
    },
    ...(triggeredOrderId === '' || triggeredOrderId === '0' ? {} : { triggeredOrderId }),
    ...(o.rm === '' || o.rm === null || o.X === 'NEW' ? {} : { rejectReason: o.rm }),
    eventTime: raw.E,
    transactionTime: raw.T,
  }
}

function accountEvent(raw: v.InferOutput<typeof AccountUpdate>): UserEvent {
  const { a } = raw
  return {
    kind: 'account',
    reason: a.m,
    balances: a.B.map((one) => ({ asset: one.a, wallet: one.wb, crossWallet: one.cw, change: one.bc })),
    positions: a.P.map((one) => ({
      symbol: one.s,
      positionSide: one.ps,
      quantity: one.pa,
      entryPrice: one.ep,
      unrealizedPnl: one.up,
      marginType: one.mt,
      isolatedWallet: one.iw,
    })),
    ...(a.S === undefined || a.S === '' ? {} : { fundingSymbol: a.S }),
    eventTime: raw.E,
    transactionTime: raw.T,
  }
}

/** `raw`: one event, already unwrapped from {stream, data} and parsed losslessly. */
export function decodeUserFrame(raw: unknown): Result<UserFrame, Failure<'malformed'>> {
  const head = decode(Head, raw)
  if (!head.ok) return head
  const as = <S extends v.GenericSchema>(
    schema: S,
    build: (value: v.InferOutput<S>) => UserEvent,
  ): Result<UserFrame, Failure<'malformed'>> => {
    const decoded = decode(schema, raw)
    return decoded.ok ? ok({ kind: 'event', event: build(decoded.value) }) : decoded
  }
  switch (head.value.e) {
    case 'ORDER_TRADE_UPDATE':
      return as(WholeOrderTradeUpdate, orderEvent)
    case 'ALGO_UPDATE':
      return as(AlgoUpdate, algoEvent)
    case 'ACCOUNT_UPDATE':
      return as(AccountUpdate, accountEvent)
    case 'MARGIN_CALL':
      return as(MarginCall, ({ E, p }) => ({ kind: 'marginCall', symbols: p.map((one) => one.s), eventTime: E }))
    case 'ACCOUNT_CONFIG_UPDATE':
      return as(ConfigUpdate, ({ E, ac }) => ({
        kind: 'config',
        ...(ac === undefined ? {} : { symbol: ac.s }),
        ...(ac?.l === undefined ? {} : { leverage: ac.l }),
        eventTime: E,
      }))
    case 'listenKeyExpired': {
      const decoded = decode(KeyExpired, raw)
      return decoded.ok ? ok({ kind: 'listenKeyExpired' }) : decoded
    }
    default:
      /* TRADE_LITE repeats ORDER_TRADE_UPDATE; STRATEGY_UPDATE, GRID_UPDATE and types to come change no account state of ours */
      return ok({ kind: 'ignored', type: head.value.e.slice(0, 40) })
  }
}

/** Leverage, margin type, position mode, isolated margin: the commands that change an account's settings. */
import { dec, moneyText, plain, toMoney, ZERO } from '../decimal.ts'
import { accountUpdate, leverageUpdate } from '../documents/user-events.ts'
import { accept, refuse, type Checked } from '../errors.ts'
import type { Outcome, Params } from '../exchange.ts'
import type { Market } from '../market/market.ts'
import { flag, has, whole } from '../matching/params.ts'
import type { World } from '../matching/world.ts'
import { notionalOf, tiersOf, type Account } from './account.ts'
import { accountMargin, activeMarkets } from './margin.ts'

const ok = (body: unknown): Outcome => ({ ok: true, body })
const DONE = { code: 200, msg: 'success' }

interface MarginMove {
  readonly symbol: string
  readonly amount: string
  readonly type: number
  readonly time: number
  readonly positionSide: string
}

export class AccountSettings {
  readonly #world: World
  readonly #marginMoves: { account: Account; row: MarginMove }[] = []

  constructor(world: World) {
    this.#world = world
  }

  leverage(account: Account, params: Params): Outcome {
    const market = this.#market(params)
    if (!market.ok) return market
    if (!has(params, 'leverage')) return refuse(-1102, 'leverage')
    const text = params['leverage'] ?? ''
    const leverage = Number(text)
    const tiers = tiersOf(market.value.instrument.spec)
    if (!/^\d{1,3}$/.test(text) || leverage < 1 || leverage > (tiers[0]?.leverage ?? 1)) return refuse(-4028, text)
    const { symbol } = market.value
    const settings = account.settingsOf(symbol)
    const cap = tiers.findLast((tier) => tier.leverage >= leverage)?.cap ?? ZERO
    for (const position of account.positionsIn(symbol)) {
      if (position.qty === 0) continue
      if (settings.isolated && leverage < settings.leverage) return refuse(-4161)
      if (notionalOf(position).abs().gt(cap)) return refuse(-2027)
    }
    const before = settings.leverage
    settings.leverage = leverage
    if (leverage < before && accountMargin(account, activeMarkets(account)).available === 0n && account.openOrders.size > 0) {
      settings.leverage = before
      return refuse(-2019)
    }
    const { now, dispatch } = this.#world
    if (before !== leverage) dispatch.send(now, account.key, 'ACCOUNT_CONFIG_UPDATE', (E) => leverageUpdate(symbol, leverage, now, E))
    return ok({ leverage, maxNotionalValue: plain(cap), symbol })
  }

  marginType(account: Account, params: Params): Outcome {
    const market = this.#market(params)
    if (!market.ok) return market
    if (!has(params, 'marginType')) return refuse(-1102, 'marginType')
    const type = (params['marginType'] ?? '').toUpperCase()
    if (type !== 'ISOLATED' && type !== 'CROSSED' && type !== 'CROSS') return refuse(-1102, 'marginType')
    const { symbol } = market.value
    const settings = account.settingsOf(symbol)
    if (settings.isolated === (type === 'ISOLATED')) return refuse(-4046)
    for (const order of account.openOrders.values()) if (order.market.symbol === symbol) return refuse(-4047)
    for (const position of account.positionsIn(symbol)) if (position.qty !== 0) return refuse(-4048)
    settings.isolated = type === 'ISOLATED'
    const { now, dispatch } = this.#world
    const positions = (account.hedge ? (['LONG', 'SHORT'] as const) : (['BOTH'] as const)).map((side) =>
      account.openPosition(market.value, side),
    )
    dispatch.send(now, account.key, 'ACCOUNT_UPDATE', (E) => accountUpdate(account, 'MARGIN_TYPE_CHANGE', positions, 0n, now, E))
    return ok(DONE)
  }

  positionMode(account: Account, params: Params): Outcome {
    if (!has(params, 'dualSidePosition')) return refuse(-1102, 'dualSidePosition')
    const dual = flag(params, 'dualSidePosition')
    if (!dual.ok) return dual
    if (dual.value === account.hedge) return refuse(-4059)
    if (account.openOrders.size > 0 || this.#hasAlgos(account)) return refuse(-4067)
    for (const position of account.positions.values()) if (position.qty !== 0) return refuse(-4068)
    account.hedge = dual.value
    return ok(DONE)
  }

  /** type 1 adds to, 2 takes from an isolated position's wallet. */
  positionMargin(account: Account, params: Params): Outcome {
    const market = this.#market(params)
    if (!market.ok) return market
    const side = has(params, 'positionSide') ? params['positionSide'] : 'BOTH'
    if (side !== 'BOTH' && side !== 'LONG' && side !== 'SHORT') return refuse(-1102, 'positionSide')
    const type = whole(params, 'type')
    if (!type.ok) return type
    if (type.value !== 1 && type.value !== 2) return refuse(-1102, 'type')
    const text = params['amount'] ?? ''
    if (!/^\d{1,15}(\.\d{1,8})?$/.test(text)) return refuse(-1102, 'amount')
    const amount = toMoney(dec(text))
    if (!account.settingsOf(market.value.symbol).isolated) return refuse(-4056)
    const position = account.positionOf(market.value.symbol, side)
    if (position === undefined || position.qty === 0) return refuse(-4054)
    const available = accountMargin(account, activeMarkets(account)).available
    if (type.value === 1 ? amount > available : amount >= position.isolatedWallet) return refuse(-4051)
    position.isolatedWallet += type.value === 1 ? amount : -amount
    const { now, dispatch } = this.#world
    const row = { symbol: market.value.symbol, amount: moneyText(amount), type: type.value, time: now, positionSide: side }
    this.#marginMoves.push({ account, row })
    if (this.#marginMoves.length > 1_000) this.#marginMoves.shift()
    dispatch.send(now, account.key, 'ACCOUNT_UPDATE', (E) => accountUpdate(account, 'MARGIN_TRANSFER', [position], 0n, now, E))
    return ok({ amount: Number(text), code: 200, msg: 'Successfully modify position margin.', type: type.value })
  }

  marginHistory(account: Account, params: Params): Outcome {
    const market = this.#market(params)
    if (!market.ok) return market
    const rows = this.#marginMoves.filter((move) => move.account === account && move.row.symbol === market.value.symbol)
    return ok(rows.map(({ row }) => ({ ...row, asset: 'USDT', deltaType: 'TRADE' })))
  }

  #hasAlgos(account: Account): boolean {
    for (const book of this.#world.books.values()) for (const algo of book.algos.values()) if (algo.account === account) return true
    return false
  }

  #market(params: Params): Checked<Market> {
    if (!has(params, 'symbol')) return refuse(-1102, 'symbol')
    const book = this.#world.books.get(params['symbol'] ?? '')
    return book === undefined ? refuse(-1121) : accept(book.market)
  }
}

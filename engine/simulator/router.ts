/** Serves every REST document of the core by route. */
import type { Account } from './account/account.ts'
import { AccountSettings } from './account/settings.ts'
import {
  accountConfigDoc,
  accountDoc,
  balanceDoc,
  incomeDoc,
  leverageBracketDoc,
  positionRiskDocs,
  symbolConfigDoc,
} from './documents/account.ts'
import { marketDocument, type MarketView } from './documents/market.ts'
import { orderDoc } from './documents/orders.ts'
import { refuse } from './errors.ts'
import type { Outcome, Params, Route } from './exchange.ts'
import type { Market } from './market/market.ts'
import type { Publisher } from './market/publisher.ts'
import { AlgoCommands } from './matching/algo-commands.ts'
import { OrderCommands } from './matching/commands.ts'
import type { ConditionalBook } from './matching/conditional.ts'
import type { Engine } from './matching/engine.ts'
import type { IntakeView } from './matching/intake.ts'
import { flag, has, inside, limitOf, timeRange } from './matching/params.ts'
import type { World } from './matching/world.ts'
import { present } from './present.ts'

interface RouterParts {
  readonly world: World
  readonly engine: Engine
  readonly conditional: ConditionalBook
  readonly publishers: ReadonlyMap<string, Publisher>
  readonly legacyAcks: boolean
}

const ok = (body: unknown): Outcome => ({ ok: true, body })
const DONE = { code: 200, msg: 'success' }

export class Router {
  readonly #markets: ReadonlyMap<string, Market>
  readonly #orders: OrderCommands
  readonly #algos: AlgoCommands
  readonly #settings: AccountSettings
  readonly #marketView: MarketView

  constructor(parts: RouterParts) {
    const { world, engine, publishers } = parts
    this.#markets = new Map([...world.books].map(([symbol, book]) => [symbol, book.market]))
    const markets = this.#markets
    let clientIds = 0
    const intake: IntakeView = {
      get now() {
        return world.now
      },
      market: (symbol) => markets.get(symbol),
      matchPrice(market, side, mode) {
        const levels = engine.book(market.symbol).levels(mode.startsWith('QUEUE') ? side : side === 'BUY' ? 'SELL' : 'BUY', 20, world.now)
        const depth = Number(mode.split('_')[1] ?? '1')
        return levels[depth - 1]?.[0] ?? 0
      },
      newClientId: () => `sim${(world.now % 1_000_000_000).toString(36)}${(++clientIds).toString(36).padStart(8, '0')}`,
    }
    this.#orders = new OrderCommands(engine, world, intake, parts.legacyAcks)
    this.#algos = new AlgoCommands(parts.conditional, world, intake)
    this.#settings = new AccountSettings(world)
    this.#marketView = {
      get now() {
        return world.now
      },
      markets,
      publisher: (symbol) => present(publishers.get(symbol)),
    }
  }

  serve(route: Route, account: Account | undefined, params: Params): Outcome {
    const open = marketDocument(this.#marketView, route, params)
    if (open !== null) return open
    if (account === undefined) return { ...refuse(-2015), status: 401 }
    return this.#trade(route, account, params) ?? this.#read(route, account, params)
  }

  #trade(route: Route, account: Account, params: Params): Outcome | null {
    const orders = this.#orders
    const algos = this.#algos
    switch (route) {
      case 'POST /fapi/v1/order':
        return orders.place(account, params)
      case 'POST /fapi/v1/order/test':
        return orders.place(account, params, true)
      case 'PUT /fapi/v1/order':
        return orders.amend(account, params)
      case 'GET /fapi/v1/order':
        return orders.query(account, params, false)
      case 'DELETE /fapi/v1/order':
        return orders.cancel(account, params)
      case 'POST /fapi/v1/batchOrders':
        return orders.batch(account, params, (who, entry) => orders.place(who, entry))
      case 'PUT /fapi/v1/batchOrders':
        return orders.batch(account, params, (who, entry) => orders.amend(who, entry))
      case 'DELETE /fapi/v1/batchOrders':
        return orders.cancelBatch(account, params)
      case 'DELETE /fapi/v1/allOpenOrders':
        return orders.cancelAll(account, params)
      case 'POST /fapi/v1/countdownCancelAll':
        return orders.countdown(account, params)
      case 'GET /fapi/v1/openOrder':
        return orders.query(account, params, true)
      case 'GET /fapi/v1/openOrders':
        return orders.open(account, params)
      case 'GET /fapi/v1/allOrders':
        return orders.all(account, params)
      case 'GET /fapi/v1/orderAmendment':
        return orders.amendments(account, params)
      case 'GET /fapi/v1/userTrades':
        return orders.trades(account, params)
      case 'POST /fapi/v1/algoOrder':
        return algos.place(account, params)
      case 'GET /fapi/v1/algoOrder':
        return algos.query(account, params)
      case 'DELETE /fapi/v1/algoOrder':
        return algos.cancel(account, params)
      case 'DELETE /fapi/v1/algoOpenOrders':
        return algos.cancelAll(account, params)
      case 'GET /fapi/v1/openAlgoOrders':
        return algos.open(account, params)
      case 'GET /fapi/v1/allAlgoOrders':
        return algos.all(account, params)
      case 'POST /fapi/v1/leverage':
        return this.#settings.leverage(account, params)
      case 'POST /fapi/v1/marginType':
        return this.#settings.marginType(account, params)
      case 'POST /fapi/v1/positionSide/dual':
        return this.#settings.positionMode(account, params)
      case 'POST /fapi/v1/positionMargin':
        return this.#settings.positionMargin(account, params)
      case 'GET /fapi/v1/positionMargin/history':
        return this.#settings.marginHistory(account, params)
      default:
        return null
    }
  }

  #read(route: Route, account: Account, params: Params): Outcome {
    switch (route) {
      case 'GET /fapi/v1/positionSide/dual':
        return ok({ dualSidePosition: account.hedge })
      case 'GET /fapi/v1/multiAssetsMargin':
        return ok({ multiAssetsMargin: false })
      case 'POST /fapi/v1/multiAssetsMargin': {
        const multi = flag(params, 'multiAssetsMargin')
        if (!multi.ok) return multi
        return multi.value ? refuse(-1128) : ok(DONE)
      }
      case 'GET /fapi/v1/feeBurn':
        return ok({ feeBurn: account.feeBurn })
      case 'POST /fapi/v1/feeBurn': {
        const burn = flag(params, 'feeBurn')
        if (!burn.ok) return burn
        account.feeBurn = burn.value
        return ok(DONE)
      }
      case 'GET /fapi/v1/account':
      case 'GET /fapi/v2/account':
        return ok(accountDoc(account, this.#markets.values(), 2))
      case 'GET /fapi/v3/account':
        return ok(accountDoc(account, this.#markets.values(), 3))
      case 'GET /fapi/v1/balance':
      case 'GET /fapi/v2/balance':
      case 'GET /fapi/v3/balance':
        return ok(balanceDoc(account))
      case 'GET /fapi/v1/positionRisk':
      case 'GET /fapi/v2/positionRisk':
        return this.#perMarket(params, (markets) => positionRiskDocs(account, markets, 2))
      case 'GET /fapi/v3/positionRisk':
        return this.#perMarket(params, (markets) => positionRiskDocs(account, markets, 3))
      case 'GET /fapi/v1/accountConfig':
        return ok(accountConfigDoc(account))
      case 'GET /fapi/v1/symbolConfig':
        return this.#perMarket(params, (markets) => markets.map((market) => symbolConfigDoc(account, market)))
      case 'GET /fapi/v1/leverageBracket':
        return this.#perMarket(params, (markets) => markets.map(leverageBracketDoc))
      case 'GET /fapi/v1/commissionRate': {
        const market = this.#markets.get(params['symbol'] ?? '')
        if (!has(params, 'symbol')) return refuse(-1102, 'symbol')
        if (market === undefined) return refuse(-1121)
        const { makerFee, takerFee } = market.instrument.spec
        return ok({ symbol: market.symbol, makerCommissionRate: makerFee, takerCommissionRate: takerFee, rpiCommissionRate: '0' })
      }
      case 'GET /fapi/v1/income':
        return this.#income(account, params)
      case 'GET /fapi/v1/forceOrders': {
        const rows = [...account.closedOrders.values()].filter((order) => order.type === 'LIQUIDATION')
        return ok(
          rows.filter((order) => !has(params, 'symbol') || order.market.symbol === params['symbol']).map((order) => orderDoc(order, true)),
        )
      }
      case 'GET /fapi/v1/adlQuantile':
        return ok(
          [...account.positions.values()]
            .filter((position) => position.qty !== 0 && (!has(params, 'symbol') || position.market.symbol === params['symbol']))
            .map((position) => ({ symbol: position.market.symbol, adlQuantile: { [position.side]: 1 } })),
        )
      case 'GET /fapi/v1/apiTradingStatus':
        return ok({ indicators: {}, updateTime: this.#marketView.now })
      default:
        return refuse(-1128)
    }
  }

  #perMarket(params: Params, rows: (markets: readonly Market[]) => unknown): Outcome {
    if (!has(params, 'symbol')) return ok(rows([...this.#markets.values()]))
    const market = this.#markets.get(params['symbol'] ?? '')
    return market === undefined ? refuse(-1121) : ok(rows([market]))
  }

  #income(account: Account, params: Params): Outcome {
    const limit = limitOf(params, 100, 1_000)
    if (!limit.ok) return limit
    const range = timeRange(params)
    if (!range.ok) return range
    const rows = account.income.filter(
      (income) =>
        inside(income.time, range.value) &&
        (!has(params, 'symbol') || income.symbol === params['symbol']) &&
        (!has(params, 'incomeType') || income.type === params['incomeType']),
    )
    const page = range.value.start === undefined ? rows.slice(-limit.value) : rows.slice(0, limit.value)
    return ok(page.map(incomeDoc))
  }
}

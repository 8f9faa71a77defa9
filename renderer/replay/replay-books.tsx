/** Account, positions and orders as the brain had them right after the moment in view. */
import { useMemo } from 'react'
import { useStore } from 'zustand'
import type { TradingState } from '../../engine/contract/kill.ts'
import type { AccountView } from '../../engine/contract/processes.ts'
import { DataTable } from '../controls/data-table.tsx'
import { Gain } from '../controls/figures.tsx'
import { StatusWord, type Tone } from '../controls/status-word.tsx'
import { orderColumns, positionColumns, type Decimals } from '../panels/book-columns.tsx'
import { formatDecimal } from '../text/decimal.ts'
import type { ReplayDesk } from './replay-desk.ts'

const TRADING_TONES = { active: 'ok', reduceOnly: 'warn', halted: 'crit' } as const satisfies Record<TradingState, Tone>

const places = (text: string): number => text.split('.')[1]?.length ?? 0

/** As many decimals as the figures of that symbol have. */
function decimalsIn(account: AccountView): Decimals {
  const known = new Map<string, { price: number; quantity: number }>()
  const see = (symbol: string, prices: readonly string[], quantity: string): void => {
    const before = known.get(symbol) ?? { price: 0, quantity: 0 }
    known.set(symbol, {
      price: Math.min(8, Math.max(before.price, ...prices.map(places))),
      quantity: Math.min(8, Math.max(before.quantity, places(quantity))),
    })
  }
  for (const row of account.positions) see(row.symbol, [row.mark, row.stopPrice ?? '', row.takeProfitPrice ?? ''], row.quantity)
  for (const row of account.orders) see(row.symbol, [row.price, row.triggerPrice], row.quantity)
  return (symbol) => known.get(symbol) ?? { price: 2, quantity: 3 }
}

export function ReplayBooksView({ desk }: { readonly desk: ReplayDesk }) {
  const books = useStore(desk.view, (view) => view.books)
  const columns = useMemo(() => {
    const decimals = books === null ? () => ({ price: 2, quantity: 3 }) : decimalsIn(books.account)
    return { positions: positionColumns(decimals), orders: orderColumns(decimals) }
  }, [books])
  if (books === null) return <p className="panel-line">Waiting for the books.</p>
  const { account, risk, entry } = books
  return (
    <div className="replay-books" data-testid="replay-books" data-index={books.moment.index}>
      <dl className="facts">
        <Fact name="Equity" value={`${formatDecimal(account.equity, { decimals: 2 })} USDT`} />
        <Fact name="Wallet" value={formatDecimal(account.wallet, { decimals: 2 })} />
        <Fact name="Unrealised" value={<Gain text={account.unrealizedPnl} />} />
        <Fact name="Realised" value={<Gain text={account.realizedPnl} />} />
        <Fact name="Fees" value={formatDecimal(account.fees, { decimals: 2 })} />
        <Fact name="Day" value={<Gain text={account.dayPnl} />} />
        <Fact name="Trading" value={<StatusWord tone={TRADING_TONES[risk.state]} word={risk.state} title={risk.reason} />} />
      </dl>
      <div className="replay-tables">
        <DataTable
          label="Positions at that moment"
          columns={columns.positions}
          rows={account.positions}
          rowKey={(row) => `${row.symbol}/${row.positionSide}`}
          empty="Flat at that moment."
        />
        <DataTable
          label="Orders at that moment"
          columns={columns.orders}
          rows={account.orders}
          rowKey={(row) => `${row.book}/${row.clientId}/${row.orderId}`}
          empty="No open orders at that moment."
        />
      </div>
      <details>
        <summary>Journal entry</summary>
        <code className="replay-entry">{entry}</code>
      </details>
    </div>
  )
}

const Fact = ({ name, value }: { readonly name: string; readonly value: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)

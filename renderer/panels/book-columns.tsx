/** Columns of positions, orders, fills, signals and events. Text is the engine's own figure; cells only dress it. */
import type { LogRow } from '../../engine/contract/cockpit.ts'
import type { FillRow, OrderRow, PositionRow, SignalRow } from '../../engine/contract/processes.ts'
import type { Column } from '../controls/data-table.tsx'
import { Direction, Gain } from '../controls/figures.tsx'
import { StatusWord, type Tone } from '../controls/status-word.tsx'
import { formatDecimal, signOf } from '../text/decimal.ts'
import { formatDateTime, formatTime } from '../text/time.ts'

export type Decimals = (symbol: string) => { readonly price: number; readonly quantity: number }

const LEVELS: Readonly<Record<LogRow['level'], Tone>> = { info: 'muted', warn: 'warn', error: 'crit' }

export const positionColumns = (decimals: Decimals): readonly Column<PositionRow>[] => {
  const price = (pick: (row: PositionRow) => string | null) => (row: PositionRow) =>
    formatDecimal(pick(row), { decimals: decimals(row.symbol).price })
  const column = (id: string, head: string, pick: (row: PositionRow) => string | null, minor = false): Column<PositionRow> => ({
    id,
    head,
    end: true,
    minor,
    text: (row) => pick(row) ?? '',
    cell: price(pick),
  })
  return [
    { id: 'symbol', head: 'Symbol', text: (row) => row.symbol },
    {
      id: 'side',
      head: 'Side',
      text: (row) => (signOf(row.quantity) < 0 ? 'short' : 'long'),
      cell: (row) => <Direction long={signOf(row.quantity) >= 0} word={signOf(row.quantity) < 0 ? 'short' : 'long'} />,
    },
    {
      id: 'qty',
      head: 'Qty',
      end: true,
      text: (row) => row.quantity,
      cell: (row) => formatDecimal(row.quantity, { decimals: decimals(row.symbol).quantity }),
    },
    column('entry', 'Entry', (row) => row.averageEntry),
    column('mark', 'Mark', (row) => row.mark),
    { id: 'upnl', head: 'uPnL USDT', end: true, text: (row) => row.unrealizedPnl, cell: (row) => <Gain text={row.unrealizedPnl} /> },
    {
      id: 'rpnl',
      head: 'Realised',
      end: true,
      minor: true,
      text: (row) => row.realizedPnl,
      cell: (row) => <Gain text={row.realizedPnl} />,
    },
    column('stop', 'Stop', (row) => row.stopPrice),
    column('target', 'Target', (row) => row.takeProfitPrice),
    column('liq', 'Liquidation', (row) => (signOf(row.liquidationPrice) > 0 ? row.liquidationPrice : null)),
    { id: 'lev', head: 'Lev', end: true, text: (row) => String(row.leverage), cell: (row) => `${row.leverage}×` },
    { id: 'opened', head: 'Opened (UTC)', end: true, minor: true, text: (row) => formatDateTime(row.openedAt) },
  ]
}

const orderPrice = (row: OrderRow): string => (signOf(row.triggerPrice) > 0 ? row.triggerPrice : row.price)

export const orderColumns = (decimals: Decimals): readonly Column<OrderRow>[] => [
  { id: 'symbol', head: 'Symbol', text: (row) => row.symbol },
  {
    id: 'side',
    head: 'Side',
    text: (row) => row.side,
    cell: (row) => <Direction long={row.side === 'BUY'} word={row.side.toLowerCase()} />,
  },
  { id: 'role', head: 'Role', text: (row) => row.role },
  { id: 'type', head: 'Type', text: (row) => row.type },
  {
    id: 'qty',
    head: 'Qty',
    end: true,
    text: (row) => row.quantity,
    // No order is for nothing: without a quantity it closes whatever the position holds.
    cell: (row) => (signOf(row.quantity) === 0 ? 'all' : formatDecimal(row.quantity, { decimals: decimals(row.symbol).quantity })),
  },
  {
    id: 'done',
    head: 'Filled',
    end: true,
    text: (row) => row.executed,
    cell: (row) => formatDecimal(row.executed, { decimals: decimals(row.symbol).quantity }),
  },
  {
    id: 'price',
    head: 'Price / trigger',
    end: true,
    text: orderPrice,
    cell: (row) => (signOf(orderPrice(row)) === 0 ? 'market' : formatDecimal(orderPrice(row), { decimals: decimals(row.symbol).price })),
  },
  { id: 'state', head: 'State', text: (row) => row.state },
  { id: 'id', head: 'Client id', minor: true, text: (row) => row.clientId },
  { id: 'at', head: 'Updated (UTC)', end: true, text: (row) => formatTime(row.updatedAt) },
]

export const fillColumns = (decimals: Decimals): readonly Column<FillRow>[] => [
  { id: 'at', head: 'Time (UTC)', text: (row) => formatDateTime(row.time) },
  { id: 'symbol', head: 'Symbol', text: (row) => row.symbol },
  {
    id: 'side',
    head: 'Side',
    text: (row) => row.side,
    cell: (row) => <Direction long={row.side === 'BUY'} word={row.side.toLowerCase()} />,
  },
  {
    id: 'price',
    head: 'Price',
    end: true,
    text: (row) => row.price,
    cell: (row) => formatDecimal(row.price, { decimals: decimals(row.symbol).price }),
  },
  {
    id: 'qty',
    head: 'Qty',
    end: true,
    text: (row) => row.quantity,
    cell: (row) => formatDecimal(row.quantity, { decimals: decimals(row.symbol).quantity }),
  },
  { id: 'pnl', head: 'Realised USDT', end: true, text: (row) => row.realizedPnl, cell: (row) => <Gain text={row.realizedPnl} /> },
  { id: 'fee', head: 'Fee', end: true, text: (row) => row.commission, cell: (row) => formatDecimal(row.commission, { decimals: 4 }) },
  { id: 'maker', head: 'As', text: (row) => (row.maker ? 'maker' : 'taker') },
  { id: 'id', head: 'Trade id', end: true, minor: true, text: (row) => row.tradeId },
]

export const signalColumns = (decimals: Decimals): readonly Column<SignalRow>[] => [
  { id: 'at', head: 'Time (UTC)', text: (row) => formatDateTime(row.time) },
  { id: 'symbol', head: 'Symbol', text: (row) => row.symbol },
  {
    id: 'side',
    head: 'Side',
    text: (row) => row.side,
    cell: (row) => <Direction long={row.side === 'BUY'} word={row.side.toLowerCase()} />,
  },
  {
    id: 'price',
    head: 'Price',
    end: true,
    text: (row) => row.price,
    cell: (row) => formatDecimal(row.price, { decimals: decimals(row.symbol).price }),
  },
  { id: 'outcome', head: 'Became', text: (row) => row.outcome },
  { id: 'why', head: 'Why', text: (row) => row.why },
]

export const EVENT_COLUMNS: readonly Column<LogRow>[] = [
  { id: 'at', head: 'Time (UTC)', text: (row) => formatTime(row.time), width: '104px' },
  {
    id: 'level',
    head: 'Level',
    text: (row) => row.level,
    cell: (row) => <StatusWord tone={LEVELS[row.level]} word={row.level} />,
    width: '72px',
  },
  { id: 'source', head: 'Source', text: (row) => row.source, width: '96px' },
  { id: 'text', head: 'Event', text: (row) => row.text, cell: (row) => <span title={row.text}>{row.text}</span> },
]

import { useMemo, useState, type ReactNode } from 'react'
import type { OrderRow } from '../../engine/contract/processes.ts'
import { DataTable, downloadTable, downloadText, type Column } from '../controls/data-table.tsx'
import { Panel } from '../controls/panel.tsx'
import { TabPanel, Tabs } from '../controls/tabs.tsx'
import { accountSource } from '../replica/account-source.ts'
import type { Source } from '../replica/freshness.ts'
import type { Replica } from '../replica/replica.ts'
import { usePanelState, useScreen, useView } from '../screen.ts'
import { isAmendable } from './amend.ts'
import { amendColumn, AmendForm, useAmendBars } from './amend-order.tsx'
import { EVENT_COLUMNS, fillColumns, orderColumns, positionColumns, signalColumns, type Decimals } from './book-columns.tsx'
import { EquityView } from './equity-view.tsx'
import { JournalView } from './journal-view.tsx'
import { LearningView, RECORD_COLUMNS, recordRows } from './learning-view.tsx'

type BookTab = 'positions' | 'orders' | 'fills' | 'signals' | 'events' | 'equity' | 'student' | 'journal'

const EMPTY: readonly never[] = []

const engineSource = (replica: Replica): Source => ({ awaiting: 'the engine', receivedAt: replica.receipt.message })

export function useDecimals(): Decimals {
  const market = useView((state) => state.market)
  return useMemo(() => {
    const known = new Map((market ?? []).map((row) => [row.symbol, { price: row.priceDecimals, quantity: row.quantityDecimals }]))
    return (symbol: string) => known.get(symbol) ?? { price: 2, quantity: 3 }
    // Decimals change only with the set of symbols.
  }, [market?.map((row) => `${row.symbol}${row.priceDecimals}${row.quantityDecimals}`).join()])
}

export function BookPanel() {
  const { bridge, ui } = useScreen()
  const [tab, setTab] = useState<BookTab>('positions')
  const [filter, setFilter] = useState('')
  const decimals = useDecimals()
  const account = useView((s) => s.account)
  const fills = useView((s) => s.fills) ?? EMPTY
  const signals = useView((s) => s.signals) ?? EMPTY
  const log = useView((s) => s.log) ?? EMPTY
  const learning = useView((s) => s.learning)
  const aboutAccount =
    tab === 'positions' || tab === 'orders' || tab === 'fills' || tab === 'signals' || tab === 'equity' || tab === 'student'
  const state = usePanelState(aboutAccount ? accountSource : engineSource)
  const bars = useAmendBars(state)
  const [amending, setAmending] = useState<string | null>(null)
  const positions = account?.positions ?? EMPTY
  const orders = account?.orders ?? EMPTY
  const columns = useMemo(
    () => ({
      positions: positionColumns(decimals),
      orders: orderColumns(decimals),
      fills: fillColumns(decimals),
      signals: signalColumns(decimals),
    }),
    [decimals],
  )
  const table = <Row,>(label: string, of: readonly Column<Row>[], rows: readonly Row[], key: (row: Row) => string, empty: string) => ({
    body: <DataTable label={label} columns={of} rows={rows} rowKey={key} filter={filter} empty={empty} />,
    csv: () => downloadTable(label.toLowerCase().replaceAll(' ', '-'), of, rows, filter),
  })
  const allFills = async (): Promise<void> => {
    const result = await bridge.call('exportFills', null)
    if (result.ok) downloadText('fills.csv', result.value.csv)
    else ui.setState({ problem: { title: 'Fills were not exported', text: result.error.message } })
  }
  const content = ((): { body: ReactNode; csv: (() => void) | null } => {
    switch (tab) {
      case 'positions':
        return table(
          'Positions',
          columns.positions,
          positions,
          (p) => `${p.symbol}/${p.positionSide}`,
          'Flat: no open positions. The strategy opens one when its rule fires and the rails allow it.',
        )
      case 'orders': {
        const key = (o: OrderRow): string => `${o.book}/${o.clientId}/${o.orderId}`
        const edited = orders.find((o) => o.clientId === amending && isAmendable(o))
        return {
          ...table('Open orders', columns.orders, orders, key, ''),
          body: (
            <DataTable
              label="Open orders"
              columns={[...columns.orders, amendColumn(bars, amending, (o) => setAmending(o.clientId === amending ? null : o.clientId))]}
              rows={orders}
              rowKey={key}
              filter={filter}
              empty="No open orders at the venue."
              detail={
                edited === undefined
                  ? null
                  : { key: key(edited), body: <AmendForm key={key(edited)} row={edited} bars={bars} onClose={() => setAmending(null)} /> }
              }
            />
          ),
        }
      }
      case 'fills':
        return {
          ...table('Fills', columns.fills, fills, (f) => `${f.symbol}/${f.tradeId}`, 'No fills yet in this session.'),
          csv: () => void allFills(),
        }
      case 'signals':
        return table(
          'Signals',
          columns.signals,
          signals,
          (s) => s.id,
          'No signals yet; they appear with the reason and what became of each.',
        )
      case 'events':
        return table('Events', EVENT_COLUMNS, log, (l) => String(l.id), 'No events yet.')
      case 'equity':
        return { body: <EquityView />, csv: null }
      case 'student': {
        const rows = recordRows(learning?.rows ?? EMPTY)
        return {
          body: <LearningView filter={filter} />,
          csv: rows.length === 0 ? null : () => downloadTable('records', RECORD_COLUMNS, rows, filter),
        }
      }
      case 'journal':
        return { body: <JournalView />, csv: null }
    }
  })()
  const { csv } = content
  const filterable = tab !== 'equity' && tab !== 'journal'
  return (
    <Panel
      id="book"
      title="Book"
      state={state}
      tabs={
        <Tabs<BookTab>
          name="book"
          label="Book"
          chosen={tab}
          onChoose={setTab}
          tabs={[
            { id: 'positions', label: 'Positions', count: positions.length },
            { id: 'orders', label: 'Orders', count: orders.length },
            { id: 'fills', label: 'Fills', count: fills.length },
            { id: 'signals', label: 'Signals', count: signals.length },
            { id: 'events', label: 'Events' },
            { id: 'equity', label: 'Equity' },
            { id: 'student', label: 'Student' },
            { id: 'journal', label: 'Journal' },
          ]}
        />
      }
      tools={
        filterable ? (
          <>
            <input
              type="search"
              className="filter"
              placeholder="Filter"
              aria-label={`Filter ${tab}`}
              value={filter}
              onChange={(e) => setFilter(e.target.value)}
            />
            {csv === null ? null : (
              <button
                type="button"
                className="tool"
                onClick={csv}
                title={tab === 'fills' ? 'All fills in the journal as CSV' : 'These rows as CSV'}
              >
                CSV
              </button>
            )}
          </>
        ) : null
      }
    >
      <TabPanel name="book" chosen={tab}>
        {content.body}
      </TabPanel>
    </Panel>
  )
}

/** Price and quantity of a resting LIMIT order, edited under its row. Enter asks the engine, Esc leaves; what it refuses is said beside. */
import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent } from 'react'
import type { OrderRow } from '../../engine/contract/processes.ts'
import type { Column } from '../controls/data-table.tsx'
import { StatusWord } from '../controls/status-word.tsx'
import { isOld, type PanelState } from '../replica/freshness.ts'
import { cannotAct } from '../replica/key-right.ts'
import { useLive, useScreen, useUi } from '../screen.ts'
import { amendmentOf, isAmendable, whyNotAmend, type AmendBars } from './amend.ts'

export function useAmendBars(state: PanelState): AmendBars {
  const halted = useLive((s) => s.kill.latch !== null && s.kill.latch.level !== 'reduceOnly') ?? false
  const refusing = useLive((s) => s.risk?.state === 'halted') ?? false
  const frozen = useUi((ui) => ui.frozenAt !== null)
  const key = cannotAct(useLive((s) => s.status.key))
  return { halted: halted || refusing, old: frozen || isOld(state) || state.kind === 'loading', key }
}

export function amendColumn(bars: AmendBars, editing: string | null, open: (row: OrderRow) => void): Column<OrderRow> {
  return {
    id: 'amend',
    head: 'Amend',
    text: () => '',
    cell: (row) => {
      if (!isAmendable(row)) return null
      const bar = whyNotAmend(row, bars)
      return (
        <button
          type="button"
          className="link"
          id={buttonOf(row)}
          aria-label={`Amend ${row.side.toLowerCase()} ${row.symbol} ${row.clientId}`}
          aria-expanded={editing === row.clientId}
          disabled={bar !== null}
          title={bar ?? 'Change price or quantity of this resting order'}
          onClick={() => open(row)}
        >
          amend
        </button>
      )
    },
  }
}

const buttonOf = (row: OrderRow): string => `amend-${row.clientId}`

export function AmendForm({ row, bars, onClose }: { readonly row: OrderRow; readonly bars: AmendBars; readonly onClose: () => void }) {
  const { bridge } = useScreen()
  // Null until something is typed: an order that moves meanwhile is shown as it is, and is not moved back.
  const [typedPrice, setPrice] = useState<string | null>(null)
  const [typedQuantity, setQuantity] = useState<string | null>(null)
  const price = typedPrice ?? row.price
  const quantity = typedQuantity ?? row.quantity
  const [asking, setAsking] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const first = useRef<HTMLInputElement>(null)
  const said = useId()
  useEffect(() => {
    first.current?.select()
    first.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  const leave = (): void => {
    onClose()
    document.getElementById(buttonOf(row))?.focus()
  }
  const bar = whyNotAmend(row, bars)
  const ask = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (bar !== null || asking) return
    const amendment = amendmentOf(row, { price, quantity })
    if (!amendment.ok) return setRefusal(amendment.error.message)
    setAsking(true)
    const result = await bridge.call('amendOrder', amendment.value)
    setAsking(false)
    if (result.ok && result.value.done) return leave()
    setRefusal(result.ok ? result.value.text : result.error.message)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    leave()
  }
  const field = (name: string, value: string, set: (text: string) => void, ref?: typeof first) => (
    <label>
      {name}
      <input
        ref={ref}
        type="text"
        inputMode="decimal"
        autoComplete="off"
        spellCheck={false}
        maxLength={32}
        value={value}
        aria-describedby={said}
        onChange={(event) => {
          set(event.target.value)
          setRefusal(null)
        }}
      />
    </label>
  )
  return (
    <form className="amend row-tools" aria-label={`Amend ${row.clientId}`} onSubmit={(event) => void ask(event)} onKeyDown={onKeyDown}>
      {field('Price', price, setPrice, first)}
      {field('Quantity', quantity, setQuantity)}
      <button
        type="submit"
        className="tool primary"
        disabled={bar !== null || asking}
        title={bar ?? 'Enter: ask the engine for these terms'}
      >
        {asking ? 'Asking…' : 'Amend'}
      </button>
      <button type="button" className="tool" onClick={leave} title="Esc: leave the order as it is">
        Leave
      </button>
      <span role="status" id={said} className="amend-said">
        {bar !== null ? <StatusWord tone="warn" word={bar} /> : refusal === null ? null : <StatusWord tone="crit" word={refusal} />}
      </span>
    </form>
  )
}

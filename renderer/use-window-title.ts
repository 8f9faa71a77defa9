/** The title carries mode, symbol, price and STALE (style D.4), also when the window is behind others. */
import { useEffect } from 'react'
import { useStore } from 'zustand'
import { isOld, panelState } from './replica/freshness.ts'
import type { Replica } from './replica/replica.ts'
import { useNow, useScreen, useSymbol } from './screen.ts'
import { formatDecimal } from './text/decimal.ts'

export function windowTitle(replica: Replica, symbol: string, now: number): string {
  const state = replica.state
  if (state === null) return 'A.E.G.I.S. · waiting for the engine'
  const row = state.market.find((m) => m.symbol === symbol)
  const old = isOld(panelState(replica, { awaiting: 'ticks', receivedAt: replica.receipt.ticks[symbol] ?? null }, now))
  const price = row === undefined ? '' : ` ${formatDecimal(row.last, { decimals: row.priceDecimals })}`
  const halted = state.kill.latch === null ? '' : ` · ${state.kill.latch.level === 'reduceOnly' ? 'REDUCE ONLY' : 'HALTED'}`
  return `${old ? 'STALE · ' : ''}${state.mode.current.toUpperCase()} · ${symbol}${price}${halted} · A.E.G.I.S.`
}

export function useWindowTitle(): void {
  const { session } = useScreen()
  const symbol = useSymbol()
  const now = useNow()
  const replica = useStore(session.replica)
  const title = windowTitle(replica, symbol, Math.max(now, replica.receipt.message))
  useEffect(() => {
    document.title = title
  }, [title])
}

/** Always in the same place, never covered (style D.5): mode, symbol, money, and the three levers of the kill switch. */
import { Glyph } from './controls/glyph.tsx'
import { HoldButton } from './controls/hold-button.tsx'
import { Gain } from './controls/figures.tsx'
import { accountSource } from './replica/account-source.ts'
import { isOld, panelState } from './replica/freshness.ts'
import { cannotAct } from './replica/key-right.ts'
import { useLive, useNow, useScreen, useSymbol } from './screen.ts'
import { changePercent, formatDecimal, magnitude, signOf, UNKNOWN } from './text/decimal.ts'

export const HALT_HOLD_MS = 600
export const FLATTEN_HOLD_MS = 1_200

const MODE_WORDS = { simulated: 'SIMULATED', paper: 'PAPER · real prices', live: 'LIVE · real money' } as const

export function TopBar() {
  const { ui } = useScreen()
  const mode = useLive((s) => s.mode.current)
  const switching = useLive((s) => s.mode.switching) ?? false
  return (
    <header className="top" role="banner">
      <h1 className="app-name">A.E.G.I.S.</h1>
      <button
        type="button"
        className={`mode-chip mode-${mode ?? 'unknown'}`}
        onClick={() => ui.setState({ dialog: 'mode' })}
        aria-haspopup="dialog"
        title="Switch between simulated, paper and live"
      >
        {mode === null ? 'mode unknown' : MODE_WORDS[mode]}
        {switching ? ' …' : ''} <span aria-hidden="true">▾</span>
      </button>
      <Ticker />
      <div className="grow" />
      <Money />
      <Levers />
      <button
        type="button"
        className="plain"
        id="replay"
        title="Replay a recorded session (R)"
        onClick={() => ui.setState({ dialog: 'replay' })}
      >
        <Glyph symbol="↺" word="Replay a recorded session" />
      </button>
      <button type="button" className="plain" id="settings" title="Settings" onClick={() => ui.setState({ dialog: 'settings' })}>
        <Glyph symbol="⚙" word="Settings" />
      </button>
      <button type="button" className="plain" id="keys" title="Keys and help (?)" onClick={() => ui.setState({ dialog: 'keys' })}>
        <Glyph symbol="?" word="Keys and help" />
      </button>
    </header>
  )
}

function Ticker() {
  const { ui, session } = useScreen()
  const symbol = useSymbol()
  const symbols = useLive((s) => s.engine.symbols) ?? []
  const row = useLive((s) => s.market.find((m) => m.symbol === symbol) ?? null)
  const now = useNow()
  const replica = session.replica.getState()
  const feed = panelState(
    replica,
    { awaiting: 'ticks', receivedAt: replica.receipt.ticks[symbol] ?? null },
    Math.max(now, replica.receipt.message),
  )
  const old = isOld(feed)
  const change = row === null ? null : changePercent(row.last, row.dayOpen)
  const up = signOf(change) >= 0
  return (
    <div className="ticker" data-old={old} data-blank={feed.kind === 'disconnected' && feed.blank}>
      <label className="visually-hidden" htmlFor="symbol">
        Symbol
      </label>
      <select id="symbol" value={symbol} onChange={(event) => ui.setState({ symbol: event.target.value })}>
        {symbols.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <span className={`last ${up ? 'up' : 'down'}`} data-testid="last" data-ticks={row?.ticks ?? 0}>
        <span aria-hidden="true">{old ? '⚠' : up ? '▲' : '▼'} </span>
        {row === null ? UNKNOWN : formatDecimal(row.last, { decimals: row.priceDecimals })}
      </span>
      <span className={`change ${up ? 'up' : 'down'}`} title="Since the open of the last 24 h">
        {change === null ? UNKNOWN : `${formatDecimal(change, { sign: 'always' })} %`}
      </span>
    </div>
  )
}

function Money() {
  const equity = useLive((s) => s.account?.equity ?? null)
  const day = useLive((s) => s.account?.dayPnl ?? null)
  const { session } = useScreen()
  const now = useNow()
  const replica = session.replica.getState()
  const account = panelState(replica, accountSource(replica), Math.max(now, replica.receipt.message))
  return (
    <dl className="money" data-old={isOld(account)} data-blank={account.kind === 'disconnected' && account.blank}>
      <div>
        <dt>Equity</dt>
        <dd data-testid="equity">{formatDecimal(equity, { decimals: 2 })} USDT</dd>
      </div>
      <div>
        <dt>Day</dt>
        <dd>
          <Gain text={day} />
        </dd>
      </div>
    </dl>
  )
}

function Levers() {
  const { kill } = useScreen()
  const latch = useLive((s) => s.kill.latch)
  const positions = useLive((s) => s.account?.positions) ?? []
  const open = positions.filter((p) => signOf(p.quantity) !== 0)
  const bar = cannotAct(useLive((s) => s.status.key))
  const reduced = latch?.level === 'reduceOnly'
  return (
    <div className="levers" role="group" aria-label="Kill switch">
      <button
        type="button"
        id="reduce-only"
        aria-pressed={reduced}
        onClick={() => kill.request('reduceOnly')}
        disabled={bar !== null}
        title={bar === null ? 'No new entries; exits stay allowed' : `${bar}: there are no entries to stop`}
      >
        Reduce only
      </button>
      <HoldButton
        id="halt"
        className="kill"
        holdMs={HALT_HOLD_MS}
        label="HALT (hold)"
        title={
          bar === null
            ? 'Hold 0.6 s (or Ctrl+Shift+K): cancels every order, sends no new one, stays halted across restarts'
            : `${bar}: HALT keeps our engine from sending anything, across restarts; it cannot cancel orders at the venue`
        }
        onFire={() => kill.request('halt')}
      />
      <HoldButton
        id="flatten"
        className="kill-outline"
        holdMs={FLATTEN_HOLD_MS}
        label="Flatten"
        disabled={bar !== null}
        title={bar === null ? 'Hold 1.2 s: HALT, and close every position at market' : `${bar}: close positions at the venue`}
        onFire={() => kill.request('flatten')}
      >
        <span className="flatten-what" role="tooltip" id="flatten-what" hidden={latch?.level === 'flatten'}>
          {open.length === 0
            ? 'No open positions known. Cancels all orders and halts.'
            : `Closes at market: ${open.map((p) => `${signOf(p.quantity) < 0 ? 'short' : 'long'} ${formatDecimal(magnitude(p.quantity))} ${p.symbol}`).join(', ')}`}
        </span>
      </HoldButton>
    </div>
  )
}

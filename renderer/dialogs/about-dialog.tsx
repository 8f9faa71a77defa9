import { Dialog } from '../controls/dialog.tsx'
import { useLive } from '../screen.ts'
import { UNKNOWN } from '../text/decimal.ts'
import { formatDateTime } from '../text/time.ts'

export function AboutDialog({ onClose }: { readonly onClose: () => void }) {
  const engine = useLive((s) => s.engine)
  const facts: readonly (readonly [string, string])[] = [
    ['version', engine?.version ?? UNKNOWN],
    ['build', engine?.build ?? UNKNOWN],
    ['host', engine?.host ?? UNKNOWN],
    ['session', engine?.session ?? UNKNOWN],
    ['started (UTC)', engine === null ? UNKNOWN : formatDateTime(engine.startedAt)],
    ['ring', engine?.ringBackend ?? UNKNOWN],
    ['tape', engine === null ? UNKNOWN : `${engine.tape}, seed ${engine.seed}, speed ${engine.speed}×`],
    ['data folder', engine?.dataDir ?? UNKNOWN],
  ]
  return (
    <Dialog title="About A.E.G.I.S." onClose={onClose}>
      <dl className="facts facts-stacked">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <h3>Notices</h3>
      <p>
        TradingView Lightweight Charts™
        <br />
        Copyright (с) 2025 TradingView, Inc.{' '}
        <a href="https://www.tradingview.com/" target="_blank" rel="noopener noreferrer">
          https://www.tradingview.com/
        </a>
        <br />
        Licensed under the Apache License, Version 2.0.
      </p>
      <p>React, zustand, valibot, decimal.js, ccxt, better-sqlite3 and ws are used under the MIT licence.</p>
    </Dialog>
  )
}

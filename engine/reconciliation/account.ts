/** The wallet, and the conditions under which comparing means something: fresh data, a clock near the venue's, the same filters. */
import { decimal, toText, ZERO, type Decimal } from '../money/decimal.ts'
import { finding, type BothBooks, type Finding } from './finding.ts'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { Severity } from '../contract/mismatch.ts'

const text = (value: string): DecimalText => value as DecimalText
/** Below this a difference is the venue's own rounding dust. */
const DUST = decimal(text('0.000001'))
const WARN_AT = decimal(text('0.01'))
const CRIT_AT = decimal(text('1'))
const CRIT_FRACTION = decimal(text('0.001'))

const CLOCK_WARN_MS = 1_000
const CLOCK_CRIT_MS = 5_000

/** How bad it is that this much of the wallet is not explained. */
export function amountSeverity(amount: Decimal, wallet: Decimal): Severity {
  const size = amount.abs()
  if (size.gte(CRIT_AT) || size.gte(wallet.abs().mul(CRIT_FRACTION))) return 'crit'
  return size.gte(WARN_AT) ? 'warn' : 'info'
}

/** @param unbookedCash what trades and movements that are not booked yet will bring: already reported, not reported twice */
export function compareWallet({ local, venue }: BothBooks, unbookedCash: Decimal): readonly Finding[] {
  const usdt = venue.balances.find((balance) => balance.asset === 'USDT')
  if (usdt === undefined) return []
  const wallet = decimal(local.wallet)
  const difference = decimal(usdt.wallet).minus(wallet).minus(unbookedCash)
  const size = difference.abs()
  if (size.lte(DUST)) return []
  return [
    finding({
      kind: 'balance-drift',
      severity: amountSeverity(difference, wallet),
      symbol: 'USDT',
      summary: `wallet: local ${local.wallet}, venue ${usdt.wallet}; ${toText(difference)} is not explained`,
      local: local.wallet,
      venue: usdt.wallet,
      atRisk: size,
      evidence: { difference: toText(difference), unbookedCash: toText(unbookedCash), venue: usdt },
      actions: ['repair', 'ignore'],
    }),
  ]
}

export function compareConditions({ local, context }: BothBooks): readonly Finding[] {
  const findings: Finding[] = []
  const exposure = local.positions.reduce<Decimal>(
    (sum, p) =>
      sum.plus(
        decimal(p.quantity)
          .abs()
          .mul(context.marks.get(p.symbol) ?? decimal(p.averageEntry)),
      ),
    ZERO,
  )
  if (context.dataAgeMs !== null && context.dataAgeMs > context.maxDataAgeMs) {
    findings.push(
      finding({
        kind: 'stale-data',
        severity: 'warn',
        symbol: '*',
        summary: `the newest market datum is ${(context.dataAgeMs / 1_000).toFixed(1)} s old`,
        local: `${Math.round(context.dataAgeMs)} ms`,
        venue: `at most ${context.maxDataAgeMs} ms`,
        atRisk: exposure,
        evidence: { dataAgeMs: Math.round(context.dataAgeMs), maxDataAgeMs: context.maxDataAgeMs },
        actions: ['ignore'],
      }),
    )
  }
  const skew = context.clockSkewMs
  if (skew !== null && Math.abs(skew) > CLOCK_WARN_MS) {
    findings.push(
      finding({
        kind: 'clock-drift',
        severity: Math.abs(skew) > CLOCK_CRIT_MS ? 'crit' : 'warn',
        symbol: '*',
        summary: `this computer's clock is ${Math.abs(Math.round(skew))} ms ${skew > 0 ? 'behind' : 'ahead of'} the venue's`,
        local: 'own clock',
        venue: `${Math.round(skew)} ms`,
        atRisk: ZERO,
        evidence: { skewMs: skew },
        actions: ['ignore'],
      }),
    )
  }
  for (const { symbol, changes } of context.filterChanges) {
    if (changes.length === 0) continue
    findings.push(
      finding({
        kind: 'precision-drift',
        severity: 'warn',
        symbol,
        summary: `the venue changed ${changes.map((c) => `${c.field} ${c.before} → ${c.after}`).join(', ')}`,
        local: changes.map((c) => `${c.field} ${c.before}`).join(', '),
        venue: changes.map((c) => `${c.field} ${c.after}`).join(', '),
        atRisk: ZERO,
        evidence: { changes },
        actions: ['ignore'],
      }),
    )
  }
  return findings
}

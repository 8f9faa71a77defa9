/**
 * `aegis ledger`: the engine's own ledger over fills from outside. Exit 0 when every entry could be booked, also where the file states
 * another realised profit than we work out (a list that begins in the middle of a position must): the document says which.
 */
import { isDecimalText } from '../contract/decimal-text.ts'
import type { Failure, Result } from '../contract/result.ts'
import { inOrder, ledgerReport, type LedgerDocument, type LedgerEntry } from '../money/ledger-report.ts'
import { parseFlags, refuse, usage, type Command } from './command.ts'
import { fillsFrom, streamFrom } from './ledger-input.ts'

const FLAGS = { fills: { type: 'string' }, stream: { type: 'string' }, wallet: { type: 'string' }, json: { type: 'boolean' } } as const

export interface LedgerOptions {
  readonly fills?: string | undefined
  readonly stream?: string | undefined
  /** Starting balance, USDT; default 0. */
  readonly wallet?: string | undefined
}

/** The whole command without printing. Failures are wrong usage or input, in one line. */
export function runLedgerCommand({ fills, stream, wallet = '0' }: LedgerOptions): Result<LedgerDocument, Failure> {
  if (!isDecimalText(wallet)) return usage('--wallet expects an amount such as 1000.50')
  if (fills !== undefined && stream !== undefined) return usage('ledger expects either --fills or --stream')
  let entries: Result<readonly LedgerEntry[], Failure>
  if (fills !== undefined) entries = fillsFrom(fills)
  else if (stream !== undefined) entries = streamFrom(stream)
  else return usage('ledger expects --fills FILE or --stream FILE')
  if (!entries.ok) return entries
  const report = ledgerReport(inOrder(entries.value), wallet)
  return report.ok ? report : usage(`${fills ?? stream ?? ''}: ${report.error.message}`)
}

function table(document: LedgerDocument): string {
  const lines = document.fills.map((f) =>
    [
      new Date(f.time).toISOString(),
      f.symbol.padEnd(12),
      f.side.padEnd(4),
      f.quantity.padStart(14),
      f.price.padStart(14),
      (f.marginAsset === undefined ? f.realizedPnl : `${f.realizedPnl} ${f.marginAsset}`).padStart(16),
      f.position.padStart(14),
      f.averageEntry.padStart(22),
      `${f.fee} ${f.feeAsset}`.padStart(18),
      f.outcome === 'booked' ? (f.disagrees ? `file says ${f.venueRealizedPnl}` : '') : f.outcome,
    ].join(' '),
  )
  const totals = (['realizedPnl', 'fees', 'funding', 'transfers', 'wallet'] as const).map((name) => `${name.padEnd(12)} ${document[name]}`)
  const others = Object.entries(document.otherAssets ?? {}).flatMap(([asset, sums]) =>
    (['realizedPnl', 'fees', 'funding', 'transfers'] as const).map((name) => `${name.padEnd(12)} ${sums[name]} ${asset}`),
  )
  return `${[...lines, ...totals, ...others].join('\n')}\n`
}

export const ledger: Command = {
  name: 'ledger',
  summary: 'profit, positions and fees of a list of fills, by the ledger the engine trades with',
  usage: [
    ['--fills FILE.(csv|json)', "the venue's userTrades, or this app's CSV export; column names in any case"],
    ['--stream FILE', 'raw user-data events, one per line; both are read packed (.gz) and from a pipe too'],
    ['--wallet USDT', 'starting balance, default 0'],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { fills, stream, wallet, json } = flags.value.values
    const document = runLedgerCommand({ fills, stream, wallet })
    if (!document.ok) return refuse(io, document.error)
    io.out(json === true ? `${JSON.stringify(document.value)}\n` : table(document.value))
    return 0
  },
}

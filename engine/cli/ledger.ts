/**
 * `aegis ledger`: the engine's own ledger over fills from outside: `--fills` in the format of the venue's userTrades (JSON, or CSV
 * with its field names as header), `--stream` raw user-data events, one JSON document per line. Per fill: realised profit,
 * position, average entry, fee.
 */
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import type { DecimalText } from '../contract/decimal-text.ts'
import { isDecimalText } from '../contract/decimal-text.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { VenueFill } from '../contract/venue.ts'
import { toText } from '../money/decimal.ts'
import { createLedger, type Ledger } from '../money/ledger.ts'
import { Trades } from '../venue/codec/order-documents.ts'
import { decodeUserFrame } from '../venue/codec/user-events.ts'
import { parseLossless } from '../venue/lossless-json.ts'
import { parseFlags, refuse, type Command } from './command.ts'

const FLAGS = { fills: { type: 'string' }, stream: { type: 'string' }, wallet: { type: 'string' }, json: { type: 'boolean' } } as const

type Entry = { readonly fill: VenueFill } | { readonly funding: DecimalText; readonly id: string }

const readText = (file: string): Result<string> => {
  try {
    return ok(readFileSync(file, 'utf8'))
  } catch {
    return fail('usage', `${file} does not exist or cannot be read`)
  }
}

/** One CSV line; quotes doubled inside quotes. */
const cells = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((match) => match[1]?.replaceAll('""', '"') ?? match[2] ?? '')

function csvRows(text: string): Record<string, unknown>[] {
  const [header = '', ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const names = cells(header).map((name) => name.trim())
  return lines.map((line) => {
    const row: Record<string, unknown> = Object.fromEntries(cells(line).map((value, i) => [names[i] ?? `column ${i + 1}`, value.trim()]))
    return { ...row, time: Number(row['time']), maker: row['maker'] === 'true' || row['maker'] === 'TRUE' }
  })
}

function fillsFrom(file: string): Result<readonly Entry[]> {
  const text = readText(file)
  if (!text.ok) return text
  const raw = /^\s*[[{]/.test(text.value) ? parseLossless(text.value) : ok<unknown>(csvRows(text.value))
  if (!raw.ok) return fail('usage', `${file} is not JSON: ${raw.error.message}`)
  const parsed = v.safeParse(Trades, raw.value)
  if (!parsed.success) return fail('usage', `${file}: ${v.getDotPath(parsed.issues[0]) ?? 'rows'}: ${parsed.issues[0].message}`)
  return ok(parsed.output.map((fill) => ({ fill })))
}

function streamFrom(file: string): Result<readonly Entry[]> {
  const text = readText(file)
  if (!text.ok) return text
  const entries: Entry[] = []
  for (const [i, line] of text.value.split('\n').entries()) {
    if (line.trim() === '') continue
    const raw = parseLossless(line)
    if (!raw.ok) return fail('usage', `${file}: line ${i + 1} is not JSON`)
    const wrapped = raw.value
    const event = typeof wrapped === 'object' && wrapped !== null && 'stream' in wrapped && 'data' in wrapped ? wrapped.data : wrapped
    const frame = decodeUserFrame(event)
    if (!frame.ok) return fail('usage', `${file}: line ${i + 1}: ${frame.error.message}`)
    if (frame.value.kind !== 'event') continue
    const { event: decoded } = frame.value
    if (decoded.kind === 'order' && decoded.fill !== undefined) entries.push({ fill: decoded.fill })
    if (decoded.kind === 'account' && decoded.reason === 'FUNDING_FEE')
      for (const balance of decoded.balances)
        entries.push({ funding: balance.change, id: `${balance.asset}-${decoded.transactionTime}-${decoded.fundingSymbol ?? ''}` })
  }
  return ok(entries)
}

function book(entries: readonly Entry[], wallet: DecimalText): { rows: unknown[]; ledger: Ledger } {
  const ledger = createLedger({ wallet })
  const rows: unknown[] = []
  for (const entry of entries) {
    if (!('fill' in entry)) {
      rows.push({
        kind: 'funding',
        amount: entry.funding,
        outcome: ledger.applyChange({ kind: 'funding', id: entry.id, amount: entry.funding }),
      })
      continue
    }
    const { fill } = entry
    const outcome = ledger.applyFill(fill)
    const position = ledger.position(fill.symbol, fill.positionSide)
    rows.push({
      kind: 'fill',
      symbol: fill.symbol,
      tradeId: fill.tradeId,
      side: fill.side,
      positionSide: fill.positionSide,
      price: fill.price,
      quantity: fill.quantity,
      outcome: outcome.kind,
      realizedPnl: outcome.kind === 'booked' ? outcome.realized : '0',
      venueRealizedPnl: fill.realizedPnl,
      disagrees: outcome.kind === 'booked' && outcome.disagrees,
      fee: fill.commission,
      feeAsset: fill.commissionAsset,
      position: toText(position.quantity),
      averageEntry: toText(position.averageEntry),
      time: fill.time,
    })
  }
  return { rows, ledger }
}

export const ledger: Command = {
  name: 'ledger',
  summary: 'profit, positions and fees of a list of fills, by the ledger the engine trades with',
  usage: [
    ['--fills FILE.(csv|json)', "the venue's userTrades"],
    ['--stream FILE', 'raw user-data events, one per line'],
    ['--wallet USDT', 'starting balance, default 0'],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    const wallet = values.wallet ?? '0'
    if (!isDecimalText(wallet)) return refuse(io, { code: 'usage', message: '--wallet expects an amount such as 1000.50' })
    const entries: Result<readonly Entry[], Failure> =
      values.fills !== undefined && values.stream === undefined
        ? fillsFrom(values.fills)
        : values.stream !== undefined && values.fills === undefined
          ? streamFrom(values.stream)
          : fail('usage', 'ledger expects --fills FILE or --stream FILE')
    if (!entries.ok) return refuse(io, entries.error)
    const { rows, ledger: result } = book(entries.value, wallet)
    const totals = result.totals()
    const document = {
      fills: rows,
      positions: result.openPositions().map((one) => ({
        symbol: one.symbol,
        positionSide: one.positionSide,
        quantity: toText(one.quantity),
        averageEntry: toText(one.averageEntry),
        realizedPnl: toText(one.realized),
      })),
      totals: {
        wallet: toText(totals.wallet),
        realizedPnl: toText(totals.realized),
        fees: toText(totals.fees),
        funding: toText(totals.funding),
        foreignFees: result.foreignFees(),
      },
      disagreements: result.disagreements,
    }
    if (values.json === true) io.out(`${JSON.stringify(document)}\n`)
    else {
      for (const row of rows) io.out(`${JSON.stringify(row)}\n`)
      for (const [name, value] of Object.entries(document.totals))
        io.out(`${name.padEnd(12)} ${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
    }
    return result.disagreements === 0 ? 0 : 1
  },
}

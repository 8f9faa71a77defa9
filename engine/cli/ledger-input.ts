/**
 * Fills from files: the venue's userTrades (JSON, or CSV with its field names as header in any case; also this app's own CSV export),
 * and raw user-data events (one per line, or one JSON array; bare or wrapped in {stream, data}). Packed or not, from a file or a pipe.
 * Every refusal names the line and the field.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as v from 'valibot'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { decimal } from '../money/decimal.ts'
import { isMarginAsset, marginAssetOf } from '../money/margin-asset.ts'
import type { LedgerEntry } from '../money/ledger-report.ts'
import { parseTime } from '../replay/ohlcv-layout.ts'
import { Trades } from '../venue/codec/order-documents.ts'
import { decodeUserFrame } from '../venue/codec/user-events.ts'
import { parseLossless } from '../venue/lossless-json.ts'

type Entries = Result<readonly LedgerEntry[], Failure<'usage'>>

const LINE_END = /\r\n?|\n/
/** Of the text, unpacked where it is packed (INV-11); as many characters as one string can hold. */
const MAX_BYTES = 512 * 1_024 * 1_024 - 1_024
const PIECE_BYTES = 1_048_576

/** The whole file; null where it is too large. A pipe has no size to ask for, so it is read until it ends. */
function readBytes(file: string): Buffer | null {
  const from = openSync(file, 'r')
  try {
    const pieces: Buffer[] = []
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
    for (let length = 0; ;) {
      const read = readSync(from, piece, 0, PIECE_BYTES, null)
      if (read === 0) return Buffer.concat(pieces, length)
      length += read
      if (length > MAX_BYTES) return null
      pieces.push(Buffer.from(piece.subarray(0, read)))
    }
  } finally {
    closeSync(from)
  }
}

function readText(file: string): Result<string, Failure<'usage'>> {
  const tooLarge = fail('usage', `${file} is larger than 512 MiB`)
  let bytes: Buffer | null
  try {
    bytes = readBytes(file)
  } catch {
    return fail('usage', `${file} does not exist or cannot be read`)
  }
  if (bytes === null) return tooLarge
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: MAX_BYTES })
    } catch (thrown) {
      const { code, message } = toPlainError(thrown)
      return code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge : fail('usage', `${file} cannot be unpacked: ${message}`)
    }
  }
  return ok(bytes.toString('utf8').replace(/^\uFEFF/, ''))
}

/** The cells of one CSV line (RFC 4180: quotes doubled inside quotes); null for an unclosed quote. */
function cells(line: string): string[] | null {
  const found: string[] = []
  let at = 0
  for (;;) {
    if (line[at] === '"') {
      let value = ''
      for (at++; ; at++) {
        if (at >= line.length) return null
        if (line[at] !== '"') value += line[at]
        else if (line[at + 1] === '"') value += line[at++]
        else break
      }
      found.push(value)
      at++
    } else {
      const end = line.indexOf(',', at)
      found.push(line.slice(at, end < 0 ? line.length : end).trim())
      at = end < 0 ? line.length : end
    }
    if (at >= line.length) return found
    if (line[at] !== ',') return null
    at++
  }
}

const NEEDED = ['symbol', 'id', 'side', 'price', 'qty', 'time'] as const
const FIELDS = [...NEEDED, 'orderId', 'positionSide', 'realizedPnl', 'commission', 'commissionAsset', 'maker'] as const
/** Field by its column's name in small letters; the app's own export calls three columns by its own names. */
const FIELD_OF: ReadonlyMap<string, string> = new Map([
  ...FIELDS.map((field) => [field.toLowerCase(), field] as const),
  ['tradeid', 'id'],
  ['quantity', 'qty'],
  ['executedqty', 'qty'],
])

interface Row {
  readonly at: string
  readonly raw: unknown
}

function csvRows(file: string, text: string): Result<readonly Row[], Failure<'usage'>> {
  const lines = text.split(LINE_END)
  const header = cells(lines[0] ?? '')
  if (header === null) return fail('usage', `${file}: line 1: the header has an open quote`)
  const names = header.map((name) => FIELD_OF.get(name.trim().toLowerCase()) ?? name)
  const twice = FIELDS.find((field) => names.indexOf(field) !== names.lastIndexOf(field))
  if (twice !== undefined) {
    const both = header.filter((_, i) => names[i] === twice)
    return fail('usage', `${file}: line 1: column ${twice} is there more than once (${both.join(', ')})`)
  }
  const missing = NEEDED.find((name) => !names.includes(name))
  if (missing !== undefined) return fail('usage', `${file}: line 1: column ${missing} is missing`)
  const rows: Row[] = []
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue
    const at = `line ${index + 1}`
    const values = cells(line)
    if (values === null) return fail('usage', `${file}: ${at}: a quote is not closed`)
    if (values.length !== names.length) return fail('usage', `${file}: ${at}: ${values.length} columns, the header has ${names.length}`)
    const raw: Record<string, unknown> = Object.fromEntries(names.map((name, i) => [name, values[i]]))
    rows.push({ at, raw: { ...raw, time: timeOf(values[names.indexOf('time')] ?? '') } })
  }
  return ok(rows)
}

/** UTC where no offset is written: the same file means the same in every time zone. */
const timeOf = (cell: string): number => parseTime(cell) ?? Number.NaN

function jsonRows(file: string, text: string): Result<readonly Row[], Failure<'usage'>> {
  const parsed = parseLossless(text)
  if (!parsed.ok) return fail('usage', `${file} is not JSON: ${parsed.error.message}`)
  if (!Array.isArray(parsed.value)) return fail('usage', `${file}: expected a list of trades`)
  return ok(parsed.value.map((raw: unknown, index) => ({ at: `trade ${index + 1}`, raw })))
}

const DEFAULTS = { orderId: '0', positionSide: 'BOTH' } as const
const SymbolOf = v.object({ symbol: v.string() })

/** Where no asset is named the fee is paid in what the contract is paid in. */
function filled(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw
  const symbol = v.is(SymbolOf, raw) ? raw.symbol : ''
  return { ...DEFAULTS, commissionAsset: marginAssetOf(symbol) ?? 'USDT', ...raw }
}

/** userTrades. */
export function fillsFrom(file: string): Entries {
  const text = readText(file)
  if (!text.ok) return text
  if (text.value.trim() === '') return fail('usage', `${file} is empty`)
  const rows = /^\s*[[{]/.test(text.value) ? jsonRows(file, text.value) : csvRows(file, text.value)
  if (!rows.ok) return rows
  const entries: LedgerEntry[] = []
  for (const { at, raw } of rows.value) {
    const parsed = v.safeParse(Trades, [filled(raw)])
    const fill = parsed.success ? parsed.output[0] : undefined
    if (!parsed.success) {
      const path = v.getDotPath(parsed.issues[0])?.replace(/^0\.?/, '')
      return fail('usage', `${file}: ${at}: ${path === undefined || path === '' ? 'trade' : path}: ${parsed.issues[0].message}`)
    }
    if (fill !== undefined) entries.push({ at, kind: 'fill', fill })
  }
  return ok(entries)
}

function streamRows(file: string, text: string): Result<readonly Row[], Failure<'usage'>> {
  const whole = /^\s*\[/.test(text) ? parseLossless(text) : null
  if (whole?.ok === true && Array.isArray(whole.value)) return ok(whole.value.map((raw: unknown, i) => ({ at: `event ${i + 1}`, raw })))
  const rows: Row[] = []
  for (const [index, line] of text.split(LINE_END).entries()) {
    if (line.trim() === '') continue
    const at = `line ${index + 1}`
    const parsed = parseLossless(line)
    if (!parsed.ok) return fail('usage', `${file}: ${at} is not JSON`)
    rows.push({ at, raw: parsed.value })
  }
  return ok(rows)
}

/** Raw user-data events. Only what moves the book is taken: fills, funding, transfers. */
export function streamFrom(file: string): Entries {
  const text = readText(file)
  if (!text.ok) return text
  const rows = streamRows(file, text.value)
  if (!rows.ok) return rows
  const entries: LedgerEntry[] = []
  for (const { at, raw } of rows.value) {
    const event = typeof raw === 'object' && raw !== null && 'stream' in raw && 'data' in raw ? raw.data : raw
    const frame = decodeUserFrame(event)
    if (!frame.ok) return fail('usage', `${file}: ${at}: ${frame.error.message}`)
    if (frame.value.kind !== 'event') continue
    const decoded = frame.value.event
    if (decoded.kind === 'order' && decoded.fill !== undefined) entries.push({ at, kind: 'fill', fill: decoded.fill })
    if (decoded.kind !== 'account' || decoded.reason === 'ORDER') continue
    for (const balance of decoded.balances) {
      const { asset } = balance
      if (!isMarginAsset(asset) || decimal(balance.change).isZero()) continue
      const kind = decoded.reason === 'FUNDING_FEE' ? 'funding' : 'transfer'
      const id = `${decoded.reason} ${decoded.transactionTime} ${decoded.fundingSymbol ?? ''} ${balance.change}`
      entries.push({ at, kind: 'change', asset, time: decoded.transactionTime, change: { kind, id, amount: balance.change } })
    }
  }
  return ok(entries)
}

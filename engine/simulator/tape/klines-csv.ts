/**
 * Klines in Binance's CSV column order (open_time, open, high, low, close, volume, …; further columns are ignored), with or without
 * a header, plain or gzip. A bad line is named with its number; nothing is guessed.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { fail, ok, type Failure, type Result } from '../../contract/result.ts'
import type { TapeBar } from '../exchange.ts'
import { MINUTE } from './bars.ts'
import { present } from '../present.ts'

export type TapeError = Failure<'tape-missing' | 'tape-corrupt'>

const NUMBER = /^\d{1,15}(\.\d{1,15})?$/
const MAX_BYTES = 512 * 1024 * 1024

/** Text of a file, unpacked when it is gzip. */
export function readTapeText(path: string): Result<string, TapeError> {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return fail('tape-missing', `tape ${path} cannot be read (${reason})`)
  }
  try {
    const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b
    return ok((gzip ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes).toString('utf8'))
  } catch {
    return fail('tape-corrupt', `tape ${path} is no valid gzip file`)
  }
}

/** Open times in µs (newer archives) are brought to ms. */
function openTimeOf(text: string): number | null {
  if (!/^\d{12,16}$/.test(text)) return null
  const value = Number(text)
  return value > 1e14 ? Math.floor(value / 1_000) : value
}

export function parseKlinesCsv(text: string, name: string): Result<readonly TapeBar[], TapeError> {
  const bars: TapeBar[] = []
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = present(lines[i]).trim()
    if (line === '' || (bars.length === 0 && /^[a-z_"]/i.test(line))) continue
    const corrupt = (why: string) => fail('tape-corrupt', `tape ${name}, line ${i + 1}: ${why}`)
    const fields = line.split(',')
    const [timeText = '', open = '', high = '', low = '', close = '', volume = ''] = fields
    const openTime = openTimeOf(timeText)
    if (openTime === null || openTime % MINUTE !== 0) return corrupt('open_time is not a whole minute in ms')
    if (![open, high, low, close].every((price) => NUMBER.test(price) && Number(price) > 0) || !NUMBER.test(volume)) {
      return corrupt('expected open_time,open,high,low,close,volume')
    }
    if (Number(high) < Math.max(Number(open), Number(close)) || Number(low) > Math.min(Number(open), Number(close))) {
      return corrupt('open or close lies outside low and high')
    }
    const before = bars.at(-1)
    if (before !== undefined && openTime <= before.openTime) return corrupt('open_time does not rise')
    bars.push({ openTime, open, high, low, close, volume })
  }
  return bars.length > 0 ? ok(bars) : fail('tape-corrupt', `tape ${name} holds no bars`)
}

export function readKlinesCsv(path: string): Result<readonly TapeBar[], TapeError> {
  const text = readTapeText(path)
  return text.ok ? parseKlinesCsv(text.value, path) : text
}

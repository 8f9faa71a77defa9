/**
 * Recorded WebSocket frames, one a line: `<local nanoseconds> <json>` or plain JSON, wrapped ({stream, data}) or raw, gzip or not.
 * Frames are played at their venue time (E or T); lines without one are refused.
 */
import * as v from 'valibot'
import { fail, ok, type Result } from '../../contract/result.ts'
import type { TapeFrame } from '../exchange.ts'
import { readTapeText, type TapeError } from './klines-csv.ts'

const RawSchema = v.looseObject({ e: v.string(), E: v.pipe(v.number(), v.integer(), v.minValue(1)) })
const LineSchema = v.union([v.object({ stream: v.string(), data: v.unknown() }), RawSchema])
const SNAPSHOT = /"lastUpdateId"/

export function parseFrames(text: string, name: string): Result<readonly TapeFrame[], TapeError> {
  const frames: TapeFrame[] = []
  let time = 0
  let number = 0
  for (const line of text.split('\n')) {
    number++
    const start = line.indexOf('{')
    if (start < 0 || SNAPSHOT.test(line.slice(start, start + 400))) continue
    let json: unknown
    try {
      json = JSON.parse(line.slice(start))
    } catch {
      return fail('tape-corrupt', `tape ${name}, line ${number}: not JSON`)
    }
    const parsed = v.safeParse(LineSchema, json)
    const data = parsed.success ? ('stream' in parsed.output && 'data' in parsed.output ? parsed.output.data : parsed.output) : undefined
    const raw = v.safeParse(RawSchema, data)
    if (!raw.success) return fail('tape-corrupt', `tape ${name}, line ${number}: no event with e and E`)
    // Streams are recorded side by side: venue times may step back by some ms; play order is arrival order.
    time = Math.max(time, raw.output.E)
    frames.push({ time, data: raw.output })
  }
  return frames.length > 0 ? ok(frames) : fail('tape-corrupt', `tape ${name} holds no frames`)
}

export function readFrames(path: string): Result<readonly TapeFrame[], TapeError> {
  const text = readTapeText(path)
  return text.ok ? parseFrames(text.value, path) : text
}

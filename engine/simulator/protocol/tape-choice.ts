/**
 * Turns the tape a user chose (settings, command line) into the exchange's tapes, one per symbol.
 * A recording of one symbol drives all of them: the one it is named after (else the first) at its recorded prices, the others with
 * the same shape re-based to their usual price.
 */
import { basename } from 'node:path'
import type { Tape } from '../../contract/settings.ts'
import { fail, ok, unreachable, type Failure, type Result } from '../../contract/result.ts'
import type { TapeBar, TapeFrame, TapeSpec } from '../exchange.ts'
import type { SimulatorOptions } from '../server-types.ts'
import { symbolSpec } from '../symbols.ts'
import { demoBars } from '../tape/demo.ts'
import { readFrames } from '../tape/frames.ts'
import { readKlinesCsv } from '../tape/klines-csv.ts'

export type TapeChoice = Pick<SimulatorOptions, 'tapes' | 'upstream'>
type Chosen = Result<TapeChoice, Failure>

/**
 * Options of `startSimulator` for this tape; the failure is one clear line naming the file. `loop` plays recorded bars again from
 * the start when they are over; the demo always loops.
 */
export function chooseTape(tape: Tape, symbols: readonly string[], loop = false): Chosen {
  switch (tape.kind) {
    case 'synthetic': {
      const { regimes } = tape
      return ok({ tapes: bySymbol(symbols, () => ({ kind: 'synthetic', ...(regimes === undefined ? {} : { regimes }) })) })
    }
    case 'klines': {
      const bars = readKlinesCsv(tape.file)
      if (!bars.ok) return bars
      const name = basename(tape.file).toUpperCase()
      return ok({ tapes: barTapes(bars.value, symbols, symbols.find((symbol) => name.includes(symbol)) ?? symbols[0], loop) })
    }
    case 'demo': {
      const bars = demoBars()
      return bars.ok ? ok({ tapes: barTapes(bars.value, symbols, 'BTCUSDT', true) }) : bars
    }
    case 'frames': {
      const frames = readFrames(tape.file)
      if (!frames.ok) return frames
      return frameTapes(frames.value, symbols, tape.file)
    }
    case 'live':
      return ok({ upstream: { rest: tape.rest, ws: tape.ws } })
    default:
      return unreachable(tape)
  }
}

const bySymbol = (symbols: readonly string[], spec: (symbol: string) => TapeSpec): Readonly<Record<string, TapeSpec>> =>
  Object.fromEntries(symbols.map((symbol) => [symbol, spec(symbol)]))

function barTapes(
  bars: readonly TapeBar[],
  symbols: readonly string[],
  own: string | undefined,
  loop: boolean,
): NonNullable<TapeChoice['tapes']> {
  return bySymbol(symbols, (symbol) => {
    const startPrice = symbol === own ? undefined : symbolSpec(symbol)?.referencePrice
    return { kind: 'bars', bars, loop, ...(startPrice === undefined ? {} : { startPrice }) }
  })
}

function frameTapes(frames: readonly TapeFrame[], symbols: readonly string[], file: string): Chosen {
  const tapes: Record<string, TapeSpec> = {}
  for (const symbol of symbols) {
    const own = frames.filter(({ data }) => typeof data === 'object' && data !== null && 's' in data && data.s === symbol)
    if (own.length === 0) return fail('tape-corrupt', `tape ${file} holds no frames of ${symbol}`)
    tapes[symbol] = { kind: 'frames', frames: own }
  }
  return ok({ tapes })
}

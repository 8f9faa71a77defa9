/** Turns the tape a user chose (settings, command line) into the exchange's tapes, one per symbol. */
import type { Tape } from '../../contract/settings.ts'
import { ok, unreachable, type Failure, type Result } from '../../contract/result.ts'
import type { SimulatorOptions } from '../server.ts'

/** Options of `startSimulator` for this tape; fails with 'bad-tape' and one clear line. */
export async function chooseTape(
  tape: Tape,
  symbols: readonly string[],
): Promise<Result<Pick<SimulatorOptions, 'tapes' | 'upstream'>, Failure<'bad-tape'>>> {
  switch (tape.kind) {
    case 'synthetic': {
      const { regimes } = tape
      return ok({
        tapes: Object.fromEntries(symbols.map((symbol) => [symbol, { kind: 'synthetic', ...(regimes === undefined ? {} : { regimes }) }])),
      })
    }
    case 'klines':
    case 'frames':
    case 'demo':
      return ok({})
    case 'live':
      return ok({ upstream: { rest: tape.rest, ws: tape.ws } })
    default:
      return unreachable(tape)
  }
}

/** Builds the exchange from its parts. */
import { InvariantError } from '../contract/result.ts'
import type { Exchange, ExchangeConfig } from './exchange.ts'

/** A fresh exchange at its start time. Throws InvariantError for a config no tape or symbol satisfies. */
export function createExchange(config: ExchangeConfig): Exchange {
  throw new InvariantError(`Invariant: the matching core is not built yet (seed ${config.seed})`)
}

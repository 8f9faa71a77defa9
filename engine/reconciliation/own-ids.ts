/** Whose order is it: ours (brain or kill switch), the venue's own (liquidation …), or somebody else's. */
import { parseClientId } from '../orders/client-id.ts'

/** Orders the kill switch places: `kill-<session>-<counter>`. */
export const KILL_ID_PREFIX = 'kill-'

/** Client ids Binance gives to the orders it places itself on our position (exchange.md §3.5). */
const VENUE_PREFIXES = ['autoclose-', 'adl_autoclose', 'settlement_autoclose-']

export type Owner = 'ours' | 'kill' | 'venue' | 'foreign'

export function ownerOf(clientId: string): Owner {
  if (clientId.startsWith(KILL_ID_PREFIX)) return 'kill'
  if (VENUE_PREFIXES.some((prefix) => clientId.startsWith(prefix))) return 'venue'
  return parseClientId(clientId) === null ? 'foreign' : 'ours'
}

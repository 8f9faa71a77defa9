/**
 * What a key may be used for here. A key that can move money away is refused: a trading engine never needs that right, and a
 * thief of the key would. Where the venue cannot tell, that is said loudly instead of being taken for harmless.
 */
import type { PrivateVenue, VenueResult } from '../contract/venue.ts'

type Permissions = Extract<Awaited<ReturnType<PrivateVenue['keyPermissions']>>, { ok: true }>['value']

export interface KeyJudgement {
  readonly use: 'refused' | 'read-only' | 'trade'
  /** Sentences for the trader; never empty when something is wrong or unknown. */
  readonly warnings: readonly string[]
}

export function judgeKey(answer: VenueResult<Permissions>): KeyJudgement {
  if (!answer.ok) return { use: 'refused', warnings: [`The key could not be checked: ${answer.error.message}.`] }
  const { canTrade, canWithdraw, ipRestricted } = answer.value
  if (canWithdraw === true) {
    return { use: 'refused', warnings: ['This key may withdraw or transfer funds. Make one that may only read and trade futures.'] }
  }
  const warnings: string[] = []
  if (canWithdraw === 'unknown')
    warnings.push('The venue does not tell whether this key may withdraw or transfer funds. Check it there yourself.')
  if (ipRestricted === false) warnings.push('This key works from any address. Restrict it to yours.')
  if (ipRestricted === 'unknown') warnings.push('The venue does not tell whether this key is restricted to your address.')
  if (!canTrade) warnings.push('This key may only read: nothing can be traded with it.')
  return { use: canTrade ? 'trade' : 'read-only', warnings }
}

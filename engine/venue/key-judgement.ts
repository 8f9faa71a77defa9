/**
 * What a key may be used for here. A key that can move money away is refused: a trading engine never needs that right, and a
 * thief of the key would. Where the venue cannot tell, that is said loudly instead of being taken for harmless.
 */
import type { KeyVerdict } from '../contract/processes.ts'
import type { PrivateVenue, VenueResult } from '../contract/venue.ts'

type Permissions = Extract<Awaited<ReturnType<PrivateVenue['keyPermissions']>>, { ok: true }>['value']

export function judgeKey(answer: VenueResult<Permissions>): KeyVerdict {
  if (!answer.ok) {
    const { code, message } = answer.error
    return code === 'auth'
      ? { use: 'refused', warnings: [`The venue does not accept this key: ${message}.`] }
      : { use: 'unchecked', warnings: [`The key could not be checked yet: ${message}.`] }
  }
  const { canTrade, canWithdraw, ipRestricted } = answer.value
  if (canWithdraw === true) {
    return { use: 'refused', warnings: ['This key may withdraw or transfer funds. Make one that may only read and trade futures.'] }
  }
  const warnings: string[] = []
  if (!canTrade) warnings.push('This key may only read: nothing can be traded, cancelled or closed with it.')
  if (canWithdraw === 'unknown')
    warnings.push('The venue does not tell whether this key may withdraw or transfer funds. Check it there yourself.')
  if (ipRestricted === false) warnings.push('This key works from any address. Restrict it to yours.')
  if (ipRestricted === 'unknown') warnings.push('The venue does not tell whether this key is restricted to your address.')
  return { use: canTrade ? 'trade' : 'read-only', warnings }
}

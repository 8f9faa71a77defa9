/**
 * The exchange adapter of one process: REST (public and signed), user stream, venue clock and this process's share of the one
 * rate budget. `createVenue` opens no connection; the first call does.
 */
import { InvariantError } from '../contract/result.ts'
import type { Venue, VenueOptions } from './venue.ts'

export type { Venue, VenueClock, VenueOptions } from './venue.ts'

export function createVenue(options: VenueOptions): Venue {
  throw new InvariantError(`Invariant: the adapter is not built yet (${options.source})`)
}

/** The listen key: created by POST, kept by PUT every 30 min of venue time, gone with -1125 (then a new one). */
import { ok } from '../contract/result.ts'
import type { VenueResult } from '../contract/venue.ts'
import { ListenKey, Done } from './codec/account-documents.ts'
import type { Rest } from './rest.ts'
import { WEIGHT } from './weights.ts'

/** The venue lets a key die after 60 min. */
export const KEEP_ALIVE_MS = 30 * 60_000
const GONE = -1125

export interface ListenKeys {
  /** POST: the active key (extended), or a new one. */
  create(): Promise<VenueResult<string>>
  /** PUT. 'gone' when the venue does not know the key any more. */
  keepAlive(): Promise<VenueResult<'kept' | 'gone'>>
  /** DELETE. */
  close(): Promise<void>
}

export function createListenKeys(rest: Rest): ListenKeys {
  const call = (method: 'POST' | 'PUT' | 'DELETE') =>
    ({ method, api: 'fapiPrivate', path: 'listenKey', lane: 'account', weight: WEIGHT.listenKey }) as const
  return {
    async create() {
      const answer = await rest.call({ ...call('POST'), schema: ListenKey })
      return answer.ok ? ok(answer.value.listenKey) : answer
    },
    async keepAlive() {
      const answer = await rest.call({ ...call('PUT'), schema: Done })
      if (answer.ok) return ok('kept')
      return answer.error.venueCode === GONE ? ok('gone') : answer
    },
    async close() {
      await rest.call({ ...call('DELETE'), schema: Done })
    },
  }
}

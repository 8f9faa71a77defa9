/** What the venue says about symbols, leverage tiers and the account's position mode, read before anything is traded. */
import type { BrainInit } from '../../contract/processes.ts'
import { fail, ok, type Result } from '../../contract/result.ts'
import type { LeverageTier, PrivateVenue, SymbolFilters, VenueResult } from '../../contract/venue.ts'
import type { Venue } from '../../venue/index.ts'

const START_ATTEMPTS = 5
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A question at start-up that may be asked again: one lost answer must not cost a restart. */
export async function patiently<T>(ask: () => Promise<VenueResult<T>>): Promise<VenueResult<T>> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask()
    if (answer.ok || attempt >= START_ATTEMPTS || answer.error.code === 'rejected' || answer.error.code === 'auth') return answer
    await sleep(100 * attempt)
  }
}

export interface Reference {
  readonly filters: readonly SymbolFilters[]
  readonly tiers: ReadonlyMap<string, readonly LeverageTier[]>
  readonly hedge: boolean
}

export async function readReference(venue: Venue, account: PrivateVenue, init: BrainInit): Promise<Result<Reference>> {
  const lockStep = init.settings.lockStep
  const first = patiently(() => venue.public.symbols())
  if (lockStep) await first
  const second = patiently(() => account.hedgeMode())
  if (lockStep) await second
  const [symbols, hedge, tiers] = await Promise.all([first, second, patiently(() => account.leverageTiers())])
  if (!symbols.ok) return fail('venue', `symbols could not be read: ${symbols.error.message}`)
  if (!hedge.ok) return fail('venue', `position mode could not be read: ${hedge.error.message}`)
  const known = new Map(symbols.value.map((one) => [one.symbol, one]))
  const filters: SymbolFilters[] = []
  for (const symbol of init.symbols) {
    const found = known.get(symbol)
    if (found === undefined) return fail('unknown-symbol', `the venue does not list ${symbol}`)
    filters.push(found)
  }
  return ok({ filters, tiers: tiers.ok ? tiers.value : new Map(), hedge: hedge.value })
}

const modeName = (hedge: boolean): string => (hedge ? 'hedge' : 'one-way')
/** Orders made for the other position mode would be refused one by one, or work on the wrong side: nothing is entered at all. */
export function accountFaultOf(wanted: boolean, found: boolean): { readonly accountFault?: string } {
  if (wanted === found) return {}
  return {
    accountFault: `the account is in ${modeName(found)} mode, the settings say ${modeName(wanted)}; nothing is entered until they agree`,
  }
}

/**
 * The comparison of `aegis reconcile` where no engine runs: our book is rebuilt from the journal as a start does it, the venue is asked
 * by REST, and the reconciler's own look judges both. Nothing is written to the data folder, nothing but reads goes to the venue, and
 * nothing is repaired: the next start of an engine does that.
 */
import { accountOf, rebuildAccount } from '../processes/brain/recovery.ts'
import { patiently } from '../processes/brain/reference.ts'
import { createJournalView } from '../processes/reconciler/journal-view.ts'
import { createPasses } from '../processes/reconciler/passes.ts'
import { createBrain, type BrainState } from '../brain/state.ts'
import { bookCopy } from '../brain/views.ts'
import type { ReconciliationReport } from '../contract/mismatch.ts'
import type { Credentials, VenueEndpoints } from '../contract/processes.ts'
import { fail, InvariantError, ok, type Failure, type Result } from '../contract/result.ts'
import type { Settings } from '../contract/settings.ts'
import type { PrivateVenue, SymbolFilters, VenueResult } from '../contract/venue.ts'
import type { Journal } from '../journal/journal.ts'
import type { StrategyFactory } from '../strategy/strategy.ts'
import { latchStore, tradingStateOf } from '../supervisor/latch.ts'
import { allowedHosts, createVenue } from '../venue/index.ts'
import { openJournalCopy } from './journal-copy.ts'
import { operatorFile } from './key-file.ts'

export interface OwnComparison {
  readonly dataDir: string
  /** For rails, strategy and the address of the venue. */
  readonly settings: Settings
  /** The address was given by hand: the books are then those of an account there, whatever mode they were written in. */
  readonly addressed: boolean
  /** AEGIS_KEY_FILE. */
  readonly keyFile: string | undefined
}

interface Owner {
  readonly account: string
  readonly mode: string
  readonly symbols: readonly string[]
}

/** What is wrong is one clear line. */
export async function compareOurselves(options: OwnComparison): Promise<Result<ReconciliationReport, Failure>> {
  const copy = openJournalCopy(options.dataDir)
  if (!copy.ok) return copy
  try {
    return await compare(options, copy.value.journal)
  } finally {
    copy.value.discard()
  }
}

async function compare(options: OwnComparison, journal: Journal): Promise<Result<ReconciliationReport, Failure>> {
  const { dataDir, settings } = options
  const owner = ownerOf(journal, dataDir)
  if (!owner.ok) return owner
  if (!options.addressed && owner.value.mode !== 'live')
    return fail(
      'embedded',
      `no engine runs on ${dataDir}, and the account of its books is at the embedded exchange, which exists only while the engine runs: start it, it compares before it may trade`,
    )
  const { rest, ws } = settings.upstream
  const endpoints: VenueEndpoints = { rest, ws, rate: 1, real: rest.startsWith('https:') }
  const hosts = allowedHosts(endpoints)
  if (!hosts.ok) return hosts
  if (options.keyFile === undefined || options.keyFile === '')
    return fail('no-keys', 'comparing without an engine needs API keys: name a private file {"key": "…", "secret": "…"} in AEGIS_KEY_FILE')
  const credentials = operatorFile(options.keyFile)
  if (!credentials.ok) return credentials
  if (accountOf(credentials.value) !== owner.value.account)
    return fail('other-account', `the books in ${dataDir} are those of another API key: the two accounts cannot be compared`)
  return atVenue(options, journal, owner.value, endpoints, credentials.value)
}

const noBooks = (dataDir: string): Result<never, Failure> =>
  fail('no-journal', `no engine runs on ${dataDir}, and the journal in it holds no books yet`)

/** Of the newest books: an older account's have a baseline of their own, which the newest has replaced. */
function ownerOf(journal: Journal, dataDir: string): Result<Owner, Failure> {
  const newest = journal.rows({ kinds: ['session'], newestFirst: true, limit: 1 })
  if (!newest.ok) return newest
  const row = newest.value[0]
  return row === undefined ? noBooks(dataDir) : ok(row.payload)
}

async function atVenue(
  options: OwnComparison,
  journal: Journal,
  owner: Owner,
  endpoints: VenueEndpoints,
  credentials: Credentials,
): Promise<Result<ReconciliationReport, Failure>> {
  const venue = createVenue({ endpoints, credentials, source: 'reconciler', random: Math.random })
  if (venue.private === undefined) throw new InvariantError('Invariant: credentials were given')
  try {
    const synced = await patiently(() => venue.clock.sync())
    if (!synced.ok) return fail('venue', `the venue at ${endpoints.rest} does not answer: ${synced.error.message}`)
    const listed = await patiently(() => venue.public.symbols())
    if (!listed.ok) return fail('venue', `the symbols at ${endpoints.rest} could not be read: ${listed.error.message}`)
    const state = rebuilt(options, journal, owner, listed.value)
    if (!state.ok) return state
    const now = (): number => Math.round(venue.clock.nowMs())
    const passes = createPasses({
      venue: readsOf(venue.private),
      market: venue.public,
      symbols: owner.symbols,
      journal: createJournalView(journal),
      hands: { run: neverAsked, close: neverAsked, running: false },
      filters: new Map(listed.value.map((one) => [one.symbol, one])),
      rate: 1,
      // Without an engine nobody listens to the market.
      maxDataAgeMs: options.settings.rails.maxDataAgeMs,
      dataAgeMs: () => null,
      now,
      freshen: async () => ok(undefined),
      monotonic: () => performance.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      marks: { known: new Map(), refresh: () => {} },
      clockSkewMs: () => venue.clock.skewMs,
      book: async () => bookCopy(state.value),
      repair: async () => ({ applied: false, reason: 'this comparison repairs nothing' }),
      record: () => {},
      emitReport: () => {},
      emitMismatches: () => {},
      emitHalt: () => {},
      log: () => {},
    })
    const report = await passes.reconcile('manual')
    return report.conclusive
      ? ok(report)
      : fail('venue', `nothing could be concluded at ${endpoints.rest}: ${report.error ?? 'the venue could not be asked'}`)
  } finally {
    await venue.close()
  }
}

/** Recalling what a strategy learned is no part of the books. */
const noStrategy: StrategyFactory = () => ({ name: 'none', warmUpBars: 0, onBar: () => undefined, reset: () => {} })

function rebuilt(
  { dataDir, settings }: OwnComparison,
  journal: Journal,
  owner: Owner,
  listed: readonly SymbolFilters[],
): Result<BrainState, Failure> {
  const unknown = owner.symbols.find((symbol) => !listed.some((one) => one.symbol === symbol))
  if (unknown !== undefined) return fail('unknown-symbol', `the venue does not list ${unknown}`)
  const state = createBrain({
    session: '',
    symbols: owner.symbols,
    filters: listed,
    tiers: new Map(),
    rails: settings.rails,
    strategySettings: settings.strategy,
    createStrategy: noStrategy,
    leverage: settings.leverage,
    leverageUnknown: true,
    hedge: settings.positionMode === 'hedge',
    rate: 1,
    proofMs: 0,
    tradingState: tradingStateOf(latchStore(dataDir).read()),
    counter: 0,
  })
  const used = rebuildAccount(state, journal, owner.account)
  if (!used.ok) return used
  return state.ledger === null ? noBooks(dataDir) : ok(state)
}

const neverAsked = (): Promise<never> => Promise.reject(new InvariantError('Invariant: nothing is closed or killed from here'))
const refused = async (): Promise<VenueResult<never>> => fail('rejected', 'this comparison only reads')

/** Whatever a look may come to propose, nothing but a question leaves. */
const readsOf = (venue: PrivateVenue): PrivateVenue => ({
  ...venue,
  place: refused,
  placeBatch: refused,
  amend: refused,
  cancel: refused,
  cancelAll: refused,
  setLeverage: refused,
  countdownCancelAll: refused,
})

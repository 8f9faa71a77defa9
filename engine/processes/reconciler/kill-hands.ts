/**
 * The independent hands of the kill switch (INV-08): cancel, close and confirm by REST, with the brain alive or dead.
 *
 * 1. Every round begins with a REST view and plans from it alone; so a kill -9 of this process at any step loses nothing: the next
 *    run derives what is left from the venue.
 * 2. An item is confirmed only by a later REST view that no longer shows it. An answer "ok" alone confirms nothing, and a view that
 *    failed confirms nothing (INV-05).
 * 3. It is done when two views, some time apart, show nothing left: an order that was on the wire is caught by the second.
 * 4. With a key that may only read nothing is sent: every item says so at once, and the views go on, because a person at the venue's own
 *    screen may do it.
 * 5. What it is about to do is journaled before it is done; a journal that cannot be written is reported and does not stop it.
 */
import type { KillItem, KillLevel, KillState } from '../../contract/kill.ts'
import type { JournalKinds } from '../../contract/journal-kinds.ts'
import type {
  AccountSnapshot,
  PrivateVenue,
  SymbolFilters,
  VenueError,
  VenueOrder,
  VenuePosition,
  VenueResult,
} from '../../contract/venue.ts'
import { closingOrders, isDone, planKill } from '../../reconciliation/kill-plan.ts'
import { KILL_ID_PREFIX } from '../../reconciliation/own-ids.ts'

export interface KillDeps {
  readonly venue: PrivateVenue
  readonly session: string
  /** Why nothing can be sent with this key; null when it can, or is not known not to. */
  tied(): string | null
  /** Largest market order etc.; undefined while not known. */
  filters(symbol: string): SymbolFilters | undefined
  journal(step: JournalKinds['kill-step']): void
  progress(items: readonly KillItem[]): void
  log(level: 'info' | 'warn' | 'error', text: string): void
  /** Wall clock, ms. */
  now(): number
  /** Brings the venue clock up to date (lock-step). */
  freshen(): Promise<void>
  sleep(ms: number): Promise<void>
}

export interface KillHands {
  /** Carries the level out; a call during a run raises the run's level and shares its outcome. */
  run(level: KillLevel, reason: string): Promise<KillState>
  /** Closes one position, nothing else; true when a REST view confirms it gone. */
  close(symbol: string, positionSide: VenuePosition['positionSide']): Promise<boolean>
  readonly running: boolean
}

const GIVE_UP_MS = 90_000
const CONFIRM_AFTER_MS = 250
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000
const AT_ONCE = 10
const BAND_CODE = -4131

const ORDER: readonly KillLevel[] = ['reduceOnly', 'halt', 'flatten']
const higher = (a: KillLevel, b: KillLevel): KillLevel => (ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b)

const orderItemId = (order: VenueOrder): string => `${order.book}:${order.symbol}:${order.clientId}`
const positionItemId = (position: { symbol: string; positionSide: string }): string =>
  `position:${position.symbol}:${position.positionSide}`

export function createKillHands(deps: KillDeps): KillHands {
  let level: KillLevel = 'reduceOnly'
  let running: Promise<KillState> | null = null
  let counter = 0

  const clientId = (): string =>
    `${KILL_ID_PREFIX}${deps.session}-${deps.now().toString(36)}${(counter++ % 1_296).toString(36).padStart(2, '0')}`

  const execute = async (reason: string): Promise<KillState> => {
    const items = new Map<string, KillItem>()
    const insideBand = new Set<string>()
    const startedAt = deps.now()
    const since = new Map<string, number>()
    let stillOpen: KillState['stillOpen'] = null
    let pause = FIRST_PAUSE_MS
    let clean = 0

    const put = (id: string, item: Omit<KillItem, 'id' | 'ms'>): void => {
      const first = since.get(id) ?? deps.now()
      since.set(id, first)
      items.set(id, { id, ...item, ...(item.outcome === 'pending' ? {} : { ms: deps.now() - first }) })
    }
    const outcomes = (): readonly KillItem[] => [...items.values()]
    const tell = (): void => deps.progress(outcomes())
    const record = (step: string): void => deps.journal({ level, step, items: outcomes() })
    const note = (id: string, outcome: KillItem['outcome'], detail: string): void => {
      const item = items.get(id)
      if (item !== undefined && item.outcome !== 'confirmed') put(id, { ...item, outcome, detail })
    }
    const failedView = (error: VenueError): void => {
      for (const item of items.values()) if (item.outcome === 'pending') note(item.id, 'uncertain', item.detail)
      put('verify', { what: 'verify', symbol: '*', detail: `the venue could not be asked: ${error.message}`, outcome: 'uncertain' })
    }
    /** What the view no longer shows is done; what it shows again is not, whatever the answers said. */
    const settle = (account: AccountSnapshot): void => {
      const open = new Set([...account.openOrders.map(orderItemId), ...account.positions.map(positionItemId)])
      for (const item of items.values()) {
        if (item.what === 'verify') continue
        if (open.has(item.id) && item.outcome === 'confirmed') put(item.id, { ...item, outcome: 'pending', detail: 'still open' })
        else if (!open.has(item.id) && item.outcome !== 'confirmed') put(item.id, { ...item, outcome: 'confirmed', detail: item.detail })
      }
    }

    record(`started: ${reason}`)
    for (;;) {
      await deps.freshen()
      const view = await deps.venue.snapshot('kill')
      if (!view.ok) {
        clean = 0
        stillOpen = null
        failedView(view.error)
        tell()
        if (deps.now() - startedAt > GIVE_UP_MS) break
        await deps.sleep(pause)
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
        continue
      }
      const account = view.value
      stillOpen = {
        orders: account.openOrders.length,
        positions: account.positions.map(({ symbol, quantity }) => ({ symbol, quantity })),
      }
      settle(account)
      const plan = planKill(level, account)
      if (isDone(plan)) {
        clean++
        if (clean >= 2) break
        put('verify', { what: 'verify', symbol: '*', detail: 'nothing left; looking again', outcome: 'pending' })
        tell()
        await deps.sleep(CONFIRM_AFTER_MS)
        continue
      }
      clean = 0
      if (deps.now() - startedAt > GIVE_UP_MS) break
      for (const order of plan.cancels) {
        const what = order.book === 'algo' ? 'cancel-conditional' : 'cancel-regular'
        put(orderItemId(order), { what, symbol: order.symbol, detail: `${order.type} ${order.side}`, outcome: 'pending' })
      }
      for (const position of plan.positions) {
        put(positionItemId(position), { what: 'close-position', symbol: position.symbol, detail: position.quantity, outcome: 'pending' })
      }
      record('round')
      const tied = deps.tied()
      if (tied !== null) {
        for (const item of items.values())
          if (item.outcome === 'pending') note(item.id, 'failed', `${item.detail}: ${tied} Do it at the venue.`)
        break
      }
      tell()
      const symbols = [...new Set([...plan.cancels.map((o) => o.symbol), ...plan.positions.map((p) => p.symbol)])]
      await inBatches(symbols, async (symbol) => {
        const cancels = plan.cancels.filter((order) => order.symbol === symbol)
        await cancelOrders(symbol, cancels, level !== 'reduceOnly', note)
        for (const position of plan.positions) {
          if (position.symbol === symbol) await closeOnce(position, insideBand, note)
        }
        tell()
      })
      await deps.sleep(pause)
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
    }

    const confirmed = clean >= 2
    if (confirmed) put('verify', { what: 'verify', symbol: '*', detail: `${level}: confirmed by two REST views`, outcome: 'confirmed' })
    else
      put('verify', {
        what: 'verify',
        symbol: '*',
        detail: `${level}: not confirmed${deps.tied() === null ? '' : ': this key may only read'}`,
        outcome: stillOpen === null ? 'uncertain' : 'failed',
      })
    record(confirmed ? 'confirmed' : 'gave up')
    tell()
    deps.log(confirmed ? 'info' : 'error', `kill ${level}: ${confirmed ? 'confirmed' : 'NOT confirmed'} after ${deps.now() - startedAt} ms`)
    return {
      latch: null,
      running: false,
      items: outcomes(),
      stillOpen,
      sentAt: startedAt,
      ...(confirmed ? { confirmedAt: deps.now() } : {}),
    }
  }

  type Note = (id: string, outcome: KillItem['outcome'], detail: string) => void

  /** An error that proves nothing was done is a failure; one that proves nothing at all is uncertain (INV-04). */
  const outcomeOf = (error: VenueError): 'failed' | 'uncertain' =>
    error.code === 'ambiguous' || error.code === 'malformed' ? 'uncertain' : 'failed'

  const cancelOrders = async (symbol: string, orders: readonly VenueOrder[], all: boolean, note: Note): Promise<void> => {
    if (orders.length === 0) return
    if (all) {
      const result = await deps.venue.cancelAll(symbol, 'kill')
      if (!result.ok) for (const order of orders) note(orderItemId(order), outcomeOf(result.error), result.error.message)
      return
    }
    await inBatches(orders, async (order) => {
      const result = await deps.venue.cancel(symbol, order.clientId, order.book, 'kill')
      // Not found: filled or cancelled meanwhile; the next view tells which.
      if (!result.ok && result.error.code !== 'notFound') note(orderItemId(order), outcomeOf(result.error), result.error.message)
    })
  }

  const closeOnce = async (position: VenuePosition, insideBand: Set<string>, note: Note): Promise<void> => {
    const orders = closingOrders(position, deps.filters(position.symbol), insideBand.has(position.symbol))
    const id = positionItemId(position)
    for (const order of orders) {
      const placed: VenueResult<VenueOrder> = await deps.venue.place({ ...order, clientId: clientId() }, 'kill')
      if (placed.ok) {
        // Left at the band's edge for the next round to judge; market orders come back when the best price is inside again.
        if (order.type === 'LIMIT') insideBand.delete(position.symbol)
        continue
      }
      if (placed.error.venueCode === BAND_CODE) insideBand.add(position.symbol)
      note(id, outcomeOf(placed.error), placed.error.message)
      return
    }
  }

  const inBatches = async <T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
    for (let at = 0; at < list.length; at += AT_ONCE) await Promise.all(list.slice(at, at + AT_ONCE).map(work))
  }

  return {
    get running() {
      return running !== null
    },
    run(wanted, reason) {
      level = running === null ? wanted : higher(level, wanted)
      running ??= execute(reason).finally(() => {
        running = null
      })
      return running
    },
    async close(symbol, positionSide) {
      const tied = deps.tied()
      if (tied !== null) {
        deps.log('error', `${symbol} could not be closed: ${tied}`)
        return false
      }
      const insideBand = new Set<string>()
      let detail = ''
      for (let round = 0; round < 10; round++) {
        await deps.freshen()
        const view = await deps.venue.positions('cancel')
        if (view.ok) {
          const position = view.value.find((p) => p.symbol === symbol && p.positionSide === positionSide)
          if (position === undefined) return true
          await closeOnce(position, insideBand, (_, __, text) => {
            detail = text
          })
        } else detail = view.error.message
        await deps.sleep(FIRST_PAUSE_MS * (round + 1))
      }
      deps.log('error', `${symbol} could not be closed: ${detail}`)
      return false
    },
  }
}

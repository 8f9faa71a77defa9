/**
 * Waiting room in front of the budget: the most urgent lane first, first come first served within a lane.
 * The kill lane never waits and is not counted against the parallel limit. INV-11: at most 1,000 wait; then refused, unsent.
 */
import type { Lane, VenueError } from '../contract/venue.ts'
import { fail, ok, type Result } from '../contract/result.ts'
import { PATIENCE_MS, type Moment, type RateBudget, type Ticket } from './rate-budget.ts'
import { venueError } from './venue-errors.ts'

const ORDER: readonly Lane[] = ['kill', 'cancel', 'order', 'account', 'market']
const MAX_WAITING = 1_000
/** Parallel requests of the lanes order, account and market together: cancels must find a free socket. */
const MAX_PARALLEL = 16
const RECHECK_MS = 250

interface Waiting {
  readonly lane: Lane
  readonly weight: number
  readonly orders: number
  readonly until: number
  readonly settle: (result: Result<Ticket, VenueError>) => void
}

export interface LaneGate {
  /** A ticket, or why not ('throttled' or 'banned': nothing was sent). */
  enter(lane: Lane, weight: number, orders: number): Promise<Result<Ticket, VenueError>>
  /** Call when a request ended or the budget changed. */
  leave(lane: Lane): void
  changed(): void
  close(): void
}

export function createLaneGate(budget: RateBudget, now: () => Moment): LaneGate {
  const queues: Record<Lane, Waiting[]> = { kill: [], cancel: [], order: [], account: [], market: [] }
  let waiting = 0
  let parallel = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const isCounted = (lane: Lane): boolean => lane !== 'kill' && lane !== 'cancel'

  /** True when the head of the lane was answered. */
  const serve = (one: Waiting, at: Moment): boolean => {
    if (isCounted(one.lane) && parallel >= MAX_PARALLEL && at.localMs < one.until) return false
    const admission = budget.admit(one.lane, one.weight, one.orders, at)
    if (admission.verdict === 'go' && !(isCounted(one.lane) && parallel >= MAX_PARALLEL)) {
      if (isCounted(one.lane)) parallel += 1
      one.settle(ok(budget.begin(one.weight, one.orders, at)))
      return true
    }
    if (admission.verdict === 'refuse') {
      one.settle({ ok: false, error: venueError(admission.code, `held back here, ${admission.reason}`) })
      return true
    }
    if (at.localMs < one.until && (admission.verdict === 'go' || at.localMs + admission.localMs <= one.until + RECHECK_MS)) return false
    const reason = admission.verdict === 'wait' ? admission.reason : `${parallel} requests are in flight`
    one.settle({ ok: false, error: venueError('throttled', `held back here, ${reason}`) })
    return true
  }

  const pump = (): void => {
    clearTimeout(timer)
    timer = undefined
    const at = now()
    for (const lane of ORDER) {
      const queue = queues[lane]
      let head = queue[0]
      while (head !== undefined && serve(head, at)) {
        queue.shift()
        waiting -= 1
        head = queue[0]
      }
    }
    if (waiting > 0) timer = setTimeout(pump, RECHECK_MS)
  }

  return {
    enter(lane, weight, orders) {
      if (waiting >= MAX_WAITING && lane !== 'kill') {
        return Promise.resolve({ ok: false, error: venueError('throttled', `${waiting} requests are waiting already`) })
      }
      return new Promise((settle) => {
        queues[lane].push({ lane, weight, orders, until: now().localMs + PATIENCE_MS[lane], settle })
        waiting += 1
        pump()
      })
    },
    leave(lane) {
      if (isCounted(lane)) parallel -= 1
      if (waiting > 0) pump()
    },
    changed() {
      if (waiting > 0) pump()
    },
    close() {
      clearTimeout(timer)
      for (const lane of ORDER) {
        for (const one of queues[lane].splice(0)) one.settle(fail<'notSent'>('notSent', 'the adapter is closed'))
      }
      waiting = 0
    },
  }
}

/**
 * Sends user events when they are due. Order is kept within one (account, type) only; across types the seeded latency shuffles
 * them, as the venue does. Invariant: the draw happens for every event, listened to or not, so listeners change nothing.
 */
import type { LatencyRange, MarketFault, Sinks, UserEvent } from './exchange.ts'
import { Rng } from './random.ts'
import type { Schedule } from './schedule.ts'

interface Trouble {
  readonly how: 'duplicate' | 'late' | 'drop'
  left: number
  readonly ms: number
}

export class UserDispatch {
  readonly #rng: Rng
  readonly #schedule: Schedule
  readonly #latency: LatencyRange
  readonly #sinks: Sinks
  readonly #lastDue = new Map<string, number>()
  readonly #troubles = new Map<string, Trouble[]>()

  constructor(seed: number, schedule: Schedule, latency: LatencyRange, sinks: Sinks) {
    this.#rng = new Rng(seed)
    this.#schedule = schedule
    this.#latency = latency
    this.#sinks = sinks
  }

  /** `build` gets the event time E. */
  send(now: number, account: string, type: string, build: (eventTime: number) => Readonly<Record<string, unknown>>): void {
    const { min, max } = this.#latency
    const delay = max === 0 ? 0 : this.#rng.int(min, max)
    const lane = `${account}|${type}`
    const due = Math.max(now + delay, this.#lastDue.get(lane) ?? 0)
    this.#lastDue.set(lane, due)
    if (this.#sinks.onUser === undefined || this.#sinks.hearsUser?.(account) === false) return
    const sink = (event: UserEvent): void => this.#sinks.onUser?.(event)
    const event: UserEvent = { account, time: due, type, data: build(due) }
    const trouble = this.#trouble(account)
    if (trouble?.how === 'drop') return
    const at = trouble?.how === 'late' ? due + trouble.ms : due
    this.#schedule.add(at, () => sink(at === due ? event : { ...event, time: at }))
    if (trouble?.how === 'duplicate') this.#schedule.add(at + trouble.ms, () => sink({ ...event, time: at + trouble.ms }))
  }

  trouble(fault: Extract<MarketFault, { kind: 'user' }>): void {
    const list = this.#troubles.get(fault.account) ?? []
    list.push({ how: fault.how, left: fault.count, ms: fault.ms ?? (fault.how === 'late' ? 1_000 : 0) })
    this.#troubles.set(fault.account, list)
  }

  #trouble(account: string): Trouble | undefined {
    const list = this.#troubles.get(account)
    const first = list?.[0]
    if (list === undefined || first === undefined) return undefined
    if (--first.left <= 0) list.shift()
    return first
  }
}

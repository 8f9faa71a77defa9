/**
 * Carries the brain's requests to the venue and brings each answer back as an event. In lock-step one at a time and only while
 * a barrier is open, so that the same tape gives the same requests in the same order at the same virtual time.
 * Several regular orders that leave together are one batch (brain/outgoing.ts), each with its own answer.
 */
import { InvariantError } from '../../contract/result.ts'
import type { PrivateVenue, VenueOrder, VenueResult } from '../../contract/venue.ts'
import type { BrainEvent } from '../../brain/events.ts'
import { isRegularPlace, isRequest, takeTogether, type PlaceCommand, type RequestCommand } from '../../brain/outgoing.ts'

export { isRequest, type RequestCommand }

export interface BrainRequests {
  send(command: RequestCommand): void
  /** All of one step: those that may leave together do. */
  sendAll(commands: readonly RequestCommand[]): void
  /** Resolves when nothing is queued or on the wire; in lock-step it opens the gate meanwhile. */
  settle(): Promise<void>
  readonly completed: number
  readonly idle: boolean
}

export interface RequestOptions {
  readonly venue: PrivateVenue
  readonly lockStep: boolean
  /** Venue ms. */
  readonly now: () => number
  readonly onAnswer: (event: BrainEvent) => void
  readonly onBug: (thrown: unknown) => void
}

const LOST: VenueResult<VenueOrder> = { ok: false, error: { code: 'ambiguous', message: 'the batch answer does not name the order' } }

export function createRequests(options: RequestOptions): BrainRequests {
  return new RequestQueue(options)
}

class RequestQueue implements BrainRequests {
  completed = 0
  readonly #options: RequestOptions
  readonly #queue: RequestCommand[] = []
  #onWire = 0
  #open: boolean
  #waiters: (() => void)[] = []

  constructor(options: RequestOptions) {
    this.#options = options
    this.#open = !options.lockStep
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#onWire === 0
  }

  send(command: RequestCommand): void {
    this.#queue.push(command)
    this.#advance()
  }

  sendAll(commands: readonly RequestCommand[]): void {
    this.#queue.push(...commands)
    this.#advance()
  }

  async settle(): Promise<void> {
    this.#open = true
    this.#advance()
    if (!this.idle) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    this.#open = !this.#options.lockStep
  }

  #advance(): void {
    const { lockStep } = this.#options
    while (this.#open && this.#queue.length > 0 && !(lockStep && this.#onWire > 0)) void this.#run(takeTogether(this.#queue))
    if (!this.idle) return
    const woken = this.#waiters
    this.#waiters = []
    for (const wake of woken) wake()
  }

  async #run(commands: readonly RequestCommand[]): Promise<void> {
    const { onAnswer, onBug } = this.#options
    this.#onWire++
    try {
      const batch = commands.filter(isRegularPlace)
      const [only] = commands
      const events = batch.length > 1 ? await this.#askTogether(batch) : only === undefined ? [] : [await this.#ask(only)]
      this.completed++
      for (const event of events) onAnswer(event)
    } catch (thrown) {
      onBug(thrown instanceof Error ? thrown : new InvariantError(`Invariant: a request threw ${String(thrown)}`))
    } finally {
      this.#onWire--
    }
    this.#advance()
  }

  async #ask(command: RequestCommand): Promise<BrainEvent> {
    const { venue, now } = this.#options
    switch (command.type) {
      case 'place': {
        const result = await venue.place(command.order)
        return { type: 'placed', at: now(), clientId: command.order.clientId, result }
      }
      case 'amend': {
        const result = await venue.amend(command.change)
        return { type: 'amended', at: now(), clientId: command.change.clientId, counter: command.counter, result }
      }
      case 'cancel': {
        const result = await venue.cancel(command.symbol, command.clientId, command.book)
        return { type: 'cancelled', at: now(), clientId: command.clientId, result }
      }
      case 'lookup': {
        const result = await venue.order(command.symbol, command.clientId, command.book, 'cancel')
        return { type: 'lookedUp', at: now(), clientId: command.clientId, result }
      }
      case 'snapshot': {
        const result = await venue.snapshot()
        return { type: 'snapshot', at: now(), reason: command.reason, result }
      }
      case 'fills': {
        const { symbol, fromTradeId, startTime, orderId } = command
        const result = await venue.fills(symbol, {
          limit: 1_000,
          ...(fromTradeId === undefined ? {} : { fromTradeId }),
          ...(startTime === undefined ? {} : { startTime: Math.trunc(startTime) }),
          ...(orderId === undefined ? {} : { orderId }),
        })
        return { type: 'fills', at: now(), symbol, result }
      }
      case 'setLeverage': {
        const result = await venue.setLeverage(command.symbol, command.leverage)
        return { type: 'leverageSet', at: now(), symbol: command.symbol, leverage: command.leverage, result }
      }
      case 'income': {
        const result = await venue.income({ startTime: Math.trunc(command.startTime), limit: 1_000 })
        return { type: 'income', at: now(), result }
      }
    }
  }

  async #askTogether(commands: readonly PlaceCommand[]): Promise<readonly BrainEvent[]> {
    const { venue, now } = this.#options
    const answer = await venue.placeBatch(commands.map((command) => command.order))
    // Each order has its own fate; when the whole answer is lost, every one of them is.
    return commands.map(({ order }, n): BrainEvent => {
      const result: VenueResult<VenueOrder> = answer.ok ? (answer.value[n] ?? LOST) : answer
      return { type: 'placed', at: now(), clientId: order.clientId, result }
    })
  }
}

/** The answer to a request that was never sent because its intent could not be journaled. */
export function unsent(command: RequestCommand, at: number, fault: string): BrainEvent | null {
  const result: VenueResult<never> = { ok: false, error: { code: 'notSent', message: fault } }
  switch (command.type) {
    case 'place':
      return { type: 'placed', at, clientId: command.order.clientId, result }
    case 'amend':
      return { type: 'amended', at, clientId: command.change.clientId, counter: command.counter, result }
    case 'cancel':
      return { type: 'cancelled', at, clientId: command.clientId, result }
    case 'setLeverage':
      return { type: 'leverageSet', at, symbol: command.symbol, leverage: command.leverage, result }
    case 'lookup':
    case 'snapshot':
    case 'fills':
    case 'income':
      return null
  }
}

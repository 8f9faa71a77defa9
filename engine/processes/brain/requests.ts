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
  const { venue, lockStep, now, onAnswer } = options
  const queue: RequestCommand[] = []
  let onWire = 0
  let completed = 0
  let open = !lockStep
  let waiters: (() => void)[] = []

  const ask = async (command: RequestCommand): Promise<BrainEvent> => {
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

  const askTogether = async (commands: readonly PlaceCommand[]): Promise<readonly BrainEvent[]> => {
    const answer = await venue.placeBatch(commands.map((command) => command.order))
    // Each order has its own fate; when the whole answer is lost, every one of them is.
    return commands.map(({ order }, n): BrainEvent => {
      const result: VenueResult<VenueOrder> = answer.ok ? (answer.value[n] ?? LOST) : answer
      return { type: 'placed', at: now(), clientId: order.clientId, result }
    })
  }

  const run = async (commands: readonly RequestCommand[]): Promise<void> => {
    onWire++
    try {
      const batch = commands.filter(isRegularPlace)
      const [only] = commands
      const events = batch.length > 1 ? await askTogether(batch) : only === undefined ? [] : [await ask(only)]
      completed++
      for (const event of events) onAnswer(event)
    } catch (thrown) {
      options.onBug(thrown instanceof Error ? thrown : new InvariantError(`Invariant: a request threw ${String(thrown)}`))
    } finally {
      onWire--
    }
    advance()
  }

  const advance = (): void => {
    while (open && queue.length > 0 && !(lockStep && onWire > 0)) void run(takeTogether(queue))
    if (queue.length === 0 && onWire === 0) {
      const woken = waiters
      waiters = []
      for (const wake of woken) wake()
    }
  }

  return {
    send(command) {
      queue.push(command)
      advance()
    },
    sendAll(commands) {
      queue.push(...commands)
      advance()
    },
    async settle() {
      open = true
      advance()
      if (queue.length > 0 || onWire > 0) await new Promise<void>((resolve) => waiters.push(resolve))
      open = !lockStep
    },
    get completed() {
      return completed
    },
    get idle() {
      return queue.length === 0 && onWire === 0
    },
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

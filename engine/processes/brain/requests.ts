/**
 * Carries the brain's requests to the venue and brings each answer back as an event. In lock-step one at a time and only while
 * a barrier is open, so that the same tape gives the same requests in the same order at the same virtual time.
 */
import { InvariantError } from '../../contract/result.ts'
import type { PrivateVenue, VenueResult } from '../../contract/venue.ts'
import type { BrainEvent, Command } from '../../brain/events.ts'

export type RequestCommand = Extract<Command, { type: 'place' | 'cancel' | 'lookup' | 'snapshot' | 'fills' | 'income' }>

const NAMES = new Set(['place', 'cancel', 'lookup', 'snapshot', 'fills', 'income'])
export const isRequest = (command: Command): command is RequestCommand => NAMES.has(command.type)

export interface BrainRequests {
  send(command: RequestCommand): void
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
      case 'income': {
        const result = await venue.income({ startTime: Math.trunc(command.startTime), limit: 1_000 })
        return { type: 'income', at: now(), result }
      }
    }
  }

  const run = async (command: RequestCommand): Promise<void> => {
    onWire++
    try {
      const event = await ask(command)
      completed++
      onAnswer(event)
    } catch (thrown) {
      options.onBug(thrown instanceof Error ? thrown : new InvariantError(`Invariant: a request threw ${String(thrown)}`))
    } finally {
      onWire--
    }
    advance()
  }

  const advance = (): void => {
    while (open && queue.length > 0 && !(lockStep && onWire > 0)) {
      const next = queue.shift()
      if (next !== undefined) void run(next)
    }
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
    case 'cancel':
      return { type: 'cancelled', at, clientId: command.clientId, result }
    case 'lookup':
    case 'snapshot':
    case 'fills':
    case 'income':
      return null
  }
}

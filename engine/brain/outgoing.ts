/**
 * Which of the brain's commands go over the wire, and which of them as one request: regular orders next to each other (several symbols
 * decided on the same bar) leave as a batch, each with its own answer. Conditional orders have no batch at the venue, nor have cancels
 * of different symbols.
 */
import { isConditional } from '../money/validate.ts'
import type { Command } from './events.ts'

export type RequestCommand = Extract<
  Command,
  { type: 'place' | 'amend' | 'cancel' | 'lookup' | 'snapshot' | 'fills' | 'income' | 'setLeverage' }
>
export type PlaceCommand = Extract<RequestCommand, { type: 'place' }>

const NAMES = new Set(['place', 'amend', 'cancel', 'lookup', 'snapshot', 'fills', 'income', 'setLeverage'])
export const isRequest = (command: Command): command is RequestCommand => NAMES.has(command.type)

/** The venue's cap of one batch. */
const MOST = 5
export const isRegularPlace = (command: RequestCommand | undefined): command is PlaceCommand =>
  command?.type === 'place' && !isConditional(command.order.type)

/** Takes what goes out as one request off the queue's head: one command, or several regular orders. */
export function takeTogether(queue: RequestCommand[]): readonly RequestCommand[] {
  let together = 0
  while (together < MOST && isRegularPlace(queue[together])) together++
  return queue.splice(0, Math.max(1, together))
}

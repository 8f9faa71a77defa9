/**
 * Client order ids: INV-03. Deterministic from (session, symbol, role, counter), at most 36 characters of the venue's alphabet,
 * and recognisable as ours after any restart. A counter is journaled with its intent before the request leaves, so no id is ever
 * made twice. Layout: `ssssssss-SYMBOL-rNNNNN` with r = e entry, x exit, s stop, t take profit and N in base 36.
 */
import { invariant } from '../contract/result.ts'

export type OrderRole = 'entry' | 'exit' | 'stop' | 'takeProfit' | 'foreign'

const LETTER: Readonly<Record<Exclude<OrderRole, 'foreign'>, string>> = { entry: 'e', exit: 'x', stop: 's', takeProfit: 't' }
const ROLE: Readonly<Record<string, Exclude<OrderRole, 'foreign'>>> = { e: 'entry', x: 'exit', s: 'stop', t: 'takeProfit' }
const OURS = /^([a-z0-9]{8})-([A-Z0-9]{2,20})-([exst])([0-9a-z]{1,5})$/

/** Largest counter that fits. */
export const MAX_COUNTER = 36 ** 5 - 1

/** A new id. Throws InvariantError for a session, symbol or counter that does not fit the layout. */
export function clientId(session: string, symbol: string, role: Exclude<OrderRole, 'foreign'>, counter: number): string {
  invariant(Number.isInteger(counter) && counter > 0 && counter <= MAX_COUNTER, `order counter ${counter} out of range`)
  const id = `${session}-${symbol}-${LETTER[role]}${counter.toString(36)}`
  invariant(OURS.test(id), `client id ${id} does not fit the venue's alphabet`)
  return id
}

export interface ParsedClientId {
  readonly session: string
  readonly symbol: string
  readonly role: Exclude<OrderRole, 'foreign'>
  readonly counter: number
}

/** The parts of one of our ids, or null for anybody else's. */
export function parseClientId(id: string): ParsedClientId | null {
  const match = OURS.exec(id)
  if (match === null) return null
  const [, session, symbol, letter, digits] = match
  const role = letter === undefined ? undefined : ROLE[letter]
  if (session === undefined || symbol === undefined || role === undefined || digits === undefined) return null
  return { session, symbol, role, counter: Number.parseInt(digits, 36) }
}

/**
 * Movements of the wallet that are no trade (funding, transfers), told by the private stream and by the income history. Neither names
 * a movement as the other does: kind, second and amount are all they share, and two payments may share those too. So they are counted:
 *
 * - the stream repeats a message word for word, wallet included, and two payments leave two different wallets;
 * - the history gives each movement an id;
 * - as many are booked as the more talkative of the two has told.
 */
import type { BrainState } from './state.ts'

export interface Movements {
  booked: number
  /** What told them apart so far; a restart forgets it, and being told again changes nothing. */
  readonly streamed: Set<string>
  readonly recorded: Set<string>
}

export type MovementKind = 'funding' | 'transfer'

/** Who tells of the movement: a message of the stream, a record of the history, or an audit that counted `count` of them in the history. */
export type Witness =
  | { readonly by: 'stream'; readonly mark: string }
  | { readonly by: 'history'; readonly mark: string }
  | { readonly by: 'audit'; readonly count: number }

/** INV-11: of the newest; the oldest are forgotten, and what they booked the ledger still knows by its id. */
const MAX_MOVEMENTS = 2_000

const NONE: Movements = { booked: 0, streamed: new Set(), recorded: new Set() }

const nameOf = (kind: MovementKind, second: number, amount: string): string => `${kind} ${second} ${amount}`

function movementsOf(state: BrainState, name: string): Movements {
  const known = state.movements.get(name)
  if (known !== undefined) return known
  const made: Movements = { booked: 0, streamed: new Set(), recorded: new Set() }
  state.movements.set(name, made)
  if (state.movements.size > MAX_MOVEMENTS) {
    for (const oldest of state.movements.keys()) {
      state.movements.delete(oldest)
      break
    }
  }
  return made
}

/** The id to book it under, or null when it is booked already. */
export function newMovement(
  state: BrainState,
  about: { readonly kind: MovementKind; readonly time: number; readonly amount: string },
  witness: Witness,
): string | null {
  const { kind, amount } = about
  const second = Math.floor(about.time / 1_000)
  const own = nameOf(kind, second, amount)
  const near = [second - 1, second + 1].map((one) => nameOf(kind, one, amount))
  if (witness.by === 'audit') {
    const booked = [own, ...near].reduce((sum, name) => sum + (state.movements.get(name)?.booked ?? 0), 0)
    return booked >= witness.count ? null : bookedUnder(movementsOf(state, own), own)
  }
  const toldBy = (one: Movements): Set<string> => (witness.by === 'stream' ? one.streamed : one.recorded)
  if ([own, ...near].some((name) => toldBy(state.movements.get(name) ?? NONE).has(witness.mark))) return null
  // Stream and history may differ by a second: what only the other one has told of is this.
  const counterpart = (name: string): boolean => {
    const one = state.movements.get(name) ?? NONE
    return toldBy(one).size < one.booked
  }
  const name = [own, ...near].find(counterpart) ?? own
  const told = movementsOf(state, name)
  toldBy(told).add(witness.mark)
  return toldBy(told).size <= told.booked ? null : bookedUnder(told, name)
}

function bookedUnder(movements: Movements, name: string): string {
  movements.booked++
  return movements.booked === 1 ? name : `${name} #${movements.booked}`
}

/** A movement the journal holds, by the id it was booked under. */
export function recallMovement(state: BrainState, id: string): void {
  movementsOf(state, id.replace(/ #\d+$/, '')).booked++
}

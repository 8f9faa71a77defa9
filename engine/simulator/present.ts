/** Where our own invariants say a value exists. */
import { InvariantError } from '../contract/result.ts'

/** The value; throws InvariantError when our own bookkeeping is broken. */
export function present<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new InvariantError('Invariant: a value that must exist is missing')
  return value
}

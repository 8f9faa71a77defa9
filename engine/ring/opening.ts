/** Turns what opening a ring can throw into Results with one plain sentence each. */
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import { RingError, type RingErrorCode } from './ring.ts'

const SENTENCES: Readonly<Record<RingErrorCode, string>> = {
  ERR_RING_NOT_FOUND: 'there is no ring yet: its producer has not started',
  ERR_RING_NOT_READY: 'the ring is just being created',
  ERR_RING_FOREIGN: 'the file there is not a ring, or a damaged one; it was left untouched',
  ERR_RING_MISMATCH: 'the ring there has another layout, capacity or mode',
  ERR_RING_CAPACITY: 'the capacity is not a power of two from 8 to 16777216',
  ERR_RING_BUSY: 'another live process holds this place in the ring',
  ERR_RING_SPACE: 'there is not enough memory behind that folder for the ring',
  ERR_RING_IO: 'the ring could not be opened',
  ERR_RING_ARGUMENT: 'the ring was asked for something it does not have',
  ERR_RING_CLOSED: 'the ring was used after close',
  ERR_RING_DETACHED: 'the view was transferred or detached',
  ERR_RING_BACKEND: 'the ring backend that AEGIS_RING asks for is not available',
}

const isRingErrorCode = (code: unknown): code is RingErrorCode => typeof code === 'string' && Object.hasOwn(SENTENCES, code)

/** The RingErrorCode of anything thrown while opening, or undefined when it is none. */
export function ringErrorCode(thrown: unknown): RingErrorCode | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  return isRingErrorCode(thrown.code) ? thrown.code : undefined
}

/** Runs `open`; misuse of options stays an exception, everything the machine can refuse becomes a failure. */
export function attempt<T>(path: string, open: () => T): Result<T, Failure<RingErrorCode>> {
  try {
    return ok(open())
  } catch (thrown) {
    const code = ringErrorCode(thrown)
    if (code === undefined || !(thrown instanceof Error) || (code === 'ERR_RING_ARGUMENT' && thrown instanceof RingError)) throw thrown
    return fail(code, `${SENTENCES[code]} (${path})`, { reason: thrown.message })
  }
}

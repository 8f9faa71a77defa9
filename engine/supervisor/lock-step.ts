/**
 * Lock-step: virtual time stands still at a barrier until the feed has published and the brain has settled everything the
 * simulator sent up to it. The host only carries the question round; a process that dies meanwhile is asked again when it
 * is back, so a crash costs real time but no virtual time.
 */
import type { BrainMethods, FeedMethods, SimulatorEvents, SimulatorMethods } from '../contract/processes.ts'
import type { Peer } from '../contract/rpc.ts'
import type { Result } from '../contract/result.ts'

export interface LockStepParties {
  /** The link of a running process, or null. */
  feed(): Pick<Peer<FeedMethods, object>, 'call'> | null
  brain(): Pick<Peer<BrainMethods, object>, 'call'> | null
  simulator(): Pick<Peer<SimulatorMethods, object>, 'call'> | null
  /** Resolves when one of the processes changed its state. */
  changed(): Promise<void>
  onTrouble(text: string): void
}

export type Barrier = SimulatorEvents['barrier']

const BARRIER_TIMEOUT_MS = 60_000

/** @returns a function to hand every `barrier` event to; and one that ends the coordination. */
export function lockStep(parties: LockStepParties): { barrier(at: Barrier): void; stop(): void } {
  let stopped = false
  /** Only the newest barrier counts: a simulator that came back opens its own. */
  let newest: Barrier | null = null

  async function ask<T>(who: string, at: Barrier, question: () => Promise<Result<T>> | null): Promise<T | null> {
    while (!stopped && newest === at) {
      const asked = question()
      if (asked === null) {
        await parties.changed()
        continue
      }
      const answer = await asked
      if (answer.ok) return answer.value
      if (answer.error.code !== 'closed') parties.onTrouble(`lock-step: ${who} at step ${at.step}: ${answer.error.message}`)
      await parties.changed()
    }
    return null
  }

  const run = async (at: Barrier): Promise<void> => {
    const fed = await ask(
      'feed',
      at,
      () => parties.feed()?.call('barrier', { step: at.step, time: at.time, publicFrames: at.publicFrames }, BARRIER_TIMEOUT_MS) ?? null,
    )
    if (fed === null) return
    const settled = await ask(
      'brain',
      at,
      () =>
        parties
          .brain()
          ?.call('barrier', { step: at.step, time: at.time, ringHead: fed.ringHead, userFrames: at.userFrames }, BARRIER_TIMEOUT_MS) ??
        null,
    )
    if (settled === null) return
    await ask('simulator', at, () => parties.simulator()?.call('proceed', { step: at.step }) ?? null)
  }

  return {
    barrier(at) {
      newest = at
      void run(at)
    },
    stop() {
      stopped = true
    },
  }
}

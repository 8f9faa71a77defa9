/**
 * The kill switch (INV-08), host side. Order of every kill, whatever fails on the way:
 *   1. the latch is made durable (a disk that refuses does not stop the rest: stopping is never blocked, it is reported);
 *   2. the brain is told (it stops entries at once; it may be dead);
 *   3. the reconciler's own hands cancel, close and confirm by REST, tried again until confirmed;
 *   4. the confirmation is written into the latch.
 * A latch found at start is obeyed before anything trades, and an unconfirmed one is carried on from step 2.
 * Release: a person's phrase, REST says flat, a clean reconciliation, then the latch is removed, then the brain may trade.
 */
import { RELEASE_PHRASE, type KillItem, type KillLatch, type KillLevel, type KillState, type TradingState } from '../contract/kill.ts'
import type { Result } from '../contract/result.ts'
import { higherLevel, tradingStateOf, type LatchStore } from './latch.ts'

export interface KillHands {
  tellBrain(state: TradingState, reason: string): Promise<void>
  /** The reconciler's kill; code 'closed' when it is down. */
  kill(level: KillLevel, reason: string): Promise<Result<KillState>>
  confirmFlat(): Promise<Result<{ flat: boolean; orders: number; positions: number; error: string | null }>>
  /** null when a conclusive reconciliation found nothing critical; else why not. */
  reconcileClean(): Promise<string | null>
  /** Waits before trying the reconciler again; resolves early when it comes back. */
  pause(ms: number): Promise<void>
  now(): number
  changed(state: KillState): void
  log(level: 'info' | 'warn' | 'error', text: string): void
  /** Journal, after acting: never waited for. */
  recordLatch(latch: KillLatch | null, reason: string): void
  recordStep(level: KillLevel, step: string, items: readonly KillItem[]): void
}

export interface KillSwitch {
  readonly state: KillState
  readonly tradingState: TradingState
  /** Resolves with the outcome of this attempt; an unconfirmed kill goes on in the background. */
  kill(level: KillLevel, reason: string, by: KillLatch['by']): Promise<KillState>
  /** Progress from the reconciler. */
  progress(items: readonly KillItem[]): void
  /** Carries on with a latch that was persisted but not confirmed; call when the reconciler first runs. */
  carryOn(): void
  /** Looks at the file: another program (`aegis kill`) may have latched or raised it. */
  refresh(): void
  release(phrase: string): Promise<{ released: boolean; reason: string }>
  stop(): void
}

const RETRY_MS = 1_000

export function killSwitch(store: LatchStore, hands: KillHands): KillSwitch {
  let latch = store.read()
  let items: readonly KillItem[] = []
  let stillOpen: KillState['stillOpen'] = null
  let running: Promise<void> | null = null
  let stopped = false
  let releasing = false
  let sentAt: number | undefined
  let acceptedAt: number | undefined
  /** Rises with every kill: an outcome of an older level must not confirm a newer one. */
  let order = 0

  const snapshot = (): KillState => ({
    latch,
    running: running !== null,
    items,
    stillOpen,
    ...(sentAt === undefined ? {} : { sentAt }),
    ...(acceptedAt === undefined ? {} : { acceptedAt }),
    ...(latch === null || latch.confirmedAt === null ? {} : { confirmedAt: latch.confirmedAt }),
  })
  const tell = (): void => hands.changed(snapshot())
  const persist = (next: KillLatch): void => {
    latch = next
    try {
      store.write(next)
    } catch (thrown) {
      hands.log(
        'error',
        `the kill latch could not be written, it may not survive a restart: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      )
    }
  }

  /** Steps 2 to 4 until confirmed, or the attempt `once` ended. */
  const execute = async (firstOutcome: (state: KillState) => void): Promise<void> => {
    let answered = false
    const outcome = (): void => {
      if (!answered) firstOutcome(snapshot())
      answered = true
    }
    while (!stopped && latch !== null && latch.confirmedAt === null) {
      const mine = order
      const { level, reason } = latch
      void hands.tellBrain(tradingStateOf(latch), reason)
      const result = await hands.kill(level, reason)
      if (mine !== order) continue
      if (result.ok) {
        items = result.value.items
        stillOpen = result.value.stillOpen
        acceptedAt ??= hands.now()
        if (result.value.confirmedAt !== undefined) {
          persist({ ...latch, confirmedAt: result.value.confirmedAt })
          hands.recordStep(level, 'confirmed', items)
          hands.log('info', `${level}: confirmed by the venue`)
          break
        }
        hands.recordStep(level, 'not confirmed', items)
        hands.log('error', `${level}: not confirmed yet, trying again`)
      } else {
        hands.log('error', `${level}: ${result.error.code === 'closed' ? 'the reconciler is down, waiting for it' : result.error.message}`)
      }
      tell()
      outcome()
      await hands.pause(RETRY_MS)
    }
    running = null
    tell()
    outcome()
  }

  const go = (): Promise<KillState> =>
    new Promise((resolve) => {
      if (running !== null) {
        /* the loop that runs sees the raised level and goes on with it */
        void running.then(() => resolve(snapshot()))
        return
      }
      running = execute(resolve)
      tell()
    })

  return {
    get state() {
      return snapshot()
    },
    get tradingState() {
      return tradingStateOf(latch)
    },
    kill(level, reason, by) {
      order += 1
      const at = hands.now()
      sentAt = at
      acceptedAt = undefined
      items = []
      const raised = latch === null ? level : higherLevel(latch.level, level)
      persist({ v: 1, level: raised, reason, by, at, confirmedAt: null })
      const outcome = go()
      hands.recordLatch(latch, `${by}: ${reason}`)
      hands.log('warn', `kill switch: ${raised} by ${by}: ${reason}`)
      return outcome
    },
    progress(next) {
      items = next
      acceptedAt ??= hands.now()
      tell()
    },
    carryOn() {
      if (latch === null || latch.confirmedAt !== null || running !== null) return
      hands.log('warn', `kill switch: carrying on with an unconfirmed ${latch.level}`)
      void go()
      hands.recordStep(latch.level, 'carried on', items)
    },
    refresh() {
      const found = store.read()
      if (found === null || releasing) return
      if (latch !== null && higherLevel(latch.level, found.level) === latch.level && found.at <= latch.at) return
      order += 1
      latch = { ...found, level: latch === null ? found.level : higherLevel(latch.level, found.level), confirmedAt: null }
      sentAt = found.at
      acceptedAt = undefined
      void go()
      hands.recordLatch(latch, `${latch.by}: ${latch.reason}`)
      hands.log('warn', `kill switch: ${latch.level} by ${latch.by}: ${latch.reason}`)
    },
    async release(phrase) {
      const refuse = (reason: string) => ({ released: false, reason })
      if (latch === null) return refuse('nothing is latched')
      if (phrase.trim().toLowerCase() !== RELEASE_PHRASE) return refuse(`type "${RELEASE_PHRASE}" to release`)
      if (running !== null) return refuse('the kill is still running')
      if (releasing) return refuse('a release is being checked already')
      releasing = true
      const mine = order
      try {
        const flat = await hands.confirmFlat()
        if (!flat.ok) return refuse(`the venue could not be asked: ${flat.error.message}`)
        if (flat.value.error !== null) return refuse(`the venue could not be asked: ${flat.value.error}`)
        stillOpen = flat.value.flat ? { orders: 0, positions: [] } : stillOpen
        if (!flat.value.flat || flat.value.orders > 0 || flat.value.positions > 0)
          return refuse(`not flat: ${flat.value.orders} open orders, ${flat.value.positions} positions at the venue`)
        const unclean = await hands.reconcileClean()
        if (unclean !== null) return refuse(`reconciliation is not clean: ${unclean}`)
        if (mine !== order) return refuse('the kill switch was pressed again')
        try {
          store.remove()
        } catch (thrown) {
          return refuse(`the latch could not be removed: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
        }
        latch = null
        items = []
        sentAt = undefined
        acceptedAt = undefined
        hands.recordLatch(null, 'released by a person')
        hands.log('warn', 'kill switch released by a person')
        tell()
        await hands.tellBrain('active', 'released by a person')
        return { released: true, reason: 'released' }
      } finally {
        releasing = false
      }
    },
    stop() {
      stopped = true
    },
  }
}

/**
 * What is read aloud (style D.6): `alert` for kill, critical mismatch and lost line only; `status` for the rest. Never prices.
 * At most one message per region in 5 s; the newest waits, older waiting ones are dropped (they are on the screen anyway).
 */
export type Urgency = 'alert' | 'status'
export const QUIET_MS = 5_000

export interface Announcer {
  say(urgency: Urgency, text: string): void
  stop(): void
}

/** `show` puts text into the live region; `after` and `now` are the clock. The same text twice in a row is said once. */
export function createAnnouncer(
  show: (urgency: Urgency, text: string) => void,
  now: () => number,
  after: (ms: number, callback: () => void) => () => void,
): Announcer {
  const lanes = { alert: lane('alert'), status: lane('status') }
  function lane(urgency: Urgency) {
    let saidAt = Number.NEGATIVE_INFINITY
    let said = ''
    let waiting: string | null = null
    let cancel: (() => void) | null = null
    const flush = (): void => {
      cancel = null
      if (waiting === null || waiting === said) return void (waiting = null)
      said = waiting
      waiting = null
      saidAt = now()
      show(urgency, said)
    }
    return {
      say(text: string): void {
        waiting = text
        if (cancel === null) {
          const wait = saidAt + QUIET_MS - now()
          if (wait <= 0) flush()
          else cancel = after(wait, flush)
        }
      },
      stop: () => cancel?.(),
    }
  }
  return {
    say: (urgency, text) => lanes[urgency].say(text),
    stop() {
      lanes.alert.stop()
      lanes.status.stop()
    },
  }
}

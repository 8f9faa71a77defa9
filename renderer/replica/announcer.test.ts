import { expect, it } from 'vitest'
import { createAnnouncer, QUIET_MS } from './announcer.ts'

function stage() {
  let time = 0
  const heard: string[] = []
  const timers: { at: number; run: () => void }[] = []
  const announcer = createAnnouncer(
    (urgency, text) => heard.push(`${time} ${urgency}: ${text}`),
    () => time,
    (ms, run) => {
      const timer = { at: time + ms, run }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), 1)
    },
  )
  const to = (next: number): void => {
    for (const timer of timers.filter((t) => t.at <= next)) {
      time = timer.at
      timers.splice(timers.indexOf(timer), 1)
      timer.run()
    }
    time = next
  }
  return { announcer, heard, to }
}

it('says at most one message per region in five seconds, the newest one', () => {
  const { announcer, heard, to } = stage()
  announcer.say('status', 'feed stale')
  announcer.say('status', 'feed live')
  announcer.say('status', 'feed stale again')
  announcer.say('alert', 'HALT sent')
  to(QUIET_MS)
  expect(heard).toEqual(['0 status: feed stale', '0 alert: HALT sent', '5000 status: feed stale again'])
})
it('does not repeat itself', () => {
  const { announcer, heard, to } = stage()
  announcer.say('alert', 'line lost')
  to(QUIET_MS + 1)
  announcer.say('alert', 'line lost')
  to(3 * QUIET_MS)
  expect(heard).toEqual(['0 alert: line lost'])
})

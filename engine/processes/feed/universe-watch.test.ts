import { expect, it } from 'vitest'
import type { DecimalText } from '../../contract/decimal-text.ts'
import type { LogLine } from '../../contract/processes.ts'
import type { PublicVenue } from '../../contract/venue.ts'
import { watchUniverse } from './universe-watch.ts'

type Answer = Awaited<ReturnType<PublicVenue['dayVolumes']>>
const ranking = (...symbols: string[]): Answer => ({
  ok: true,
  value: symbols.map((symbol, n) => ({ symbol, quoteVolume: `${900 - n}000000` as DecimalText })),
})

it('says once who came in and who fell out, again when that changes, and when it cannot be read', async () => {
  const lines: LogLine[] = []
  const answers = [
    ranking('BTCUSDT', 'ETHUSDT', 'SOLUSDT'),
    ranking('BTCUSDT', 'SOLUSDT', 'ETHUSDT'),
    ranking('BTCUSDT', 'SOLUSDT', 'ETHUSDT'),
    ranking('SOLUSDT', 'BTCUSDT', 'ETHUSDT'),
    { ok: false, error: { code: 'throttled', message: 'later' } } satisfies Answer,
  ]
  const settings = { symbols: ['BTCUSDT', 'ETHUSDT'], universe: { limit: 2, named: [] } }
  const watch = watchUniverse(settings, { dayVolumes: async () => answers.shift() ?? ranking() }, (line) => lines.push(line))
  for (let look = 0; look < 5; look += 1) await watch.look()
  expect(lines.map(({ level, text }) => `${level} ${text}`)).toEqual([
    'info symbols: of the 2 most traded ETHUSDT fell out, SOLUSDT came in; taken at the next start',
    'warn symbols: the ranking by volume could not be read (later)',
  ])
})

it('asks nothing when the symbols were named', async () => {
  let asked = 0
  const watch = watchUniverse(
    { symbols: ['BTCUSDT'], universe: undefined },
    {
      dayVolumes: async () => {
        asked += 1
        return ranking()
      },
    },
    () => {},
  )
  await watch.look()
  expect(asked).toBe(0)
})

/**
 * Says when the market has moved on from the symbols that were chosen at the start. Rarely: the ranking costs 40 of the minute's weight.
 * What is watched does not change while the engine runs: a position in a symbol that falls out must stay watched.
 */
import type { LogLine } from '../../contract/processes.ts'
import type { Settings } from '../../contract/settings.ts'
import type { PublicVenue } from '../../contract/venue.ts'
import { MIN_DAY_VOLUME, universeChanges } from '../../market/universe.ts'

export const UNIVERSE_EVERY_MS = 6 * 3_600_000

export interface UniverseWatch {
  /** Asks once; resolves when it has said what there is to say. */
  look(): Promise<void>
}

export function watchUniverse(
  settings: Pick<Settings, 'symbols' | 'universe'>,
  venue: Pick<PublicVenue, 'dayVolumes'>,
  log: (line: LogLine) => void,
): UniverseWatch {
  let said = ''
  return {
    async look() {
      const { universe, symbols } = settings
      if (universe === undefined) return
      const volumes = await venue.dayVolumes()
      if (!volumes.ok) return log({ level: 'warn', text: `symbols: the ranking by volume could not be read (${volumes.error.message})` })
      const { entered, left } = universeChanges(symbols, volumes.value, {
        limit: universe.limit,
        minQuoteVolume: MIN_DAY_VOLUME,
        keep: universe.named,
      })
      const text =
        entered.length === 0 && left.length === 0
          ? ''
          : `symbols: of the ${universe.limit} most traded ${left.join(', ') || 'none'} fell out, ${entered.join(', ') || 'none'} came in; taken at the next start`
      if (text !== '' && text !== said) log({ level: 'info', text })
      said = text
    },
  }
}

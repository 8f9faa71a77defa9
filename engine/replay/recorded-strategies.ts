/** Strategies of one's own that a recorded session ran: loaded again by path and hash before it is replayed. */
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { StrategySettings } from '../contract/settings.ts'
import { loadStrategy } from '../processes/brain/strategy-file.ts'
import { strategyFactory } from '../strategy/registry.ts'
import type { StrategyFactory } from '../strategy/strategy.ts'
import { RecordingReader, recordingsOf } from './recording-reader.ts'

/** By SHA-256; empty when the session ran a strategy of the build. */
export type RecordedStrategies = ReadonlyMap<string, StrategyFactory>

/** Failures: the file is gone, or is not the one that ran. */
export async function recordedStrategies(dataDir: string, session: string): Promise<Result<RecordedStrategies, Failure>> {
  const loaded = new Map<string, StrategyFactory>()
  const recordings = recordingsOf(dataDir, session)
  if (!recordings.ok) return recordings
  for (const files of recordings.value) {
    const first = new RecordingReader(files).records().next()
    if (first.done === true || first.value.kind !== 'header') continue
    const settings = first.value.header.config.strategySettings
    if (settings.file === undefined || loaded.has(settings.file.sha256)) continue
    const strategy = await loadStrategy(settings)
    if (!strategy.ok) return strategy
    loaded.set(settings.file.sha256, strategy.value)
  }
  return ok(loaded)
}

/** The factory a recorded brain had. */
export function factoryOf(settings: StrategySettings, loaded: RecordedStrategies): Result<StrategyFactory, Failure> {
  if (settings.file === undefined) return strategyFactory(settings)
  const own = loaded.get(settings.file.sha256)
  return own === undefined ? fail('strategy-file', `the session ran ${settings.file.path}, which was not loaded`) : ok(own)
}

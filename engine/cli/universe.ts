/**
 * `symbols: auto:N` becomes names before anything starts: at a real venue (paper, live) the most traded of its listings; the embedded
 * exchange has no volume of its own before it plays, so of its catalogue the first, which are the largest.
 */
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { Settings } from '../contract/settings.ts'
import { askedUniverse, MIN_DAY_VOLUME, selectUniverse } from '../market/universe.ts'
import { KNOWN_SYMBOLS } from '../simulator/symbols.ts'
import { createVenue } from '../venue/index.ts'

/** The settings with every symbol named; those without `auto:N` as they are. Code 'universe' with one clear line. */
export async function withChosenSymbols(settings: Settings): Promise<Result<Settings, Failure>> {
  const { named, limit } = askedUniverse(settings.symbols)
  if (limit === null) return ok(settings)
  const chosen = settings.mode === 'simulated' ? ok(fromCatalogue(named, limit)) : await fromVenue(settings, named, limit)
  if (!chosen.ok) return chosen
  if (chosen.value.length === 0) return fail('universe', 'no USDT perpetual trades enough to be chosen')
  return ok({ ...settings, symbols: [...chosen.value], universe: { limit, named: [...named] } })
}

const fromCatalogue = (named: readonly string[], limit: number): readonly string[] =>
  [...named, ...KNOWN_SYMBOLS.filter((symbol) => !named.includes(symbol))].slice(0, Math.max(limit, named.length))

async function fromVenue({ upstream }: Settings, named: readonly string[], limit: number): Promise<Result<readonly string[], Failure>> {
  const endpoints = { rest: upstream.rest, ws: upstream.ws, rate: 1, real: upstream.rest.startsWith('https:') }
  const venue = createVenue({ endpoints, source: 'feed', random: Math.random })
  const [listed, volumes] = await Promise.all([venue.public.symbols(), venue.public.dayVolumes()])
  await venue.close()
  for (const answer of [listed, volumes])
    if (!answer.ok) return fail('universe', `the most traded symbols could not be read from ${upstream.rest}: ${answer.error.message}`)
  if (!listed.ok || !volumes.ok) return fail('universe', 'the most traded symbols could not be read')
  const unknown = named.find((symbol) => !listed.value.some((one) => one.symbol === symbol))
  if (unknown !== undefined) return fail('universe', `${upstream.rest} does not list ${unknown}`)
  return ok(selectUniverse(listed.value, volumes.value, { limit, minQuoteVolume: MIN_DAY_VOLUME, keep: named }))
}

import { expect, it } from 'vitest'
import { everyFault } from './fault-mix.ts'
import { FAULT_NAMES, faultName } from './fault-names.ts'
import { FaultPlanSchema, parseFaultPlan } from './faults.ts'
import { POISONS } from './poison.ts'

const mix = { spareKey: 's', seed: 1, spanMs: 1_800_000, symbols: ['BTCUSDT', 'ETHUSDT'], account: 'k' }

it('holds every kind of fault the schema knows, and every name of the catalogue', () => {
  const plans = everyFault(mix)
  const kinds = new Set<string>(plans.map((plan) => plan.effect.do))
  const known = FaultPlanSchema.options.flatMap((option) =>
    option.entries.effect.options.map((effect) => effect.entries.do.literal as string),
  )
  expect(known.filter((kind) => !kinds.has(kind))).toEqual([])
  expect([...new Set(plans.map(({ effect }) => faultName(effect)))].toSorted()).toEqual(FAULT_NAMES.toSorted())
  const poisons = plans.flatMap((plan) => (plan.effect.do === 'poison' ? [plan.effect.poison] : []))
  expect(POISONS.filter((poison) => !poisons.includes(poison))).toEqual([])
  for (const plan of plans) expect(parseFaultPlan(plan)).toMatchObject({ ok: true })
})

it('is the same for the same seed, another for another, and leaves the end of the span free', () => {
  expect(everyFault(mix)).toEqual(everyFault(mix))
  expect(everyFault({ ...mix, seed: 2 })).not.toEqual(everyFault(mix))
  for (let seed = 0; seed < 50; seed++) {
    for (const plan of everyFault({ ...mix, seed })) expect(plan.fromMs ?? 0).toBeLessThan(mix.spanMs * 0.95)
  }
})

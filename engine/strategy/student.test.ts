/** The student in the teacher's shadow: what it earns and loses, that it never looks ahead, and that a restart forgets nothing. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ShadowFact } from '../contract/learning.ts'
import { seededWalk } from './fixtures/seeded-walk.ts'
import { ShadowRecord } from './shadow-record.ts'
import type { Bar, Signal, Strategy } from './strategy.ts'
import { createLearner, type LearningStrategy } from './student.ts'
import { createTeacher } from './teacher.ts'

const settings = { name: 'student', rsiPeriod: 14, atrPeriod: 14, riskPerTradePct: 0.5 } as const

describe('shadow record', () => {
  /** The student leaves the losers alone. */
  const better = (record: ShadowRecord, n: number): void => {
    for (let i = 0; i < n; i++) record.add(i % 2 === 0 ? 1 + (i % 3) / 10 : -1, i % 2 === 0)
  }

  it('says nothing below 30 outcomes each, then a step for 20 of its own outcomes', () => {
    const record = new ShadowRecord()
    better(record, 58)
    expect(record.view()).toMatchObject({ t: 0, beats: false, steps: 0, student: { judged: 29 } })
    expect(record.view().why).toContain('student 29, teacher 58, each needs 30')
    better(record, 1)
    expect(record.view()).toMatchObject({ beats: true, steps: 0, toNextStep: 19 })
    better(record, 36)
    expect(record.view()).toMatchObject({ steps: 0, toNextStep: 1 })
    better(record, 1)
    expect(record.view()).toMatchObject({ steps: 1, toNextStep: 20 })
  })

  it('loses every step at the first look that fails', () => {
    const record = new ShadowRecord()
    better(record, 400)
    expect(record.steps).toBeGreaterThan(5)
    let before = record.steps
    while (record.beats()) {
      before = record.steps
      // The teacher wins what the student left alone.
      record.add(2, false)
    }
    expect(before).toBeGreaterThan(5)
    expect(record.view()).toMatchObject({ beats: false, steps: 0, toNextStep: 20 })
    expect(record.view().why).toMatch(/does not beat the teacher: t = \d\.\d\d, more than 1\.70 is needed/)
  })

  it('compares the same stretch of market: old glory does not outlast a bad year that both had', () => {
    const record = new ShadowRecord()
    better(record, 200)
    expect(record.beats()).toBe(true)
    for (let i = 0; i < 200; i++) record.add(i % 2 === 0 ? -1 : -0.9, i % 3 === 0)
    expect(record.view()).toMatchObject({
      beats: false,
      steps: 0,
      teacher: { judged: 200, total: 400 },
      student: { judged: 67, total: 167 },
    })
  })

  it('earns nothing with equal records, nor by losing less than the teacher', () => {
    const equal = new ShadowRecord()
    for (let i = 0; i < 500; i++) equal.add(i % 3 === 0 ? 2 : -0.5, true)
    expect(equal.view()).toMatchObject({ beats: false, steps: 0 })
    const losing = new ShadowRecord()
    for (let i = 0; i < 500; i++) losing.add(i % 2 === 0 ? -0.1 - (i % 5) / 100 : -1, i % 2 === 0)
    expect(losing.view()).toMatchObject({ beats: false, steps: 0 })
    expect(losing.t).toBeGreaterThan(1.7)
    expect(losing.view().why).toContain('but loses')
  })

  it('gives chance hardly anything: a student that picks at random passes few looks, and hardly ever earns a step', () => {
    let state = 7
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
      return (state >>> 0) / 2 ** 32
    }
    const runs = 300
    let passed = 0
    let everEarned = 0
    for (let run = 0; run < runs; run++) {
      const record = new ShadowRecord()
      let earned = false
      for (let i = 0; i < 500; i++) {
        record.add(random() < 0.4 ? 2 : -0.9, random() < 0.6)
        earned ||= record.steps > 0
      }
      if (record.beats()) passed++
      if (earned) everEarned++
    }
    expect(passed / runs).toBeLessThan(0.05)
    expect(everEarned / runs).toBeLessThan(0.01)
  })
})

const run = (strategy: Strategy, bars: readonly Bar[]): Signal[] => bars.flatMap((b) => strategy.onBar(b, true) ?? [])

describe('student', () => {
  it('is deterministic, trades a part of the teacher’s signals, and carries its model in the features', () => {
    const bars = seededWalk(42, 30_000)
    const signals = run(createLearner('BTCUSDT', settings, 'student'), bars)
    expect(run(createLearner('BTCUSDT', settings, 'student'), bars)).toEqual(signals)
    const teacher = new Set(run(createTeacher('BTCUSDT', settings), bars).map((s) => s.time))
    expect(signals.every((s) => teacher.has(s.time))).toBe(true)
    expect(signals.length).toBeLessThan(teacher.size)
    expect(signals.at(-1)?.features).toHaveProperty('weight.rsi')
    expect(Object.values(signals.at(-1)?.features ?? {}).every(Number.isFinite)).toBe(true)
  })

  it('in the shadow it changes nothing: the teacher’s signals go out as they are, and the record is the same', () => {
    const bars = seededWalk(42, 6_000)
    const shadowed = createLearner('BTCUSDT', settings, 'teacher')
    expect(run(shadowed, bars)).toEqual(run(createTeacher('BTCUSDT', settings), bars))
    const trading = createLearner('BTCUSDT', settings, 'student')
    run(trading, bars)
    expect(shadowed.shadow()).toEqual(trading.shadow())
    expect(shadowed.shadow().teacher.total).toBeGreaterThan(20)
  })
})

/** Signals of every ninth bar, judged by the bar alone: what comes before it does not matter. */
const everyNinth = (): Strategy => ({
  name: 'ninth',
  warmUpBars: 0,
  onBar(bar) {
    const n = bar.openTime / 60_000
    if (n % 9 !== 0) return undefined
    const long = n % 2 === 0
    const direction = long ? 1 : -1
    return {
      id: `ninth:${bar.openTime}`,
      strategy: 'ninth',
      symbol: 'BTCUSDT',
      side: long ? 'BUY' : 'SELL',
      time: bar.openTime + 60_000,
      price: bar.close,
      entry: { type: 'MARKET' },
      stop: bar.close - direction * 6,
      takeProfit: bar.close + direction * 9,
      invalidation: bar.close - direction * 6,
      maxHoldMs: 40 * 60_000,
      leverageClass: 'teacher',
      why: '',
      features: { direction, rewardRisk: 1.5, rsi: (bar.close % 7) * 10, riskAtr: bar.high - bar.low },
    }
  },
  reset() {},
})

describe('facts', () => {
  const learner = (): LearningStrategy => createLearner('BTCUSDT', settings, 'student', everyNinth())
  const feed = (strategy: LearningStrategy, bars: readonly Bar[], live: boolean, facts: ShadowFact[]): (Signal | undefined)[] =>
    bars.map((bar) => {
      const signal = strategy.onBar(bar, live)
      facts.push(...strategy.facts())
      return signal
    })

  it('a student that recalls them after a restart is the same student, to the last bit, whatever history it is shown', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 60, max: 1_990 }),
        fc.integer({ min: 45, max: 600 }),
        (seed, cut, history) => {
          const bars = seededWalk(seed, 2_000)
          const whole: ShadowFact[] = []
          const one = learner()
          const first = feed(one, bars.slice(0, cut), true, whole)
          const remembered = [...whole]
          const rest = feed(one, bars.slice(cut), true, whole)

          const two = learner()
          for (const fact of remembered) two.recall(fact)
          const again: ShadowFact[] = []
          feed(two, bars.slice(Math.max(0, cut - history), cut), false, again)
          expect(again).toEqual([])
          expect(feed(two, bars.slice(cut), true, again)).toEqual(rest)
          expect([...remembered, ...again]).toEqual(whole)
          expect(two.shadow()).toEqual(one.shadow())
          expect(first.length + rest.length).toBe(2_000)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('what cannot be judged any more is let go: the bars after it are missing', () => {
    const bars = seededWalk(3, 200)
    const facts: ShadowFact[] = []
    feed(learner(), bars.slice(0, 100), true, facts)
    const open = facts.filter((f) => f.event === 'watched').length - facts.filter((f) => f.event === 'outcome').length
    expect(open).toBeGreaterThan(0)
    const later = learner()
    for (const fact of facts) later.recall(fact)
    const after: ShadowFact[] = []
    feed(later, bars.slice(150), true, after)
    const born = new Set(after.filter((f) => f.event === 'watched').map((f) => f.signalId))
    expect(after.filter((f) => f.event === 'outcome').every((f) => born.has(f.signalId))).toBe(true)
  })

  it('an outcome is known only after the bar that made it, and the record is judged before it is learned', () => {
    const facts: ShadowFact[] = []
    feed(learner(), seededWalk(11, 1_000), true, facts)
    const watched = new Map(facts.filter((f) => f.event === 'watched').map((f) => [f.signalId, f.time]))
    const outcomes = facts.filter((f) => f.event === 'outcome')
    expect(outcomes.length).toBeGreaterThan(80)
    for (const one of outcomes) expect(one.time).toBeGreaterThan(watched.get(one.signalId) ?? Infinity)
    expect(Object.keys(outcomes.at(-1)?.weights ?? {})).toContain('weight.rsi')
  })
})

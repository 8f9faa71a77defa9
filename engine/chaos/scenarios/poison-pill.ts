/**
 * The whole poison list mixed into a twin's good data, one frame at a time: each one caught by a refusal of its own, nothing refused
 * beyond them, the good data untouched, the feed up.
 */
import { ok } from '../../contract/result.ts'
import { TickKind, TICK_WORDS, tickKind } from '../../contract/tick.ts'
import { given, isCaught, poisonPlans } from '../poison-plans.ts'
import { defineScenario, judged, withDefect } from '../scenario.ts'
import { processRow, startTwin } from '../twin.ts'

/** An auditor reads the ring beside the brain, in a place of its own. */
const READER = 9
/** A plan waits for its stream's next frame, and its refusal for the feed's next status. */
const CAUGHT_MS = 8_000
/** Misses after which more of them tell nothing new. */
const ENOUGH = 3
/** Which plan the sabotage leaves out. */
const LET_THROUGH = 5

/** What makes a tick unbelievable, or undefined. */
function fault(view: Float64Array, at: number, low: number, high: number): string | undefined {
  for (let w = 1; w < TICK_WORDS; w++) if (!Number.isFinite(view[at + w])) return `word ${w} is ${view[at + w]}`
  const [a = 0, b = 0, c = 0, d = 0] = view.subarray(at + 3, at + 7)
  const inside = (price: number): boolean => price > low && price < high
  switch (tickKind(view[at + 1] ?? 0)) {
    case TickKind.trade:
    case TickKind.mark:
      return inside(a) ? undefined : `price ${a}`
    case TickKind.bookTop:
      return inside(a) && inside(c) && a < c ? undefined : `bid ${a} ask ${c}`
    case TickKind.bar:
    case TickKind.barClosed:
    case TickKind.barHistory:
      return inside(b) && inside(c) && b >= c && d <= b && d >= c && a <= b && a >= c ? undefined : `bar ${a} ${b} ${c} ${d}`
    case TickKind.gap:
    case TickKind.reset:
      return undefined
    default:
      return 'unknown kind'
  }
}

export const poisonPill = defineScenario({
  id: 'poison-pill',
  title: 'Poison pill',
  survived: 'each poisoned frame refused for what it is, no good one refused, no unbelievable tick in the ring, the feed never restarted',
  run: async (stage) => {
    const twin = await startTwin(stage, { speed: 10, tape: { kind: 'demo' } })
    const opened = stage.seams.createReader(twin.engine.ringPath, { index: READER, name: 'poison-audit', from: 'oldest' })
    if (!opened.ok) return { verdict: 'FAILED', reason: `the ring cannot be read: ${opened.error.message}`, figures: {} }
    const reader = opened.value
    stage.defer(() => reader.close())
    let ticks = 0
    const bad: string[] = []
    let low = 0
    let high = Number.POSITIVE_INFINITY
    const drain = (): void => {
      for (let n = reader.drain(); n > 0; n = reader.drain()) {
        for (let i = 0; i < n; i++) {
          ticks++
          const found = fault(reader.view, i * TICK_WORDS, low, high)
          if (found !== undefined && bad.length < 20) bad.push(found)
        }
      }
    }
    await twin.until(() => {
      drain()
      return ticks > 600
    }, 15_000)
    // From here on prices must stay near what they are: every poisoned price is far away.
    const last = twin.last('feed')
    const before = { poison: total(last?.status.poison), published: last?.status.published ?? 0 }
    const price = await lastPrice(twin.engine.endpoints?.rest)
    low = price / 3
    high = price * 3
    const plans = poisonPlans(stage.size)
    const refusals = (): Readonly<Record<string, number>> => twin.last('feed')?.status.poison ?? {}
    const missed: string[] = []
    let offered = 0
    for (const plan of plans) {
      const known = refusals()
      const effect = { do: 'poison', poison: plan.poison, keep: true } as const
      const planned = await twin.engine.simulator.fault({ on: 'frame', stream: `*@${plan.stream}`, effect })
      if (!planned.ok) throw new Error(planned.error.message)
      offered++
      const caught = await twin.until(() => {
        drain()
        return isCaught(plan, known, refusals())
      }, CAUGHT_MS)
      if (caught) continue
      const instead = [...given(known, refusals()).keys()].join(', ')
      missed.push(`${plan.poison} on ${plan.stream} was not refused${instead === '' ? '' : ` as it should be (refused: ${instead})`}`)
      if (missed.length >= ENOUGH) break
    }
    const expected = plans.slice(0, offered).reduce((sum, { times }) => sum + times, 0)
    const feed = twin.last('feed')?.status
    const refused = total(feed?.poison) - before.poison
    const row = processRow(twin, 'feed')
    await twin.settle()
    drain()
    const problems = bad.map((text) => `unbelievable tick in the ring: ${text}`)
    problems.push(...missed)
    if (missed.length === 0 && refused !== expected) problems.push(`${refused} frames were refused where ${expected} were poisoned`)
    if ((row?.restarts ?? 0) > 0) problems.push(`the feed was restarted: ${row?.lastExit ?? ''}`)
    if ((feed?.published ?? 0) <= before.published) problems.push('no good datum was published during the attack')
    problems.push(...(await twin.differences()))
    const figures = {
      offered,
      caught: offered - missed.length,
      refused,
      ticksRead: ticks,
      unbelievable: bad.length,
      published: (feed?.published ?? 0) - before.published,
      reasons: Object.keys(feed?.poison ?? {}).length,
    }
    const reason = `each of ${offered} poisons refused for what it is and nothing else refused, ${figures.published} good data published meanwhile`
    return judged(figures, { problems, reason })
  },
  sabotages: [
    {
      name: 'a single poison is let through',
      seams: (real) =>
        withDefect(real, (engine) => {
          let count = 0
          const fault: typeof engine.simulator.fault = (plan) => {
            count += 1
            return count === LET_THROUGH ? Promise.resolve(ok(null)) : engine.simulator.fault(plan)
          }
          return { simulator: { ...engine.simulator, fault } }
        }),
    },
    {
      name: 'ticks in the ring are spoiled',
      seams: (real) => ({
        ...real,
        createReader: (path, options) => {
          const opened = real.createReader(path, options)
          if (!opened.ok) return opened
          const { value } = opened
          const drain = (): number => {
            const n = value.drain()
            if (n > 0) value.view[4] = Number.NaN
            return n
          }
          return {
            ok: true,
            value: Object.assign(Object.create(value) as typeof value, { drain, view: value.view, close: () => value.close() }),
          }
        },
      }),
    },
  ],
})

const total = (counts: Readonly<Record<string, number>> | undefined): number => Object.values(counts ?? {}).reduce((a, b) => a + b, 0)

/** The exchange's own last price. */
async function lastPrice(rest: string | undefined): Promise<number> {
  const answer = await fetch(`${rest ?? ''}/fapi/v1/ticker/price?symbol=BTCUSDT`)
  const body: unknown = await answer.json()
  return typeof body === 'object' && body !== null && 'price' in body ? Number(body.price) : Number.NaN
}

/** After the fact, the stream equals the batch definitions on everything that is confirmed; and it never looks ahead. */
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { at, type Bars } from './bars.ts'
import { structureBreaks } from './break-of-structure.ts'
import { fairValueGaps } from './fair-value-gaps.ts'
import { blockBar } from './order-blocks.ts'
import { STRUCTURE_DEFAULTS, StructureStream, type StructureSettings } from './stream.ts'
import type { BlockEndEvent, BlockEvent, StructureEvent } from './structure-event.ts'
import { swingIndices, swings, type Swings } from './swings.ts'

type Row = readonly [open: number, high: number, low: number, close: number]

function toBars(rows: readonly Row[]): Bars {
  const column = (k: 0 | 1 | 2 | 3): Float64Array => Float64Array.from(rows, (r) => r[k])
  return {
    length: rows.length,
    time: Float64Array.from(rows, (_, i) => i * 60_000),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: Float64Array.from(rows, (_, i) => (i * 7) % 13),
  }
}

function stream(bars: Bars, settings: StructureSettings, length = bars.length): StructureEvent[] {
  const events: StructureEvent[] = []
  const s = new StructureStream(settings, { onStructure: (e) => void events.push(e) })
  for (let i = 0; i < length; i++)
    s.push({
      openTime: at(bars.time, i),
      open: at(bars.open, i),
      high: at(bars.high, i),
      low: at(bars.low, i),
      close: at(bars.close, i),
      volume: at(bars.volume, i),
    })
  return events
}

/** The final swings of the batch form: all but the last, which a later bar may still replace. */
function confirmed(bars: Bars, length: number): Swings {
  const all = swings(bars, length, false)
  const last = swingIndices(all).at(-1)
  if (last !== undefined) all.highLow[last] = all.level[last] = Number.NaN
  return all
}

/** Order-block creation straight from the definition, over confirmed swings and the bars they decide. */
function blocksByDefinition(bars: Bars, table: Swings, known: readonly BlockEvent[]): string[] {
  const out: string[] = []
  for (const sign of [1, -1] as const) {
    let p = -1
    let used = true
    for (let i = 1; i < bars.length; i++) {
      if (at(table.highLow, i - 1) === sign) {
        p = i - 1
        used = false
      }
      if (used || !(sign === 1 ? at(bars.close, i) > at(bars.high, p) : at(bars.close, i) < at(bars.low, p))) continue
      used = true
      const b = blockBar(bars, p, i, sign)
      out.push(`${sign} ${b.bar} ${p} ${i} ${b.top} ${b.bottom}`)
    }
  }
  // What the batch form says beyond the stream's horizon rests on a swing that may still change.
  const horizon = Math.max(-1, ...known.map((b) => b.brokeAt))
  return out.filter((text) => Number(text.split(' ')[3]) <= horizon).toSorted()
}

const step = fc.integer({ min: -6, max: 6 })
const walkOf = (minLength: number): fc.Arbitrary<Row[]> =>
  fc.array(fc.tuple(step, fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })), { minLength, maxLength: 250 }).map((steps) => {
    let price = 1000
    return steps.map(([move, up, down]) => {
      const open = price
      price += move
      return [open, Math.max(open, price) + up, Math.min(open, price) - down, price] as const
    })
  })
const walk = walkOf(30)
/** Long enough for blocks to be broken and wiped in most of them. */
const longWalk = walkOf(150)
const lengths = fc.integer({ min: 1, max: 5 })
const settings = (swingLength: number, closeBreak = true): StructureSettings => ({
  ...STRUCTURE_DEFAULTS,
  swingLength,
  closeBreak,
  liquidityTolerance: 3,
  limit: 10_000,
})

describe('streaming equals batch on the confirmed part', () => {
  it('swings', () => {
    fc.assert(
      fc.property(walk, lengths, (rows, length) => {
        const bars = toBars(rows)
        const got = stream(bars, settings(length))
          .filter((e) => e.kind === 'swing')
          .map((e) => [e.bar, e.sign, e.level])
        const table = confirmed(bars, length)
        expect(got).toEqual(swingIndices(table).map((i) => [i, at(table.highLow, i), at(table.level, i)]))
      }),
    )
  })

  it('fair value gaps and their first touch', () => {
    fc.assert(
      fc.property(walk, (rows) => {
        const bars = toBars(rows)
        const events = stream(bars, settings(2))
        const touched = new Map(events.filter((e) => e.kind === 'gap-mitigated').map((e) => [e.bar, e.knownAt]))
        const got = events.filter((e) => e.kind === 'gap').map((e) => [e.bar, e.sign, e.top, e.bottom, touched.get(e.bar) ?? 0])
        const batch = fairValueGaps(bars)
        const want: number[][] = []
        batch.gap.forEach((sign, i) => {
          if (!Number.isNaN(sign)) want.push([i, sign, at(batch.top, i), at(batch.bottom, i), at(batch.mitigatedIndex, i)])
        })
        expect(got).toEqual(want)
      }),
    )
  })

  it.each([true, false])('breaks of structure and changes of character (close break %s)', (closeBreak) => {
    fc.assert(
      fc.property(walk, lengths, (rows, length) => {
        const bars = toBars(rows)
        const standing = new Map<number, string>()
        for (const e of stream(bars, settings(length, closeBreak))) {
          if (e.kind === 'bos' || e.kind === 'choch') standing.set(e.bar, `${e.kind} ${e.sign} ${e.level} ${e.brokenAt}`)
          else if (e.kind === 'break-erased') expect(standing.delete(e.bar), 'only what stands is erased').toBe(true)
        }
        const batch = structureBreaks(bars, confirmed(bars, length), closeBreak)
        const want = new Map<number, string>()
        batch.level.forEach((level, i) => {
          if (Number.isNaN(level)) return
          const bos = at(batch.bos, i)
          const kind = Number.isNaN(bos) ? 'choch' : 'bos'
          want.set(i, `${kind} ${Number.isNaN(bos) ? at(batch.choch, i) : bos} ${level} ${at(batch.brokenIndex, i)}`)
        })
        expect(new Map([...standing].toSorted((a, b) => a[0] - b[0]))).toEqual(want)
      }),
      { numRuns: 300 },
    )
  })

  it('order blocks', () => {
    let seen = 0
    fc.assert(
      fc.property(walk, lengths, (rows, length) => {
        const bars = toBars(rows)
        const known = stream(bars, settings(length)).filter((e) => e.kind === 'block')
        const got = known.map((b) => `${b.sign} ${b.bar} ${b.swing} ${b.brokeAt} ${b.top} ${b.bottom}`).toSorted()
        seen += got.length
        // Both signs have their own horizon: compare each alone.
        for (const sign of [1, -1] as const) {
          const own = known.filter((b) => b.sign === sign)
          const want = blocksByDefinition(bars, confirmed(bars, length), own).filter((text) => text.startsWith(`${sign} `))
          expect(got.filter((text) => text.startsWith(`${sign} `))).toEqual(want)
        }
      }),
      { numRuns: 300 },
    )
    expect(seen).toBeGreaterThan(100)
  })

  it.each([true, false])('what becomes of an order block (close mitigation %s)', (closeMitigation) => {
    let [broken, wiped] = [0, 0]
    fc.assert(
      fc.property(longWalk, lengths, (rows, length) => {
        const bars = toBars(rows)
        const events = stream(bars, { ...settings(length), closeMitigation })
        const got = events
          .filter((e): e is BlockEndEvent => e.kind === 'block-broken' || e.kind === 'block-wiped')
          .map((e) => `${e.kind} ${e.sign} ${e.bar} at ${e.at} known ${e.knownAt}`)
        const want: string[] = []
        for (const block of events.filter((e) => e.kind === 'block')) {
          const { sign, bar, top, bottom, brokeAt, knownAt } = block
          const is = (kind: string, at: number) => want.push(`${kind} ${sign} ${bar} at ${at} known ${Math.max(at, knownAt)}`)
          let brokenAt = 0
          for (const [i, row] of rows.entries()) {
            if (i <= brokeAt) continue
            const [open, high, low, close] = row
            const [down, up] = closeMitigation ? [Math.min(open, close), Math.max(open, close)] : [low, high]
            if (brokenAt === 0) {
              if (sign === 1 ? down >= bottom : up <= top) continue
              brokenAt = i
              is('block-broken', i)
              broken++
            } else if (sign === 1 ? high > top : low < bottom) {
              is('block-wiped', i)
              wiped++
              break
            }
          }
        }
        expect(got.toSorted()).toEqual(want.toSorted())
      }),
      { numRuns: 600 },
    )
    expect(Math.min(broken, wiped)).toBeGreaterThan(100)
  })

  it('liquidity pools and sweeps', () => {
    let groups = 0
    fc.assert(
      fc.property(walk, lengths, (rows, length) => {
        const bars = toBars(rows)
        const table = confirmed(bars, length)
        const events = stream(bars, settings(length))
        const last = new Map<string, string>()
        for (const e of events) if (e.kind === 'liquidity') last.set(`${e.sign} ${e.bar}`, `${e.members} ${e.end}`)
        const sweptAt = new Map<string, number>()
        for (const e of events) if (e.kind === 'sweep') sweptAt.set(`${e.sign} ${e.bar}`, e.at)
        const want = new Map<string, string>()
        for (const sign of [1, -1] as const) {
          const own = swingIndices(table).filter((i) => at(table.highLow, i) === sign)
          const used = new Set<number>()
          for (const i of own) {
            if (used.has(i)) continue
            const level = at(table.level, i)
            let swept = 0
            for (let k = i + 1; k < bars.length && swept === 0; k++) {
              if (sign === 1 ? at(bars.high, k) >= level + 3 : at(bars.low, k) <= level - 3) swept = k
            }
            expect(sweptAt.get(`${sign} ${i}`) ?? 0).toBe(swept)
            const group = own.filter(
              (j) => j > i && !used.has(j) && (swept === 0 || j < swept) && Math.abs(at(table.level, j) - level) <= 3,
            )
            for (const j of group) used.add(j)
            if (group.length > 0) want.set(`${sign} ${i}`, `${group.length + 1} ${group.at(-1)}`)
          }
        }
        groups += want.size
        expect(last).toEqual(want)
      }),
      { numRuns: 300 },
    )
    expect(groups).toBeGreaterThan(100)
  })

  it('no look-ahead: what was said by bar t is the same whatever comes later', () => {
    fc.assert(
      fc.property(walk, lengths, fc.nat(200), (rows, length, cut) => {
        const bars = toBars(rows)
        const t = Math.min(cut + 10, bars.length)
        const whole = stream(bars, settings(length)).filter((e) => e.knownAt < t)
        expect(stream(bars, settings(length), t)).toEqual(whole)
      }),
    )
  })
})

const shared = new URL('../../../shared/data/smc-eurusd-15m/EURUSD_15M.csv', import.meta.url)
const present = existsSync(shared)
if (!present) console.log('skipped: streaming equals batch on EURUSD 15m: ../shared/data/smc-eurusd-15m is absent')

describe.runIf(present)('on 24,424 real bars', () => {
  it('swings and breaks equal the batch form, and memory stays bounded', () => {
    const rows = readFileSync(shared, 'utf8')
      .trimEnd()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(',').slice(1, 5).map(Number))
    const bars = toBars(rows.map(([o = 0, h = 0, l = 0, c = 0]) => [o, h, l, c] as const))
    const events = stream(bars, { ...STRUCTURE_DEFAULTS, limit: 2_000 })
    const table = confirmed(bars, 5)
    expect(events.filter((e) => e.kind === 'swing').map((e) => e.bar)).toEqual(swingIndices(table))
    const standing = new Set<number>()
    for (const e of events) {
      if (e.kind === 'bos' || e.kind === 'choch') standing.add(e.bar)
      else if (e.kind === 'break-erased') standing.delete(e.bar)
    }
    const want: number[] = []
    structureBreaks(bars, table).level.forEach((level, i) => {
      if (!Number.isNaN(level)) want.push(i)
    })
    expect([...standing].toSorted((a, b) => a - b)).toEqual(want)
    expect(want.length).toBeGreaterThan(1_000)
  })
})

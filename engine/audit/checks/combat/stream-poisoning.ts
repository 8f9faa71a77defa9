/** C2.2: every poison on every stream is refused with a reason and changes nothing; the good data around it passes (INV-13). */
import { TICK_WORDS } from '../../../contract/tick.ts'
import { POISONS, poisonFrames, type Poison } from '../../../simulator/protocol/poison.ts'
import { defineCheck, verdict } from '../../check.ts'
import type { Seams } from '../../seams.ts'

const START = 1_700_000_040_000

const TRADES = 'btcusdt@aggTrade'

type Make = (n: number) => Record<string, unknown>

/** Genuine events of each stream, `n` counting up: ids, times and prices move as the venue's do. */
const STREAMS: Readonly<Record<string, Make>> = {
  [TRADES]: (n) => ({
    e: 'aggTrade',
    E: START + n * 100 + 5,
    s: 'BTCUSDT',
    a: 1_000 + n,
    p: `${65_000 + (n % 7)}.10`,
    q: '0.250',
    nq: '0.250',
    f: 5_000 + n,
    l: 5_000 + n,
    T: START + n * 100,
    m: n % 2 === 0,
    st: 1,
  }),
  'btcusdt@bookTicker': (n) => ({
    e: 'bookTicker',
    u: 9_000 + n,
    s: 'BTCUSDT',
    ps: 'BTCUSDT',
    b: `${65_000 + (n % 7)}.00`,
    B: '3.100',
    a: `${65_000 + (n % 7)}.10`,
    A: '2.500',
    T: START + n * 100,
    E: START + n * 100 + 5,
    st: 1,
  }),
  'btcusdt@markPrice@1s': (n) => ({
    e: 'markPriceUpdate',
    E: START + n * 1_000,
    s: 'BTCUSDT',
    p: `${65_000 + (n % 7)}.12345678`,
    ap: '65001.00000000',
    i: '65000.50000000',
    P: '65000.00000000',
    r: '0.00010000',
    T: START + 8 * 3_600_000,
    st: 1,
  }),
  'btcusdt@kline_1m': (n) => {
    const t = START + Math.floor(n / 4) * 60_000
    const step = n % 4
    return {
      e: 'kline',
      E: t + step * 15_000 + 14_999,
      s: 'BTCUSDT',
      k: {
        t,
        T: t + 59_999,
        s: 'BTCUSDT',
        i: '1m',
        f: 100 + n * 10,
        L: 109 + n * 10,
        o: '65000.00',
        c: `${65_000 + step}.00`,
        h: '65010.00',
        l: '64990.00',
        v: `${10 + step}.500`,
        n: 10 + step,
        x: step === 3,
        q: `${650_000 + step}.0`,
        V: '5.000',
        Q: '325000.0',
        B: '0',
      },
    }
  },
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** What the feed does with one frame of the socket: bytes that are no UTF-8 never reach the reader. */
function read(reader: InstanceType<Seams['FrameReader']>, frame: string | Buffer, latestMs: number, out: Float64Array): string | undefined {
  if (typeof frame === 'string') return reader.read(frame, latestMs, out, 0)
  try {
    return reader.read(decoder.decode(frame), latestMs, out, 0)
  } catch {
    return 'not-utf8'
  }
}

interface Tally {
  caught: number
  offered: number
  readonly problems: string[]
  readonly reasons: Map<string, number>
}

function attack(seams: Seams, stream: string, make: Make, poison: Poison, tally: Tally): void {
  const reader = new seams.FrameReader(['BTCUSDT'])
  const out = new Float64Array(TICK_WORDS)
  const wrap = (data: string): string => `{"stream":"${stream}","data":${data}}`
  const latest = (data: Record<string, unknown>): number => Number(data['E']) + 5_000
  const good = (n: number): string | undefined => read(reader, wrap(JSON.stringify(make(n))), latest(make(n)), out)
  // A jump is one against the last trades, so every stream is attacked with the trades of the symbol beside it.
  const trades = STREAMS[TRADES]
  if (stream !== TRADES && trades !== undefined) {
    for (let n = 0; n < 24; n++) reader.read(`{"stream":"${TRADES}","data":${JSON.stringify(trades(n))}}`, latest(trades(n)), out, 0)
  }
  for (let n = 0; n < 24; n++) {
    const reason = good(n)
    if (reason !== undefined) tally.problems.push(`${stream}: good datum ${n} refused as ${reason}`)
  }
  const data = make(24)
  const frames = poisonFrames(poison, data, wrap)
  frames.forEach((frame, k) => {
    const reason = read(reader, frame, latest(data), out)
    // A duplicate is poison only from its second copy on.
    if (poison === 'duplicate' && k === 0) return
    tally.offered++
    if (reason === undefined) tally.problems.push(`${stream}: ${poison} passed`)
    else {
      tally.caught++
      tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1)
    }
  })
  for (let n = poison === 'duplicate' ? 25 : 24; n < 32; n++) {
    const reason = good(n)
    if (reason !== undefined) tally.problems.push(`${stream}: after ${poison} the good datum ${n} is refused as ${reason}`)
  }
  if (!out.every(Number.isFinite)) tally.problems.push(`${stream}: after ${poison} a tick holds a figure that is not finite`)
}

export const streamPoisoning = defineCheck({
  id: 'C2.2',
  suite: 'combat',
  dimension: 'stream',
  title: 'Stream poisoning',
  risk: 'CRITICAL',
  invariant: 'INV-13',
  run: ({ seams }) => {
    const tally: Tally = { caught: 0, offered: 0, problems: [], reasons: new Map() }
    for (const [stream, make] of Object.entries(STREAMS)) for (const poison of POISONS) attack(seams, stream, make, poison, tally)
    return Promise.resolve(
      verdict(
        tally.problems,
        `${tally.caught} of ${tally.offered} poisoned frames refused on ${Object.keys(STREAMS).length} streams, good data untouched`,
        'every poison refused with a reason, nothing else',
        {
          caught: tally.caught,
          offered: tally.offered,
          reasons: Object.fromEntries(tally.reasons),
        },
      ),
    )
  },
  sabotages: [
    {
      name: 'NaN passes',
      seams: (real) => ({
        ...real,
        FrameReader: class extends real.FrameReader {
          override read(text: string, ...rest: [number, Float64Array, number]): ReturnType<InstanceType<Seams['FrameReader']>['read']> {
            const reason = super.read(text, ...rest)
            return reason === 'not-a-number' ? undefined : reason
          }
        },
      }),
    },
    {
      name: 'the future is believed',
      seams: (real) => ({
        ...real,
        FrameReader: class extends real.FrameReader {
          override read(
            text: string,
            _latest: number,
            out: Float64Array,
            index: number,
          ): ReturnType<InstanceType<Seams['FrameReader']>['read']> {
            return super.read(text, Number.MAX_SAFE_INTEGER, out, index)
          }
        },
      }),
    },
    {
      name: 'everything is refused',
      seams: (real) => ({
        ...real,
        FrameReader: class extends real.FrameReader {
          override read(): ReturnType<InstanceType<Seams['FrameReader']>['read']> {
            return 'shape'
          }
        },
      }),
    },
  ],
})

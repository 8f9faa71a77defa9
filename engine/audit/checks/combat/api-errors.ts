/** C2.3: every answer of the venue gets the right class, back-off grows with jitter, nothing is retried for ever, no order is sent twice (INV-04). */
import type { OrderRequest, VenueErrorCode } from '../../../contract/venue.ts'
import { defineCheck, verdict } from '../../check.ts'
import { seeded, text } from '../../material.ts'
import { json, startScriptedVenue, type Reply } from '../../scripted-venue.ts'
import type { Seams } from '../../seams.ts'

/** Long enough for a busy machine to answer in, short enough to wait for the one that hangs. */
const TIMEOUT_MS = 2_000

const business = (code: number, msg = 'x', status = 400): Reply => json(status, { code, msg })

const ANSWERS: readonly [name: string, reply: Reply, want: VenueErrorCode][] = [
  ['408', business(-1007, 'Timeout waiting for response from backend server.', 408), 'ambiguous'],
  ['418', json(418, { code: -1003, msg: 'Way too many requests; IP banned until 1700000000000.' }), 'banned'],
  ['429', business(-1003, 'Too many requests; current limit is 2400 requests per minute.', 429), 'throttled'],
  ['429 with Retry-After', json(429, { code: -1003, msg: 'Too many requests' }, { 'retry-after': '2' }), 'throttled'],
  ['429 orders', business(-1015, 'Too many new orders.', 429), 'throttled'],
  ['502 html', { status: 502, body: '<html><body>502 Bad Gateway</body></html>', headers: { 'content-type': 'text/html' } }, 'ambiguous'],
  ['503 A unknown', business(-1000, 'Unknown error, please check your request or try again later.', 503), 'ambiguous'],
  ['503 B unavailable', business(-1000, 'Service Unavailable.', 503), 'unavailable'],
  [
    '503 C throttled',
    business(-1008, 'Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.', 503),
    'throttled',
  ],
  ['503 D internal', business(-1001, 'Internal error; unable to process your request. Please try again.', 503), 'unavailable'],
  ['-1021', business(-1021, 'Timestamp for this request is outside of the recvWindow.'), 'clock'],
  ['-1022', business(-1022, 'Signature for this request is not valid.'), 'auth'],
  ['-2015', business(-2015, 'Invalid API-key, IP, or permissions for action', 401), 'auth'],
  ['-2011', business(-2011, 'Unknown order sent.'), 'notFound'],
  ['-2013', business(-2013, 'Order does not exist.'), 'notFound'],
  ['-2019', business(-2019, 'Margin is insufficient.'), 'rejected'],
  ['-4164', business(-4164, 'notional'), 'rejected'],
  ['-1111', business(-1111, 'precision'), 'rejected'],
  ['socket reset', 'reset', 'ambiguous'],
  ['hang', 'hang', 'ambiguous'],
  ['truncated JSON in a success', { status: 200, body: '{"orderId":1,"cl' }, 'ambiguous'],
]

const order = (index: number): OrderRequest => ({
  clientId: `audit-C2.3-${index}`,
  symbol: 'BTCUSDT',
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: text('0.01'),
  price: text('60000'),
})

/** One order against one answer: the class it got, and how many order requests reached the venue. */
async function place(seams: Seams, reply: Reply, index: number): Promise<{ code: string; sent: number; ms: number }> {
  const server = await startScriptedVenue((request) => (request.path === '/fapi/v1/time' ? json(200, { serverTime: Date.now() }) : reply))
  const venue = seams.createVenue({
    endpoints: { rest: server.rest, ws: server.ws, rate: 1, real: false },
    credentials: { key: 'k'.repeat(64), secret: 's'.repeat(64) },
    source: 'brain',
    random: seeded(index + 1),
    timeoutMs: TIMEOUT_MS,
  })
  try {
    await venue.clock.sync()
    const from = performance.now()
    const result = await venue.private?.place(order(index))
    // A resend would follow the answer at once.
    await new Promise((resolve) => setTimeout(resolve, 50))
    return {
      code: result === undefined ? 'no private venue' : result.ok ? 'accepted' : result.error.code,
      sent: server.seen.filter((r) => r.method === 'POST' && r.path.endsWith('/order')).length,
      ms: performance.now() - from,
    }
  } finally {
    await venue.close()
    await server.close()
  }
}

/** Back-off after repeated 429: grows, and two instances with other randomness do not wait the same. */
function backOff(seams: Seams): string[] {
  const waits = (seed: number): number[] => {
    const budget = new seams.RateBudget({ random: seeded(seed), rate: 1 })
    let localMs = 0
    return Array.from({ length: 5 }, () => {
      const now = { venueMs: 1_700_000_000_000 + localMs, localMs }
      budget.settled(budget.begin(1, 0, now), { refused: 'slow' }, now)
      const admission = budget.admit('account', 1, 0, now)
      const wait = admission.verdict === 'wait' ? admission.localMs : 0
      localMs += wait + 1
      return wait
    })
  }
  const [one, other] = [waits(1), waits(2)]
  const problems: string[] = []
  if (one.some((w) => w < 400)) problems.push(`after a 429 it waits only ${one.join(', ')} ms`)
  if ((one.at(-1) ?? 0) < 4 * (one[0] ?? 0)) problems.push(`back-off does not grow: ${one.join(', ')} ms`)
  if (one.every((w, i) => w === other[i])) problems.push('back-off has no jitter: two instances wait the same')
  return problems
}

export const apiErrors = defineCheck({
  id: 'C2.3',
  suite: 'combat',
  dimension: 'stream',
  title: 'API errors',
  risk: 'CRITICAL',
  invariant: 'INV-04',
  run: async ({ seams }) => {
    const problems = backOff(seams)
    const results = await Promise.all(ANSWERS.map(([, reply], index) => place(seams, reply, index)))
    results.forEach(({ code, sent }, i) => {
      const [name, , want] = ANSWERS[i] ?? ['', 'reset', 'ambiguous']
      if (code !== want) problems.push(`${name}: treated as ${code}, must be ${want}`)
      // -1021 proves that nothing was executed, so one more try with the corrected time is right, and no more than one.
      if (sent < 1 || sent > (name === '-1021' ? 2 : 1)) problems.push(`${name}: the order was sent ${sent} times`)
    })
    return verdict(
      problems,
      `${ANSWERS.length} answers classed right, each order sent once, back-off grows with jitter`,
      'right class, right back-off, no resend',
      {
        answers: ANSWERS.length,
        slowestMs: Math.round(Math.max(...results.map((r) => r.ms))),
      },
    )
  },
  sabotages: [
    {
      name: 'an unknown outcome is taken for a rejection',
      seams: (real) => ({
        ...real,
        createVenue: (options) => {
          const venue = real.createVenue(options)
          const own = venue.private
          if (own === undefined) return venue
          const place: typeof own.place = async (o, lane) => {
            const result = await own.place(o, lane)
            return !result.ok && result.error.code === 'ambiguous' ? { ok: false, error: { ...result.error, code: 'rejected' } } : result
          }
          return { ...venue, private: { ...own, place } }
        },
      }),
    },
    {
      name: 'an order without an answer is sent again',
      seams: (real) => ({
        ...real,
        createVenue: (options) => {
          const venue = real.createVenue(options)
          const own = venue.private
          if (own === undefined) return venue
          const place: typeof own.place = async (o, lane) => {
            const result = await own.place(o, lane)
            return result.ok ? result : own.place(o, lane)
          }
          return { ...venue, private: { ...own, place } }
        },
      }),
    },
    {
      name: 'back-off has no jitter',
      seams: (real) => ({
        ...real,
        RateBudget: class extends real.RateBudget {
          constructor(options: ConstructorParameters<Seams['RateBudget']>[0]) {
            super({ ...options, random: () => 0.5 })
          }
        },
      }),
    },
  ],
})

/** C5.2: signed requests carry recvWindow 5000 and the venue's time; a ±30 s jump and -1021 are survived without a loop. */
import { defineCheck, verdict } from '../../check.ts'
import { seeded } from '../../material.ts'
import { json, parameter, startScriptedVenue } from '../../scripted-venue.ts'
import type { Seams } from '../../seams.ts'

async function session(seams: Seams, jumpMs: number): Promise<{ problems: string[]; requests: number; worstMs: number }> {
  const problems: string[] = []
  // The venue's clock starts far from ours, and jumps while we are connected.
  let offset = 7_000
  const venueNow = (): number => Date.now() + offset
  let worstMs = 0
  let refused = 0
  const server = await startScriptedVenue((request) => {
    if (request.path === '/fapi/v1/time') return json(200, { serverTime: venueNow() })
    const timestamp = Number(parameter(request, 'timestamp'))
    const window = parameter(request, 'recvWindow')
    if (window !== '5000') problems.push(`recvWindow is ${window ?? 'absent'}, must be 5000`)
    const late = venueNow() - timestamp
    if (!(timestamp < venueNow() + 1_000 && late <= 5_000)) {
      refused++
      return json(400, { code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' })
    }
    worstMs = Math.max(worstMs, Math.abs(late))
    return json(200, [])
  })
  const venue = seams.createVenue({
    endpoints: { rest: server.rest, ws: server.ws, rate: 1, real: false },
    credentials: { key: 'k', secret: 's' },
    source: 'brain',
    random: seeded(9),
  })
  try {
    await venue.clock.sync()
    const first = await venue.private?.openOrders()
    if (first?.ok !== true) problems.push('a signed request after the first synchronisation failed')
    offset += jumpMs
    let tries = 0
    let recovered = false
    while (!recovered && tries < 4) {
      tries++
      const again = await venue.private?.openOrders()
      recovered = again?.ok === true
    }
    if (!recovered) problems.push(`after a jump of ${jumpMs / 1000} s no request passed in ${tries} tries`)
    if (refused > 3) problems.push(`after a jump of ${jumpMs / 1000} s ${refused} requests were refused as -1021`)
    if (worstMs > 1_000) problems.push(`accepted timestamps were up to ${worstMs} ms away from the venue's clock`)
    return { problems, requests: server.seen.length, worstMs }
  } finally {
    await venue.close()
    await server.close()
  }
}

export const clockWindow = defineCheck({
  id: 'C5.2',
  suite: 'combat',
  dimension: 'protocol',
  title: 'recvWindow and clock',
  risk: 'CRITICAL',
  invariant: 'INV-04',
  run: async ({ seams }) => {
    const sessions = await Promise.all([30_000, -30_000, 3_600_000, -3_600_000].map((jump) => session(seams, jump)))
    const worst = Math.max(...sessions.map((s) => s.worstMs))
    return verdict(
      sessions.flatMap((s) => s.problems),
      `jumps of ±30 s and ±1 h survived; timestamps within ${worst} ms of the venue`,
      'recvWindow=5000 on every signed request, corrected time, -1021 resynchronises',
      { worstMs: worst, requests: sessions.reduce((n, s) => n + s.requests, 0) },
    )
  },
  sabotages: [
    {
      name: 'the client drops to the widest recvWindow',
      seams: (real) => ({
        ...real,
        createVenue: (options) => real.createVenue({ ...options, endpoints: { ...options.endpoints, rate: 1_000 } }),
      }),
    },
    {
      name: 'the clock is never measured again',
      seams: (real) => ({ ...real, createVenue: (options) => real.createVenue({ ...options, lockStep: true }) }),
    },
  ],
})

/** C5.4: Binance's published HMAC-SHA256 vectors, percent-encoding, query + body; every signed request of a session verifies. */
import type { OrderRequest } from '../../../contract/venue.ts'
import { defineCheck, verdict } from '../../check.ts'
import { seeded, text } from '../../material.ts'
import { json, signatureOf, signedPart, startScriptedVenue } from '../../scripted-venue.ts'

const FUTURES = '2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9'
const SPOT = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j'
/** exchange.md §3.1: query and body are signed as one text, without a separator. */
const VECTORS: readonly [query: string, body: string, secret: string, signature: string][] = [
  [
    'symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943',
    '',
    FUTURES,
    '3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9',
  ],
  [
    '',
    'symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943',
    FUTURES,
    '3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9',
  ],
  [
    'symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC',
    'quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943',
    FUTURES,
    '30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4',
  ],
  [
    'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559',
    '',
    SPOT,
    'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71',
  ],
  [
    'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC',
    'quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559',
    SPOT,
    '0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77',
  ],
]

const order = (clientId: string): OrderRequest => ({
  clientId,
  symbol: 'BTCUSDT',
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: text('0.01'),
  price: text('60000.1'),
})

export const signature = defineCheck({
  id: 'C5.4',
  suite: 'combat',
  dimension: 'protocol',
  title: 'Signature',
  risk: 'CRITICAL',
  invariant: 'INV-12',
  run: async ({ seams, defer }) => {
    const problems: string[] = []
    for (const [query, body, secret, want] of VECTORS) {
      if (signatureOf(secret, query + body) !== want) problems.push(`the judge itself fails the vector ${want.slice(0, 8)}`)
      if (!seams.signatureMatches(secret, { query, body }, want))
        problems.push(`the embedded exchange refuses the published signature ${want.slice(0, 8)}`)
      if (seams.signatureMatches(secret, { query: `${query}&x=1`, body }, want))
        problems.push('the embedded exchange accepts a changed query')
    }
    const secret = `${'audit'.repeat(12)}Zz09`
    const server = await startScriptedVenue((request) =>
      request.path === '/fapi/v1/time' ? json(200, { serverTime: Date.now() }) : json(400, { code: -2013, msg: 'Order does not exist.' }),
    )
    defer(() => server.close())
    const venue = seams.createVenue({
      endpoints: { rest: server.rest, ws: server.ws, rate: 1, real: false },
      credentials: { key: 'the-key', secret },
      source: 'brain',
      random: seeded(4),
    })
    defer(() => venue.close())
    await venue.clock.sync()
    // Ids with every character the venue allows: '/' and ':' travel percent-encoded, and the text as sent is what is signed.
    for (const id of ['plain-1', 'a:b/c.d_e-F', '.:/-_Az09']) {
      await venue.private?.place(order(id))
      await venue.private?.order('BTCUSDT', id, 'regular')
      await venue.private?.cancel('BTCUSDT', id, 'regular')
    }
    await venue.private?.placeBatch([order('batch-1'), order('batch-2')])
    await venue.private?.countdownCancelAll('BTCUSDT', 60_000)
    const signed = server.seen.filter((r) => signedPart(r) !== undefined)
    for (const request of signed) {
      const part = signedPart(request)
      if (part !== undefined && part.signature !== signatureOf(secret, part.payload))
        problems.push(`${request.method} ${request.path}: the signature does not fit its text`)
      if (request.key !== 'the-key') problems.push(`${request.method} ${request.path}: without the key header`)
      if (`${request.query}${request.body}`.includes(secret)) problems.push(`${request.method} ${request.path}: carries the secret itself`)
    }
    if (signed.length < 11) problems.push(`only ${signed.length} signed requests were seen, 11 were asked for`)
    return verdict(
      problems,
      `${VECTORS.length} published vectors, ${signed.length} signed requests recomputed`,
      'every signature is the HMAC-SHA256 of query + body exactly as sent',
      { signed: signed.length },
    )
  },
  sabotages: [
    {
      name: 'the client signs with a wrong secret',
      seams: (real) => ({
        ...real,
        createVenue: (options) =>
          real.createVenue(
            options.credentials === undefined
              ? options
              : { ...options, credentials: { ...options.credentials, secret: `${options.credentials.secret} ` } },
          ),
      }),
    },
    { name: 'the exchange accepts any signature', seams: (real) => ({ ...real, signatureMatches: () => true }) },
    {
      name: 'the exchange signs the query only',
      seams: (real) => ({
        ...real,
        signatureMatches: (secret, request, given) => real.signatureMatches(secret, { ...request, body: '' }, given),
      }),
    },
  ],
})

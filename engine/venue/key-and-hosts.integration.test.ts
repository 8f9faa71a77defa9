/** What the key may do, which hosts are contacted, and what exactly is signed. */
import { createHmac } from 'node:crypto'
import { createServer, request, type Server } from 'node:http'
import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { atEnd, bench, endVenues, limitOrder } from './fixtures/simulated-venue.ts'
import { createVenue } from './index.ts'

afterEach(endVenues)

describe('key and hosts', () => {
  it('tells what the key may do', async () => {
    const { api } = await bench()
    expect(await api.keyPermissions()).toEqual({ ok: true, value: { canTrade: true, canWithdraw: false, ipRestricted: true } })
  })

  it.each([{ withdraw: true }, { transfer: true }])('sees a key that can move money away: %o', async (permissions) => {
    const { api } = await bench({ permissions })
    expect(await api.keyPermissions()).toMatchObject({ ok: true, value: { canWithdraw: true } })
  })

  it('sees a key that only reads', async () => {
    const { api } = await bench({ permissions: { trade: false } })
    expect(await api.keyPermissions()).toMatchObject({ ok: true, value: { canTrade: false } })
    expect(await api.place(limitOrder())).toMatchObject({ ok: false, error: { code: 'auth' } })
    expect((await api.snapshot()).ok).toBe(true)
  })

  it('says unknown where the venue cannot tell', async () => {
    const { api } = await bench({ permissions: { told: false } })
    expect(await api.keyPermissions()).toMatchObject({
      ok: true,
      value: { canTrade: true, canWithdraw: 'unknown', ipRestricted: 'unknown' },
    })
  })

  it('an account API that does not answer hides no right: the key stays unjudged', async () => {
    const { sim, api } = await bench({ permissions: { withdraw: true } })
    sim.fault({ on: 'request', path: 'GET /sapi/v1/account/apiRestrictions', effect: { do: 'unknown', executed: false } })
    expect(await api.keyPermissions()).toMatchObject({ ok: false, error: { code: 'ambiguous' } })
    expect(await api.keyPermissions()).toMatchObject({ ok: true, value: { canWithdraw: true } })
  })

  it('a wrong key and a wrong secret are auth errors', async () => {
    const { sim } = await bench()
    for (const credentials of [
      { key: 'x'.repeat(64), secret: sim.secret },
      { key: sim.key, secret: 'wrong' },
    ]) {
      const venue = createVenue({
        endpoints: { rest: sim.rest, ws: sim.ws, rate: 1, real: false },
        credentials,
        source: 'brain',
        random: () => 0.5,
      })
      atEnd(() => venue.close())
      expect(await venue.private?.balances()).toMatchObject({ ok: false, error: { code: 'auth' } })
    }
  })

  it('contacts the simulator and nothing else in a whole session', async () => {
    const asked = new Set<string>()
    const connect = net.Socket.prototype.connect
    net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: unknown[]): net.Socket {
      const flat = args
        .flat(2)
        .find((one): one is { host?: string; port?: number } => typeof one === 'object' && one !== null && 'port' in one)
      asked.add(`${flat?.host}:${flat?.port}`)
      return Reflect.apply(connect, this, args)
    }
    atEnd(() => void (net.Socket.prototype.connect = connect))
    const { sim, api, venue } = await bench()
    await venue.userStream?.start()
    await venue.public.symbols()
    await api.snapshot()
    await api.place(limitOrder())
    await api.keyPermissions()
    await api.leverageTiers()
    const { hostname, port } = new URL(sim.rest)
    expect([...asked]).toEqual([`${hostname}:${port}`])
  })

  it('every signed request carries recvWindow=5000, a venue timestamp and a signature over exactly what was sent', async () => {
    const seen: { method: string; url: string; body: string; at: number }[] = []
    const { sim } = await bench()
    const proxy = await new Promise<Server>((resolve) => {
      const server = createServer((incoming, answer) => {
        const parts: Buffer[] = []
        incoming.on('data', (part: Buffer) => parts.push(part))
        incoming.on('end', () => {
          const body = Buffer.concat(parts).toString()
          seen.push({ method: incoming.method ?? '', url: incoming.url ?? '', body, at: sim.serverTime() })
          const onward = request(`${sim.rest}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (reply) => {
            answer.writeHead(reply.statusCode ?? 500, reply.headers)
            reply.pipe(answer)
          })
          onward.end(body)
        })
      }).listen(0, '127.0.0.1', () => resolve(server))
    })
    atEnd(() => void proxy.close())
    const address = proxy.address()
    if (address === null || typeof address === 'string') throw new Error('no address')
    const venue = createVenue({
      endpoints: { rest: `http://127.0.0.1:${address.port}`, ws: sim.ws, rate: 1, real: false },
      credentials: { key: sim.key, secret: sim.secret },
      source: 'brain',
      random: () => 0.5,
    })
    atEnd(() => venue.close())
    const api = venue.private
    expect((await api?.place(limitOrder()))?.ok).toBe(true)
    expect((await api?.placeBatch([limitOrder(), limitOrder()]))?.ok).toBe(true)
    expect((await api?.snapshot())?.ok).toBe(true)
    expect((await api?.cancelAll('BTCUSDT'))?.ok).toBe(true)
    const signed = seen.filter(({ url, body }) => `${url}${body}`.includes('signature='))
    expect(signed.length).toBe(8)
    for (const { url, body, at } of signed) {
      const payload = (url.split('?')[1] ?? '') + body
      const [unsigned = '', signature] = payload.split('&signature=')
      expect(createHmac('sha256', sim.secret).update(unsigned).digest('hex')).toBe(signature)
      const query = new URLSearchParams(unsigned)
      expect(query.get('recvWindow')).toBe('5000')
      expect(Math.abs(Number(query.get('timestamp')) - at)).toBeLessThan(500)
    }
    expect(seen.every(({ url, body }) => !`${url}${body}`.includes(sim.secret))).toBe(true)
  })
})

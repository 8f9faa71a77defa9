/** Attack suite of the loopback host: every defence of its header is tried from outside, over real sockets. */
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect as tcp } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { CockpitApi, StateMessage } from '../../engine/contract/cockpit.ts'
import { ok } from '../../engine/contract/result.ts'
import { startLoopbackHost, type LoopbackHost, type LoopbackHostOptions } from './loopback-host.ts'
import { staticFiles } from './static-files.ts'

const hosts: LoopbackHost[] = []
const sockets: WebSocket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  for (const host of hosts.splice(0)) await host.close()
})

const listeners = new Set<(message: StateMessage) => void>()
const calls: string[] = []
const api: CockpitApi = {
  async call(method) {
    calls.push(method)
    if (method === 'verifyJournal') await new Promise((resolve) => setTimeout(resolve, 300))
    return ok({ time: 1 }) as never
  },
  subscribe(_topic, listener) {
    listeners.add(listener as never)
    return () => listeners.delete(listener as never)
  },
}
const files = new Map([
  ['/', { type: 'text/html; charset=utf-8', body: Buffer.from('<!doctype html>') }],
  ['/assets/app.js', { type: 'text/javascript; charset=utf-8', body: Buffer.from('1') }],
])

const open = async (options: Partial<LoopbackHostOptions> = {}): Promise<LoopbackHost> => {
  const started = await startLoopbackHost({ api, files, ...options })
  if (!started.ok) throw new Error(started.error.message)
  hosts.push(started.value)
  return started.value
}
const portOf = (host: LoopbackHost): number => Number(new URL(host.origin).port)

const get = (host: LoopbackHost, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<{ status: number; headers: IncomingMessage['headers']; body: string }>((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: portOf(host), path, method, headers: { Host: new URL(host.origin).host, ...headers } },
      (answer) => {
        let body = ''
        answer.on('data', (part: Buffer) => (body += part.toString()))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
      },
    )
    sent.on('error', reject)
    sent.end()
  })

interface Dial {
  readonly path?: string
  readonly origin?: string | null
  readonly host?: string
  readonly protocols?: readonly string[]
}
/** 'open', or the refusing status. */
const dial = async (host: LoopbackHost, how: Dial = {}): Promise<{ outcome: 'open' | number; socket: WebSocket }> => {
  const protocols = how.protocols ?? ['cockpit.v1', `t.${host.token}`]
  const origin = how.origin === undefined ? host.origin : how.origin
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(host)}${how.path ?? '/cockpit'}`, [...protocols], {
    headers: { ...(origin === null ? {} : { Origin: origin }), ...(how.host === undefined ? {} : { Host: how.host }) },
  })
  sockets.push(socket)
  const outcome = await new Promise<'open' | number>((resolve) => {
    socket.on('open', () => resolve('open'))
    socket.on('unexpected-response', (_request, answer) => resolve(answer.statusCode ?? 0))
    socket.on('error', () => resolve(0))
  })
  return { outcome, socket }
}
const until = async (what: string, condition: () => boolean, ms = 5_000): Promise<void> => {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('HTTP', () => {
  it.each(['evil.example', 'localhost', 'evil.example:80', '127.0.0.1', '[::1]'])(
    'a foreign Host (%j) is answered 421 before routing',
    async (name) => {
      const host = await open()
      const named = name === 'localhost' ? `localhost:${portOf(host)}` : name
      const answer = await get(host, '/', { Host: named })
      expect(answer.status).toBe(421)
      expect(answer.body).not.toContain('<!doctype')
    },
  )

  it('a foreign Origin or a cross-site fetch is refused', async () => {
    const host = await open()
    expect((await get(host, '/', { Origin: 'http://evil.example' })).status).toBe(403)
    expect((await get(host, '/', { Origin: 'null' })).status).toBe(403)
    expect((await get(host, '/', { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403)
    expect((await get(host, '/', { 'Sec-Fetch-Site': 'same-site' })).status).toBe(403)
    expect((await get(host, '/', { 'Sec-Fetch-Site': 'none' })).status).toBe(200)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s changes nothing', async (method) => {
    const host = await open()
    const answer = await get(host, '/', {}, method)
    expect(answer.status).toBe(405)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })

  it.each(['/../package.json', '/..%2f..%2fpackage.json', '/assets/../../secret', '//etc/passwd', '/assets/%2e%2e/x', '/assets'])(
    'no path leaves the list of files: %s',
    async (path) => {
      const host = await open()
      expect((await get(host, path)).status).toBe(404)
    },
  )

  it('every answer carries the security headers', async () => {
    const host = await open()
    for (const answer of [await get(host, '/'), await get(host, '/nothing'), await get(host, '/', { Host: 'x' })]) {
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
      expect(answer.headers['content-security-policy']).toContain("require-trusted-types-for 'script'")
      expect(answer.headers['cross-origin-opener-policy']).toBe('same-origin')
      expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin')
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
      expect(answer.headers['referrer-policy']).toBe('no-referrer')
    }
  })

  it('listens on 127.0.0.1 only', async () => {
    const host = await open()
    const outside = Object.values(networkInterfaces())
      .flat()
      .filter((one) => one !== undefined && !one.internal && one.family === 'IPv4')
    for (const one of [...outside, { address: '::1' }]) {
      const refused = await new Promise<boolean>((resolve) => {
        const socket = tcp({ host: one?.address ?? '', port: portOf(host), timeout: 1_000 })
        socket.on('connect', () => resolve(false))
        socket.on('error', () => resolve(true))
        socket.on('timeout', () => resolve(true))
      })
      expect(refused).toBe(true)
    }
  })

  it('the token is in no answer, and differs per run', async () => {
    const host = await open()
    const other = await open()
    expect(host.token).not.toBe(other.token)
    expect(Buffer.from(host.token, 'base64url').length).toBe(32)
    const answer = await get(host, '/')
    expect(JSON.stringify(answer)).not.toContain(host.token)
    expect(new URL(host.url).hash).toBe(`#t=${host.token}`)
  })

  it('a port in use is one clear failure', async () => {
    const host = await open()
    expect(await startLoopbackHost({ api, files, port: portOf(host) })).toMatchObject({ ok: false, error: { code: 'port-in-use' } })
  })

  it('says so when the renderer is not built', async () => {
    const host = await open({ files: new Map() })
    const answer = await get(host, '/')
    expect(answer.status).toBe(503)
    expect(answer.body).toContain('npm run build')
    expect(staticFiles(['/nonexistent/']).size).toBe(0)
  })
})

describe('WebSocket', () => {
  it('opens with the right origin, path and token, and selects cockpit.v1 only', async () => {
    const host = await open()
    const { outcome, socket } = await dial(host)
    expect(outcome).toBe('open')
    expect(socket.protocol).toBe('cockpit.v1')
  })

  it.each<[string, Dial, number]>([
    ['a rebound host', { host: 'evil.example' }, 421],
    ['a foreign origin, even with the token', { origin: 'http://evil.example' }, 403],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }, 403],
    ['no origin', { origin: null }, 403],
    ['another path', { path: '/' }, 404],
    ['a token in the query', { path: '/cockpit?t=x' }, 404],
    ['no token', { protocols: ['cockpit.v1'] }, 401],
    ['a wrong token', { protocols: ['cockpit.v1', `t.${'A'.repeat(43)}`] }, 401],
    ['a short token', { protocols: ['cockpit.v1', 't.'] }, 401],
    ['no protocol', { protocols: [] }, 400],
    ['the token alone', { protocols: ['t.x'] }, 400],
  ])('refuses %s', async (_name, how, status) => {
    const host = await open()
    expect((await dial(host, how)).outcome).toBe(status)
    expect(host.connections).toBe(0)
  })

  it('refuses the ninth connection', async () => {
    const host = await open()
    for (let n = 0; n < 8; n += 1) expect((await dial(host)).outcome).toBe('open')
    expect((await dial(host)).outcome).toBe(503)
  })

  it.each<[string, string | Buffer]>([
    ['not JSON', '{'],
    ['an unknown shape', '{"do":"halt"}'],
    ['an unknown topic', '{"subscribe":"secrets"}'],
    ['an unknown method', '{"id":1,"call":"constructor","arg":null}'],
    ['extra fields', '{"id":1,"call":"ping","arg":null,"as":"admin"}'],
    ['a binary frame', Buffer.from('{"id":1,"call":"ping","arg":null}')],
    ['a frame over 64 KiB', JSON.stringify({ id: 1, call: 'ping', arg: 'x'.repeat(70_000) })],
  ])('ends the connection on %s', async (_name, frame) => {
    const host = await open()
    calls.length = 0
    const { socket } = await dial(host)
    socket.send(frame)
    await once(socket, 'close')
    expect(calls).toEqual([])
  })

  it('a bad argument is answered, not executed', async () => {
    const host = await open()
    calls.length = 0
    const { socket } = await dial(host)
    socket.send('{"id":7,"call":"halt","arg":{"level":"everything"}}')
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(data.toString())).toMatchObject({ id: 7, result: { ok: false, error: { code: 'bad-argument' } } })
    expect(calls).toEqual([])
  })

  it('a flood ends the connection; others go on', async () => {
    const host = await open({ limits: { messagesPerSecond: 50, callsInFlight: 32 } })
    const flood = await dial(host)
    const calm = await dial(host)
    for (let n = 0; n < 1_000; n += 1) flood.socket.send(`{"id":${n},"call":"ping","arg":null}`)
    await once(flood.socket, 'close')
    calm.socket.send('{"id":1,"call":"ping","arg":null}')
    const [data] = (await once(calm.socket, 'message')) as [Buffer]
    expect(JSON.parse(data.toString())).toMatchObject({ id: 1, result: { ok: true } })
  })

  it('calls in flight are bounded', async () => {
    const host = await open({ limits: { messagesPerSecond: 1_000, callsInFlight: 4 } })
    const { socket } = await dial(host)
    const answers: { id: number; result: { ok: boolean; error?: { code: string } } }[] = []
    socket.on('message', (data: Buffer) => answers.push(JSON.parse(data.toString())))
    for (let n = 0; n < 10; n += 1) socket.send(`{"id":${n},"call":"verifyJournal","arg":null}`)
    await until('all answers', () => answers.length === 10)
    expect(answers.filter((one) => one.result.error?.code === 'busy').length).toBe(6)
  })

  it('a slow reader is dropped and its subscriptions end; the host keeps serving', async () => {
    const host = await open({ maxBufferedBytes: 1_000_000 })
    listeners.clear()
    const slow = await dial(host)
    slow.socket.send('{"subscribe":"state"}')
    await until('subscribed', () => listeners.size === 1)
    slow.socket.pause()
    const big = { type: 'delta', seq: 1, time: 0, changed: { filler: 'y'.repeat(200_000) } }
    await until('dropped', () => {
      for (const listener of listeners) listener(big as never)
      return listeners.size === 0
    })
    await until('closed', () => host.connections === 0)
    expect((await dial(host)).outcome).toBe('open')
  })

  it('a second subscribe starts afresh, unsubscribe and close end it', async () => {
    const host = await open()
    listeners.clear()
    const { socket } = await dial(host)
    socket.send('{"subscribe":"state"}')
    socket.send('{"subscribe":"state"}')
    socket.send('{"id":1,"call":"ping","arg":null}')
    await once(socket, 'message')
    expect(listeners.size).toBe(1)
    socket.send('{"unsubscribe":"state"}')
    await until('none', () => listeners.size === 0)
    socket.send('{"subscribe":"candles"}')
    await until('one', () => listeners.size === 1)
    socket.terminate()
    await until('none', () => listeners.size === 0)
  })

  it('a raw connection that never finishes its request is ended', async () => {
    const host = await open()
    const socket = tcp({ host: '127.0.0.1', port: portOf(host) })
    await once(socket, 'connect')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
    socket.resume()
    await once(socket, 'close')
  })
})

/** One contract suite over all transports of Port: each opens a near end, with serveEcho on the far end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { connect } from '../rpc.ts'
import type { Port } from '../port.ts'
import { ADVANCED, childPort } from './child.ts'
import { ELECTRON_PORT, messagePort, NODE_PORT, UTILITY_PROCESS, type MessagePortLike } from './message-port.ts'
import { webSocketPort } from './web-socket.ts'
import { serveEcho, type EchoEvents, type EchoMethods } from './fixtures/echo.ts'
import { INBOX_LIMIT } from './inbox.ts'

interface Opened {
  readonly near: Port
  /** Ends the far side as abruptly as the transport knows. */
  killFar(): void
  dispose(): Promise<void> | void
}

const childTransport = async (): Promise<Opened> => {
  const file = new URL('./fixtures/echo-child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: ADVANCED })
  return {
    near: childPort(child),
    killFar: () => void child.kill('SIGKILL'),
    async dispose() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    },
  }
}

const nodeChannel = async (): Promise<Opened> => {
  const { port1, port2 } = new MessageChannel()
  serveEcho(messagePort(port2, NODE_PORT))
  return { near: messagePort(port1, NODE_PORT), killFar: () => port2.close(), dispose: () => port1.close() }
}

/** Electron's shapes, played by a Node channel: MessagePortMain wraps messages in events, a utility process's exit is its close. */
const electronChannel = async (): Promise<Opened> => {
  const { port1, port2 } = new MessageChannel()
  const main: MessagePortLike = {
    postMessage: (message) => port2.postMessage(message),
    on: (event, listener) => {
      if (event === 'message') port2.on('message', (data) => listener({ data }))
      else port2.on(event, () => listener(undefined))
    },
    start: () => port2.start(),
    close: () => port2.close(),
  }
  serveEcho(messagePort(main, ELECTRON_PORT))
  const utility: MessagePortLike = {
    postMessage: (message) => port1.postMessage(message),
    on: (event, listener) => port1.on(event === 'exit' ? 'close' : event, listener),
  }
  return { near: messagePort(utility, UTILITY_PROCESS), killFar: () => port2.close(), dispose: () => port1.close() }
}

const socketTransport = async (): Promise<Opened> => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  server.on('connection', (socket) => serveEcho(webSocketPort(socket)))
  const socket = new WebSocket(`ws://127.0.0.1:${address.port}`)
  return {
    near: webSocketPort(socket),
    killFar: () => server.clients.forEach((client) => client.terminate()),
    dispose: () => {
      socket.terminate()
      server.close()
    },
  }
}

const opened: Opened[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose()
})

describe.each([
  ['child process', childTransport],
  ['message port (Node)', nodeChannel],
  ['message port (Electron shapes)', electronChannel],
  ['web socket', socketTransport],
] as const)('Port over %s', (_name, openTransport) => {
  const open = async () => {
    const one = await openTransport()
    opened.push(one)
    return { ...one, peer: connect<Record<never, never>, Record<never, never>, EchoMethods, EchoEvents>(one.near, {}) }
  }

  it('returns plain data unchanged, nested, with unicode and big text', async () => {
    const { peer } = await open()
    const value = { a: [1, -2.5, null, true, { b: '₿ "\\ \u2028 𝔸' }], empty: {}, list: [], big: 'x'.repeat(300_000), max: 2 ** 53 - 1 }
    expect(await peer.call('echo', value)).toEqual({ ok: true, value })
  })

  it('keeps order over 5,000 events and answers after them', async () => {
    const { peer } = await open()
    const seen: number[] = []
    peer.on('number', (n) => seen.push(n))
    expect(await peer.call('burst', { count: 5_000 })).toEqual({ ok: true, value: { sent: 5_000 } })
    expect(seen).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
  })

  it('matches interleaved replies to their calls', async () => {
    const { peer } = await open()
    const replies = await Promise.all(Array.from({ length: 200 }, (_, n) => peer.call('echo', n)))
    expect(replies).toEqual(Array.from({ length: 200 }, (_, value) => ({ ok: true, value })))
  })

  it('carries failures as data: thrown, unknown method, timeout', async () => {
    const { peer, near } = await open()
    const thrown = await peer.call('fails', null)
    expect(thrown).toMatchObject({
      ok: false,
      error: { code: 'thrown', message: 'on purpose', detail: { error: { code: 'E_ON_PURPOSE' } } },
    })
    expect(await peer.call('silent', null, 30)).toMatchObject({ ok: false, error: { code: 'timeout' } })
    const stranger = connect<Record<never, never>, Record<never, never>, { nothing(arg: null): null }, Record<never, never>>(near, {})
    expect(await stranger.call('nothing', null)).toMatchObject({ ok: false, error: { code: 'unknown-method' } })
  })

  it('keeps messages that arrive before the listener, in order, up to the bound', async () => {
    const { near } = await openTransport().then((one) => (opened.push(one), one))
    near.send({ v: 1, kind: 'call', seq: 1, ts: 0, id: 1, method: 'burst', arg: { count: INBOX_LIMIT + 500 } })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const data: unknown[] = []
    near.onMessage((message) => data.push((message as { data?: unknown }).data))
    expect(data).toEqual(Array.from({ length: INBOX_LIMIT }, (_, n) => n))
  })

  it('never throws on what cannot be sent, and still works', async () => {
    const { near, peer } = await open()
    expect(near.send(() => 1)).toBe(false)
    expect(near.send(Symbol('no'))).toBe(false)
    expect(await peer.call('echo', 1)).toEqual({ ok: true, value: 1 })
  })

  it('tells once when the other end closes; pending and later calls fail at once', async () => {
    const { near, peer } = await open()
    let told = 0
    const closed = new Promise<void>((resolve) =>
      near.onClose(() => {
        told += 1
        resolve()
      }),
    )
    const pending = peer.call('silent', null)
    expect(await peer.call('closes', null)).toEqual({ ok: true, value: null })
    await closed
    expect(await pending).toMatchObject({ ok: false, error: { code: 'closed' } })
    expect(await peer.call('echo', 1)).toMatchObject({ ok: false, error: { code: 'closed' } })
    expect(near.send({})).toBe(false)
    near.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(told).toBe(1)
  })

  it('tells when the other end is killed', async () => {
    const { near, peer, killFar } = await open()
    await peer.call('echo', 1)
    const pending = peer.call('silent', null)
    killFar()
    await new Promise<void>((resolve) => near.onClose(resolve))
    expect(await pending).toMatchObject({ ok: false, error: { code: 'closed' } })
  })

  it('closes from the near end: closed once, silent afterwards', async () => {
    const { near, peer } = await open()
    await peer.call('echo', 1)
    let told = 0
    near.onClose(() => (told += 1))
    near.close()
    near.close()
    expect(told).toBe(1)
    expect(near.send(1)).toBe(false)
  })
})

describe('transport specifics', () => {
  it('a child whose host closed the link exits by itself', async () => {
    const file = new URL('./fixtures/echo-child.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: ADVANCED })
    const port = childPort(child)
    const peer = connect<Record<never, never>, Record<never, never>, EchoMethods, EchoEvents>(port, {})
    await peer.call('echo', 1)
    const exit = once(child, 'exit')
    port.close()
    expect(await exit).toEqual([0, null])
  })

  it('a program that cannot be started closes the port', async () => {
    const child = spawn('/nonexistent/program', [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: ADVANCED })
    const port = childPort(child)
    await new Promise<void>((resolve) => port.onClose(resolve))
    expect(port.send(1)).toBe(false)
  })

  it('structured clone keeps what JSON would lose', async () => {
    const one = await childTransport()
    opened.push(one)
    const peer = connect<Record<never, never>, Record<never, never>, EchoMethods, EchoEvents>(one.near, {})
    expect(await peer.call('echo', [NaN, Infinity, -0])).toEqual({ ok: true, value: [NaN, Infinity, -0] })
  })

  it.each([
    ['text that is not JSON', '{"a":'],
    ['a binary frame', Buffer.from([1, 2, 3])],
  ])('a web socket closes on %s', async (_name, frame) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no address')
    const closed = new Promise<void>((resolve) => server.on('connection', (socket) => webSocketPort(socket).onClose(resolve)))
    const raw = new WebSocket(`ws://127.0.0.1:${address.port}`)
    await once(raw, 'open')
    raw.send(frame)
    await closed
    await once(raw, 'close')
    server.close()
  })

  it('a web socket drops a reader that does not read (INV-11)', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no address')
    const far = new Promise<Port>((resolve) =>
      server.on('connection', (socket) => resolve(webSocketPort(socket, { maxBufferedBytes: 1_000_000 }))),
    )
    const raw = new WebSocket(`ws://127.0.0.1:${address.port}`)
    await once(raw, 'open')
    raw.pause()
    const port = await far
    let closed = false
    port.onClose(() => (closed = true))
    let sent = 0
    while (!closed && sent < 5_000) {
      port.send({ filler: 'y'.repeat(100_000) })
      sent += 1
      if (sent % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(closed).toBe(true)
    expect(port.send(1)).toBe(false)
    raw.terminate()
    server.close()
  })
})

/** The HTTP client against real sockets that misbehave: what is proved, what is bounded, what is never followed. */
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { allowedHosts } from './allowed-hosts.ts'
import { createHttpClient, type HttpClient } from './http.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

const portOf = (server: net.Server): number => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return address.port
}
const listening = (server: net.Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(portOf(server))))

function client(port: number): HttpClient {
  const hosts = allowedHosts({ rest: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}`, rate: 1, real: false })
  if (!hosts.ok) throw new Error(hosts.error.message)
  const made = createHttpClient(hosts.value, () => performance.now())
  cleanups.push(() => made.close())
  return made
}
async function http(listener: RequestListener): Promise<{ url: string; client: HttpClient }> {
  const server = createHttpServer(listener)
  const port = await listening(server)
  cleanups.push(
    () => void server.close(),
    () => server.closeAllConnections(),
  )
  return { url: `http://127.0.0.1:${port}`, client: client(port) }
}
const call = (url: string, method = 'GET', timeoutMs = 500) => ({ method, url, headers: {}, timeoutMs })

describe('http client', () => {
  it('never follows a redirect', async () => {
    const asked: string[] = []
    const { url, client: own } = await http((request, answer) => {
      asked.push(request.url ?? '')
      answer.writeHead(302, { Location: '/elsewhere' }).end()
    })
    expect(await own.send(call(`${url}/x`))).toMatchObject({ ok: true, status: 302 })
    expect(asked).toEqual(['/x'])
  })

  it('refuses a foreign host before any connection', async () => {
    const own = client(1)
    expect(await own.send(call('https://example.com/'))).toMatchObject({ ok: false, notSent: true, reason: 'forbidden-host' })
  })

  it('the deadline holds for an answer that trickles', async () => {
    const { url, client: own } = await http((_, answer) => {
      answer.writeHead(200)
      const drip = setInterval(() => answer.write('x'), 50)
      answer.on('close', () => clearInterval(drip))
    })
    const from = performance.now()
    expect(await own.send(call(url))).toMatchObject({ ok: false, notSent: false, reason: 'timeout' })
    expect(performance.now() - from).toBeLessThan(2_000)
  })

  it('breaks off an answer that is too large', async () => {
    const { url, client: own } = await http((_, answer) => {
      answer.writeHead(200)
      const part = Buffer.alloc(1024 * 1024)
      const more = (): void => {
        while (!answer.destroyed && answer.write(part));
        if (!answer.destroyed) answer.once('drain', more)
      }
      more()
    })
    expect(await own.send(call(url, 'GET', 20_000))).toMatchObject({ ok: false, notSent: false, reason: 'too-large' })
  })

  it('a connection that never stands: not sent', async () => {
    const server = net.createServer()
    const port = await listening(server)
    server.close()
    expect(await client(port).send(call(`http://127.0.0.1:${port}/`, 'POST'))).toMatchObject({
      ok: false,
      notSent: true,
      reason: 'refused',
    })
  })

  it('a connection that closes without a word, or speaks no HTTP: anything may have happened', async () => {
    const mute = net.createServer((socket) => socket.once('data', () => socket.destroy()))
    const port = await listening(mute)
    cleanups.push(() => void mute.close())
    expect(await client(port).send(call(`http://127.0.0.1:${port}/`, 'POST'))).toMatchObject({ ok: false, notSent: false, reason: 'reset' })
    const odd = net.createServer((socket) => socket.once('data', () => socket.end('hello\r\n\r\n')))
    const oddPort = await listening(odd)
    cleanups.push(() => void odd.close())
    expect(await client(oddPort).send(call(`http://127.0.0.1:${oddPort}/`, 'POST'))).toMatchObject({ ok: false, notSent: false })
  })

  it('an answer cut in the middle is no answer', async () => {
    const cut = net.createServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":')),
    )
    const port = await listening(cut)
    cleanups.push(() => void cut.close())
    expect(await client(port).send(call(`http://127.0.0.1:${port}/`))).toMatchObject({ ok: false, notSent: false, reason: 'reset' })
  })

  it('keeps its connection, and is closed at once when told', async () => {
    const sockets = new Set<number | undefined>()
    const { url, client: own } = await http((request, answer) => {
      sockets.add(request.socket.remotePort)
      if (request.url !== '/hang') answer.end('{}')
    })
    for (let n = 0; n < 5; n += 1) expect((await own.send(call(url))).ok).toBe(true)
    expect(sockets.size).toBe(1)
    const pending = own.send(call(`${url}/hang`, 'POST', 10_000))
    await new Promise((resolve) => setTimeout(resolve, 50))
    own.close()
    expect(await pending).toMatchObject({ ok: false, notSent: false })
    expect(await own.send(call(url))).toMatchObject({ ok: false, notSent: true, reason: 'closed' })
  })
})
